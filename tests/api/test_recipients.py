"""Recipients over HTTP: order services and operators load and change them by keys, recipients by tokens."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.callers import Scope
from domain.channels import Channel
from domain.consents import End
from domain.outcomes import Gone
from domain.recipients import Address, OptOut
from tests.api.stage import EMAIL, PUBLIC_URL, SMS, Door
from tests.store.stage import somebody

ANA: Mapping[str, Any] = {
    "recipient_id": "c-42",
    "role": "customer",
    "locale": "en",
    "time_zone": "UTC",
    "email": "ana@example.org",
    "phone": "+15550100",
    "devices": [
        {"platform": "android", "token": "tok-1", "environment": "production"},
        {"platform": "ios", "token": "tok-2", "environment": "production"},
    ],
    "preferences": {},
    "caps": {},
}
C_42 = "/v1/recipients/c-42"
QUIET = {"start": "22:00:00", "end": "07:00:00"}
NEW = {"platform": "ios", "token": "tok-9"}


class Caller:
    """Somebody with a key or a token."""

    def __init__(self, door: Door, secret: str) -> None:
        self._door, self._headers = door, {"Authorization": f"Bearer {secret}"}

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        given = {} if json is None else {"json": json}
        return await self._door.http.request(method, path, headers=self._headers, **given, **more)

    async def sends(self, method: str, path: str, body: str) -> httpx.Response:
        """Send what may be no JSON."""
        headers = {**self._headers, "Content-Type": "application/json"}
        return await self._door.http.request(method, path, content=body, headers=headers)


@pytest.fixture
async def app(door: Door) -> Caller:
    """The order service of Burger Barn, with a key that opens recipients."""
    key = await door.store.api_keys.make("burger-app", [Scope.READ_RECIPIENTS, Scope.WRITE_RECIPIENTS])
    return Caller(door, key.text)


@pytest.fixture
def ana(door: Door) -> Caller:
    """The recipient c-42, by her token."""
    return Caller(door, door.links.recipient_token("c-42"))


async def changes(door: Door, recipient_id: str = "c-42") -> list[tuple[str, str, str]]:
    """What was changed since c-42 was loaded, by whom and by what."""
    rows = await door.store.consents.about(recipient_id)
    return [(row.subject, row.actor, row.source) for row in rows if row.source != "recipients load"]


async def test_a_recipient_is_shown_in_the_form_in_which_they_are_loaded(app: Caller) -> None:
    shown = await app("GET", C_42)

    assert (shown.status_code, shown.json()) == (200, ANA)
    assert shown.headers["cache-control"] == "no-store"
    assert (await app("PUT", C_42, shown.json())).json() == ANA
    assert (await app("GET", "/v1/recipients/nobody")).status_code == 404


async def test_putting_somebody_is_loading_them(door: Door, app: Caller) -> None:
    put = {
        "role": "merchant",
        "locale": "es",
        "devices": [NEW],
        "quiet_hours": {"start": "22:00", "end": "07:00"},
    }

    first, again = [await app("PUT", "/v1/recipients/m-7", put) for _ in range(2)]

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    person = await door.store.find("m-7")
    assert person is not None
    assert (person.role, person.locale, person.phone, len(person.devices)) == ("merchant", "es", None, 1)
    made = await changes(door, "m-7")
    assert len(made) == 5, "the second time nothing changed"
    assert {(actor, source) for _, actor, source in made} == {
        ("burger-app", "PUT /v1/recipients/{recipient_id}")
    }


async def test_a_list_is_loaded_as_a_whole_or_not_at_all(door: Door, app: Caller) -> None:
    people = [dict(ANA, recipient_id=f"c-{number}") for number in range(3)]
    loaded = await app("PUT", "/v1/recipients", people)
    assert (loaded.status_code, loaded.json()) == (200, {"loaded": 3})

    people = [
        dict(ANA, recipient_id="c-5"),
        dict(ANA, recipient_id="c-6", preferences={"PREPARING": {"push": "no"}}),
    ]
    refused = await app("PUT", "/v1/recipients", people)

    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("1.preferences.PREPARING.push: ")
    assert await door.store.find("c-2") is not None
    assert await door.store.find("c-5") is None


async def test_a_patch_changes_what_it_names_and_null_takes_away(door: Door, app: Caller) -> None:
    await app("PUT", C_42, dict(ANA, preferences={"PLACED": {"sms": "on", "push": "off"}}))

    patched = await app(
        "PATCH", C_42, {"phone": None, "preferences": {"PLACED": {"sms": None}, "NEARBY": {"sms": "on"}}}
    )

    assert patched.status_code == 200
    wanted = {**ANA, "preferences": {"PLACED": {"push": "off"}, "NEARBY": {"sms": "on"}}}
    del wanted["phone"]
    assert patched.json() == wanted
    assert (await changes(door))[-2:] == [
        ("preferences", "burger-app", "PATCH /v1/recipients/{recipient_id}"),
        ("address sms", "burger-app", "PATCH /v1/recipients/{recipient_id}"),
    ]
    assert (await app("PATCH", "/v1/recipients/nobody", {"phone": None})).status_code == 404


async def test_who_is_erased_is_forgotten_and_it_is_said_what_is_kept(door: Door, app: Caller) -> None:
    await door.store.opt_out(SMS, "+15550100", OptOut.EVERYTHING, "STOP")

    erased, again = await app("DELETE", C_42), await app("DELETE", C_42)

    assert (erased.status_code, erased.json()["erased"], again.json()["erased"]) == (200, True, False)
    assert "ledgers" in erased.json()["kept"]
    assert (await app("GET", C_42)).status_code == 404
    assert await door.store.opted_out_of(SMS, "+15550100") is OptOut.EVERYTHING
    shown = (await app("GET", f"{C_42}/consents")).json()["consents"]
    assert (shown[-1]["after"], shown[-1]["actor"]) == (None, "burger-app")


async def test_a_device_is_added_once_replaced_and_removed(door: Door, app: Caller) -> None:
    for device in (NEW, NEW, {**NEW, "environment": "sandbox"}):
        added = await app("PUT", f"{C_42}/devices", device)
        assert added.status_code == 200
    assert added.json()["devices"][2:] == [{**NEW, "environment": "sandbox"}]

    for _ in range(2):
        removed = await app("DELETE", f"{C_42}/devices", {"token": "tok-9"})
        assert (removed.status_code, removed.json()) == (200, ANA)
    assert [subject for subject, *_ in await changes(door)] == ["address push"] * 3


@pytest.mark.parametrize("door_of", ["the service", "the app"])
async def test_a_device_that_registers_is_not_what_its_provider_found_dead_before(
    door: Door, app: Caller, ana: Caller, door_of: str
) -> None:
    calls, path = (app, f"{C_42}/devices") if door_of == "the service" else (ana, "/v1/me/devices")
    known = {"platform": "ios", "token": "tok-2"}
    assert (await calls("PUT", path, known)).status_code == 200

    found = Gone("unregistered", since=datetime.now(UTC) - timedelta(minutes=1))
    for platform, token in (("android", "tok-1"), ("ios", "tok-2")):
        await door.store.mark_gone("c-42", Address(Channel.PUSH, token, platform), found)

    person = await door.store.find("c-42")
    assert person is not None
    assert [device.token for device in person.devices] == ["tok-2"], "the other came in a list"


async def test_nobody_registers_devices_without_end(door: Door, app: Caller) -> None:
    devices = [{"platform": "android", "token": f"token-{number}"} for number in range(20)]
    await door.store.load([somebody(devices=devices)])

    refused = await app("PUT", f"{C_42}/devices", NEW)

    assert (refused.status_code, refused.json()["detail"].partition(":")[0]) == (422, "devices")
    assert (await app("PUT", f"{C_42}/devices", devices[3])).status_code == 200


async def test_preferences_are_shown_with_what_they_come_to_and_replaced(door: Door, app: Caller) -> None:
    await door.store.opt_out(EMAIL, "ana@example.org", OptOut.OPTIONAL, "one-click")

    chosen = await app("PUT", f"{C_42}/preferences", {"preferences": {"NEARBY": {"push": "off"}}})
    shown = (await app("GET", f"{C_42}/preferences")).json()

    assert chosen.json() == shown
    assert shown["preferences"] == {"NEARBY": {"push": "off"}}
    assert shown["opted_out"] == {"email": "optional"}
    assert shown["in_force"]["NEARBY"] == {"push": "off", "sms": "fallback", "email": "off", "in_app": "on"}
    assert len(shown["in_force"]) == 8
    assert (await app("PUT", f"{C_42}/preferences", {"preferences": {}})).json()["preferences"] == {}


async def test_a_token_lets_one_recipient_in_for_a_while(door: Door, app: Caller) -> None:
    entrance = (await app("POST", f"{C_42}/token")).json()

    assert entrance["expires_in"] == 3600
    assert entrance["url"] == f"{PUBLIC_URL}/enter/{entrance['token']}"
    me = await Caller(door, entrance["token"])("GET", "/v1/me")
    assert me.json()["recipient_id"] == "c-42"


async def test_what_was_changed_is_read_in_pages(app: Caller) -> None:
    first = (await app("GET", f"{C_42}/consents", params={"limit": 4})).json()
    rest = (await app("GET", f"{C_42}/consents", params={"after": first["next"]})).json()

    assert [row["number"] for row in first["consents"] + rest["consents"]] == [1, 2, 3, 4, 5, 6, 7]
    assert rest["next"] is None
    assert first["consents"][3]["after"] == {"address": "android …ok-1"}
    assert "tok-1" not in str(first)
    assert (await app("GET", "/v1/recipients/nobody/consents")).json() == {"consents": [], "next": None}


async def test_recipients_see_themselves_masked_and_change_what_is_theirs(door: Door, ana: Caller) -> None:
    shown = (await ana("GET", "/v1/me")).json()
    assert (shown["email"], shown["phone"]) == ("a…@example.org", "+1555…00")
    assert shown["devices"] == ["android …ok-1", "ios …ok-2"]

    wishes = {"time_zone": "America/New_York", "quiet_hours": QUIET}
    changed = await ana("PATCH", "/v1/me", wishes)

    assert (changed.status_code, changed.json()) == (200, {**shown, **wishes})
    assert (await ana("PATCH", "/v1/me", {"quiet_hours": None})).json()["quiet_hours"] is None
    assert await changes(door) == [
        ("time_zone", "recipient", "PATCH /v1/me"),
        ("quiet_hours", "recipient", "PATCH /v1/me"),
        ("quiet_hours", "recipient", "PATCH /v1/me"),
    ]


async def test_recipients_choose_and_their_apps_come_and_go(door: Door, ana: Caller) -> None:
    chosen = await ana("PUT", "/v1/me/preferences", {"preferences": {"NEARBY": {"push": "off"}}})
    assert chosen.json()["in_force"]["NEARBY"]["push"] == "off"
    assert (await ana("GET", "/v1/me/preferences")).json() == chosen.json()

    added = await ana("PUT", "/v1/me/devices", NEW)
    assert added.json()["devices"][-1] == "ios …ok-9"
    removed = await ana("DELETE", "/v1/me/devices", {"token": "tok-9"})
    assert len(removed.json()["devices"]) == 2
    assert {source for *_, source in await changes(door)} == {
        "PUT /v1/me/preferences",
        "PUT /v1/me/devices",
        "DELETE /v1/me/devices",
    }


WRONG: Mapping[str, tuple[str, str, Any, str]] = {
    "a wrong reach": (
        "PUT",
        C_42,
        {"role": "customer", "preferences": {"PREPARING": {"push": "maybe"}}},
        "preferences.PREPARING.push",
    ),
    "a wrong status": ("PUT", f"{C_42}/preferences", {"preferences": {"EATEN": {}}}, "preferences.EATEN"),
    "a wrong channel": (
        "PATCH",
        C_42,
        {"preferences": {"PLACED": {"pigeon": "on"}}},
        "preferences.PLACED.pigeon",
    ),
    "no role": ("PUT", "/v1/recipients/c-1", {}, "role"),
    "another id": ("PUT", C_42, {**ANA, "recipient_id": "c-43"}, "recipient_id"),
    "another id in a patch": ("PATCH", C_42, {"recipient_id": "c-43"}, "recipient_id"),
    "no id any more": ("PATCH", C_42, {"recipient_id": None}, "recipient_id"),
    "a wrong phone": ("PATCH", C_42, {"phone": "0800-1"}, "phone"),
    "a time with a zone": (
        "PATCH",
        C_42,
        {"quiet_hours": {"start": "22:00Z", "end": "07:00"}},
        "quiet_hours.start",
    ),
    "half of the quiet hours": ("PATCH", C_42, {"quiet_hours": {"start": "22:00"}}, "quiet_hours.end"),
    "opted out by somebody else": ("PATCH", C_42, {"opted_out": {"sms": "everything"}}, "opted_out"),
    "a device without an address": ("PUT", f"{C_42}/devices", {"platform": "ios"}, "body"),
    "a misspelt field": ("PUT", f"{C_42}/devices", {**NEW, "tokn": "x"}, "tokn"),
    "something very deep": (
        "PATCH",
        C_42,
        {"preferences": {"PLACED": {"push": {"a": {"b": {}}}}}},
        "preferences.PLACED.push",
    ),
    "an id that is none": (
        "PUT",
        "/v1/recipients",
        [{"recipient_id": "a b", "role": "customer"}],
        "0.recipient_id",
    ),
}


async def test_what_cannot_be_used_is_named_and_changes_nothing(door: Door, app: Caller) -> None:
    before = await door.store.consents.end()

    found = {}
    for wrong, (method, path, body, _) in WRONG.items():
        refused = await app(method, path, body)
        found[wrong] = (refused.status_code, refused.json()["detail"].partition(":")[0])

    assert found == {wrong: (422, field) for wrong, (*_, field) in WRONG.items()}
    assert await door.store.consents.end() == before


async def test_what_is_no_json_or_no_text_is_refused(ana: Caller, app: Caller) -> None:
    for body in ('{"phone": "\\u0000"}', '{"email": "\\ud800@x"}', "[]", "{", '{"a": NaN}', "[" * 999):
        for caller, path in ((app, C_42), (ana, "/v1/me")):
            assert (await caller.sends("PATCH", path, body)).status_code == 400, body
    assert (await app.sends("PUT", "/v1/recipients", "{}")).status_code == 400


async def test_a_path_that_names_nobody_is_refused(app: Caller) -> None:
    nobody = [
        ("PUT", "/v1/recipients/%00"),
        ("GET", "/v1/recipients/a%20b"),
        ("GET", f"{C_42}/consents?after=99999999999999999999"),
        ("GET", f"{C_42}/consents?limit=0"),
    ]
    answers = [await app(method, path, {"role": "customer"}) for method, path in nobody]

    assert [answer.status_code for answer in answers] == [422] * 4


_ALL = [
    ("GET", C_42),
    ("PUT", C_42),
    ("PATCH", C_42),
    ("DELETE", C_42),
    ("PUT", "/v1/recipients"),
    ("GET", f"{C_42}/preferences"),
    ("PUT", f"{C_42}/preferences"),
    ("PUT", f"{C_42}/devices"),
    ("DELETE", f"{C_42}/devices"),
    ("POST", f"{C_42}/token"),
    ("GET", f"{C_42}/consents"),
]


async def test_only_a_key_with_the_right_scope_opens_recipients(door: Door, ana: Caller) -> None:
    before = await door.store.consents.end()

    for method, path in _ALL:
        right = Scope.READ_RECIPIENTS if method == "GET" else Scope.WRITE_RECIPIENTS
        key = await door.store.api_keys.make("somebody", set(Scope) - {right})
        callers = (Caller(door, key.text), ana, Caller(door, "x"))
        answers = [await caller(method, path, {}) for caller in callers]
        answers.append(await door.http.request(method, path))
        assert [answer.status_code for answer in answers] == [403, 401, 401, 401], (method, path)

    assert await door.store.consents.end() == before


_MINE = [
    ("GET", "/v1/me"),
    ("PATCH", "/v1/me"),
    ("GET", "/v1/me/preferences"),
    ("PUT", "/v1/me/preferences"),
    ("PUT", "/v1/me/devices"),
    ("DELETE", "/v1/me/devices"),
]


async def test_only_a_token_opens_what_is_ones_own(door: Door, app: Caller) -> None:
    stranger = Caller(door, door.links.recipient_token("nobody"))
    for method, path in _MINE:
        body: Any = {}
        if method == "PUT":
            body = NEW if path.endswith("devices") else {"preferences": {}}

        answers = [await caller(method, path, body) for caller in (app, stranger)]
        answers.append(await door.http.request(method, path))
        assert [answer.status_code for answer in answers] == [401, 404, 401], (method, path)


async def test_a_cookie_counts_for_a_change_only_from_a_page_of_ours(door: Door) -> None:
    cookie = {"Cookie": f"recipient={door.links.recipient_token('c-42')}"}

    foreign = await door.http.patch(
        "/v1/me", json={"locale": "es"}, headers={**cookie, "Origin": "https://evil.example"}
    )
    ours = await door.http.patch("/v1/me", json={"locale": "es"}, headers={**cookie, "Origin": PUBLIC_URL})

    assert (foreign.status_code, ours.status_code) == (401, 200)


async def test_everything_is_documented_with_an_example(door: Door) -> None:
    document = (await door.http.get("/openapi.json")).json()
    operations = [
        operation
        for path, methods in document["paths"].items()
        if path.startswith(("/v1/recipients", "/v1/me"))
        for operation in methods.values()
        if set(operation["tags"]) & {"Recipients", "Me"}
    ]

    assert len(operations) == len(_ALL) + len(_MINE)
    for operation in operations:
        assert operation["security"], operation["operationId"]
        assert "HTTPValidationError" not in str(operation["responses"].get("422"))
        assert "200" in operation["responses"]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in content, operation["operationId"]


async def test_the_chain_is_whole_after_all_that(door: Door, app: Caller, ana: Caller) -> None:
    await app("PATCH", C_42, {"locale": "es"})
    await ana("PATCH", "/v1/me", {"locale": "en"})
    await app("DELETE", C_42)

    assert isinstance(await door.store.consents.verify(), End)
