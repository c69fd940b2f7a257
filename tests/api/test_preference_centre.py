"""The preference centre against those who are not its readers, and against forms that are not its own."""

from collections.abc import Mapping

import httpx

from domain.consents import By
from domain.recipients import OptOut
from tests.api.stage import EMAIL, PUBLIC_URL, SMS, Door

CENTRE = "/preferences"
_BY = By("test", "test")


async def posts(
    door: Door, form: Mapping[str, str], origin: str = PUBLIC_URL, who: str = "c-42"
) -> httpx.Response:
    """Send a form as a browser does that signed in as somebody."""
    headers = {"Cookie": f"recipient={door.links.recipient_token(who)}", "Origin": origin}
    return await door.http.post(CENTRE, data=dict(form), headers=headers)


async def test_a_form_from_elsewhere_changes_nothing(door: Door) -> None:
    before = await door.store.consents.end()

    for origin in ("https://evil.example", "null", ""):
        answer = await posts(door, {"do": "save", "PREPARING.push": "off"}, origin)
        assert (answer.status_code, "Please sign in again" in answer.text) == (401, True)
    assert (await door.http.post(CENTRE, data={"do": "usual"})).status_code == 401

    assert await door.store.consents.end() == before
    assert (await posts(door, {"do": "save", "PREPARING.push": "off"})).status_code == 303
    assert await door.store.consents.end() != before


async def test_what_the_page_does_not_offer_is_not_taken(door: Door) -> None:
    before = await door.store.consents.end()
    at_ten = {"do": "save", "quiet": "on", "quiet_until": "07:00"}

    for form in (
        {"do": ""},
        {"do": "everything"},
        {"do": "save", "PREPARING.push": "maybe"},
        {"do": "save", "time_zone": "Mars/Olympus"},
        {"do": "save", "locale": "tlh"},
        {**at_ten, "quiet_from": "22:00Z"},
        {**at_ten, "quiet_from": "late"},
        at_ten,
    ):
        assert (await posts(door, form)).status_code == 422, form

    assert await door.store.consents.end() == before


async def test_what_was_left_as_it_is_stays_a_default(door: Door) -> None:
    form = {"do": "save", "PLACED.push": "on", "PLACED.sms": "off", "NEARBY.sms": "on", "EATEN.push": "on"}

    for _ in range(2):
        saved = await posts(door, form)
        assert (saved.status_code, saved.headers["location"]) == (303, "/preferences?said=saved")

    person = await door.store.find("c-42")
    assert person is not None
    assert person.preferences == {"NEARBY": {"sms": "on"}}
    assert (await door.store.consents.end()).number == 7 + 1


async def test_a_language_of_a_region_is_not_lost_over_saving_something_else(door: Door) -> None:
    await door.store.people.change("c-42", lambda person: person.model_copy(update={"locale": "es-MX"}), _BY)

    await posts(door, {"do": "save", "locale": "es"})
    kept = await door.store.find("c-42")
    await posts(door, {"do": "save", "locale": "en"})
    changed = await door.store.find("c-42")

    assert kept is not None
    assert changed is not None
    assert (kept.locale, changed.locale) == ("es-MX", "en")


async def test_a_stop_by_text_is_not_taken_back_by_a_form(door: Door) -> None:
    await door.store.opt_out(SMS, "+15550100", OptOut.EVERYTHING, "STOP")
    await door.store.opt_out(EMAIL, "ana@example.org", OptOut.EVERYTHING, "complaint")

    for channel in ("sms", "email", "pigeon"):
        assert (await posts(door, {"do": "again", "channel": channel})).status_code == 303

    assert await door.store.opted_out_of(SMS, "+15550100") is OptOut.EVERYTHING
    assert await door.store.opted_out_of(EMAIL, "ana@example.org") is None


async def test_nobody_removes_a_device_by_guessing(door: Door) -> None:
    await posts(door, {"do": "remove", "device": "tok-1"})

    person = await door.store.find("c-42")
    assert person is not None
    assert len(person.devices) == 2


async def test_a_store_that_is_away_is_said_on_a_page(door: Door) -> None:
    cookie = {"Cookie": f"recipient={door.links.recipient_token('c-42')}"}
    async with door.store_is_away():
        answers = [await posts(door, {"do": "usual"}), await door.http.get(CENTRE, headers=cookie)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("Please try again" in answer.text for answer in answers)
    assert (await door.http.get(CENTRE, headers=cookie)).status_code == 200


async def test_the_page_is_locked_in_and_says_only_what_it_can_have_done(door: Door) -> None:
    cookie = {"Cookie": f"recipient={door.links.recipient_token('c-42')}"}
    shown = await door.http.get(f"{CENTRE}?said=<script>", headers=cookie)
    saved = await posts(door, {"do": "usual"})

    assert 'role="status"' not in shown.text
    assert "script" not in shown.text
    for answer in (shown, saved):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
    assert [one for one in ("ana@example.org", "+15550100", "tok-1") if one in shown.text] == []
