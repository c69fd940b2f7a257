"""Recipients say what they want: by one click in their mail program, or on a page without scripts."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from api.languages import accepted
from domain.channels import Channel
from domain.recipients import OptOut
from tests.api.stage import EMAIL, PUBLIC_URL, SMS, Door
from tests.store.stage import somebody

ANA = "ana@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Page(HTMLParser):
    """What a person who cannot see the page still gets of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.checked = ""
        self.status = ""
        self._in_status = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "checked" in given:
            self.checked = given["value"] or ""
        self._in_status = given.get("role") == "status"

    def handle_data(self, data: str) -> None:
        if self._in_status:
            self.status += data

    def handle_endtag(self, tag: str) -> None:
        self._in_status = False


async def test_one_click_ends_what_is_optional_and_nothing_else(door: Door) -> None:
    answer = await door.http.post(door.preferences(), data=ONE_CLICK)

    assert answer.status_code == 200
    assert await door.store.opted_out_of(EMAIL, ANA) is OptOut.OPTIONAL
    assert await door.store.opted_out_of(SMS, "+15550100") is None


async def test_one_click_works_as_multipart_too(door: Door) -> None:
    answer = await door.http.post(door.preferences(), files={"List-Unsubscribe": (None, "One-Click")})

    assert answer.status_code == 200
    assert await door.store.opted_out_of(EMAIL, ANA) is OptOut.OPTIONAL


async def test_one_click_needs_no_cookie_and_leads_nowhere_else(door: Door) -> None:
    headers = {"Origin": "https://mail.example", "Cookie": "session=another"}
    answer = await door.http.post(door.preferences(), data=ONE_CLICK, headers=headers)

    assert answer.status_code == 200
    assert not {"set-cookie", "location"} & set(answer.headers)


async def test_one_click_gives_nobody_more_than_they_wanted(door: Door) -> None:
    await door.store.opt_out(EMAIL, ANA, OptOut.EVERYTHING, "complaint")

    answer = await door.http.post(door.preferences(), data=ONE_CLICK)

    assert await door.store.opted_out_of(EMAIL, ANA) is OptOut.EVERYTHING
    assert Page(answer.text).checked == "nothing"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_program_that_follows_links_changes_nothing(door: Door, method: str) -> None:
    answer = await door.http.request(method, door.preferences(), params=ONE_CLICK)

    assert answer.status_code == 200
    assert bool(answer.content) == (method == "GET")
    assert await door.store.opted_out_of(EMAIL, ANA) is None


@pytest.mark.parametrize(
    ("choice", "covers"),
    [("everything", None), ("records", OptOut.OPTIONAL), ("nothing", OptOut.EVERYTHING)],
)
async def test_what_is_chosen_on_the_page_holds_and_is_said(
    door: Door, choice: str, covers: OptOut | None
) -> None:
    await door.store.opt_out(EMAIL, ANA, OptOut.OPTIONAL, "one-click")

    answer = await door.http.post(door.preferences(), data={"choice": choice})

    assert await door.store.opted_out_of(EMAIL, ANA) is covers
    page = Page(answer.text)
    assert page.status.startswith("Saved. By e-mail you now get")
    assert page.checked == choice
    shown = Page((await door.http.get(door.preferences())).text)
    assert (shown.checked, shown.status) == (choice, "")


async def test_a_link_of_texts_is_about_texts(door: Door) -> None:
    answer = await door.http.post(door.preferences(SMS), data={"choice": "nothing"})

    assert "By text message you now get nothing" in answer.text
    assert await door.store.opted_out_of(SMS, "+15550100") is OptOut.EVERYTHING
    assert await door.store.opted_out_of(EMAIL, ANA) is None


async def test_a_link_that_is_not_ours_shows_a_page_and_changes_nothing(door: Door) -> None:
    good = door.preferences()
    live = door.links.live_activity("c-42").rpartition("/")[2]
    push = door.preferences(Channel.PUSH)
    bad = [good[:-1], good + "x", "/preferences/x", "/preferences/%00", "/preferences/%ff%fe", push]

    for path in (*bad, f"/preferences/{live}"):
        for answer in (await door.http.get(path), await door.http.post(path, data=ONE_CLICK)):
            assert answer.status_code == 404
            assert "This link does not work" in answer.text

    assert await door.store.opted_out_of(EMAIL, ANA) is None


@pytest.mark.parametrize(
    "body",
    ["", "choice=", "choice=all", "choice=nothing&choice=everything", "List-Unsubscribe=Two-Clicks", "a=b"],
)
async def test_a_form_without_a_choice_changes_nothing(door: Door, body: str) -> None:
    answer = await door.http.post(
        door.preferences(), content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 422
    assert await door.store.opted_out_of(EMAIL, ANA) is None


async def test_somebody_without_an_address_has_nothing_to_choose(door: Door) -> None:
    path = door.preferences(recipient_id="c-43")

    for answer in (await door.http.get(path), await door.http.post(path, data=ONE_CLICK)):
        assert answer.status_code == 200
        assert "form" not in Page(answer.text).tags


async def test_a_store_that_is_away_is_said_on_a_page_and_the_next_click_counts(door: Door) -> None:
    async with door.store_is_away():
        for answer in (
            await door.http.get(door.preferences()),
            await door.http.post(door.preferences(), data=ONE_CLICK),
        ):
            assert answer.status_code == 503
            assert "Please try again" in answer.text
    await door.http.post(door.preferences(), data=ONE_CLICK)

    assert await door.store.opted_out_of(EMAIL, ANA) is OptOut.OPTIONAL


async def test_pages_are_strict_about_what_a_browser_may_do(door: Door) -> None:
    for path in (door.preferences(), "/preferences/x"):
        headers = (await door.http.get(path)).headers

        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


async def test_the_page_needs_no_script_and_can_be_found_ones_way_around(door: Door) -> None:
    html = (await door.http.get(door.preferences())).text
    page = Page(html)

    assert html.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert {"main", "h1", "title", "fieldset", "legend", "label", "button"} <= set(page.tags)
    assert page.tags.count("label") == page.tags.count("input") == 3
    assert "script" not in page.tags
    assert all(link.startswith("/assets/") for link in re.findall(r'(?:src|href|action)="([^"]*)', html))
    assert ANA not in html
    assert PUBLIC_URL not in html


# In the recipient's language.


@pytest.mark.parametrize(
    ("locale", "html", "saved"),
    [
        ("es-MX", '<html lang="es" dir="ltr">', "Guardado. A partir de ahora no recibes nada por correo."),
        ("fr", '<html lang="fr" dir="ltr">', "Vous ne recevez désormais plus rien par e-mail."),
        ("ar", '<html lang="ar" dir="rtl">', "تم الحفظ. لن يصلك من الآن شيء بالبريد الإلكتروني."),
        ("ja", '<html lang="ja" dir="ltr">', "保存しました。今後、メールでは何もお送りしません。"),
        ("de", '<html lang="en" dir="ltr">', "Saved. By e-mail you now get nothing."),
    ],
)
async def test_the_page_goes_on_in_the_language_of_the_message(
    door: Door, locale: str, html: str, saved: str
) -> None:
    await door.store.load([somebody(locale=locale)])

    # What the browser reads does not count: the message that led here was in the recipient's language.
    answer = await door.http.post(
        door.preferences(), data={"choice": "nothing"}, headers={"Accept-Language": "en"}
    )

    assert html in answer.text
    assert saved in answer.text
    assert Page(answer.text).checked == "nothing"


async def test_whose_link_it_is_we_may_not_know_and_ask_the_browser(door: Door) -> None:
    french = {"Accept-Language": "de, fr-CH;q=0.9, en;q=0.8"}

    unknown = await door.http.get("/preferences/x", headers=french)
    nobodys = await door.http.get(door.preferences(recipient_id="c-43"), headers=french)
    async with door.store_is_away():
        away = await door.http.get(door.preferences(), headers=french)

    assert (unknown.status_code, nobodys.status_code, away.status_code) == (404, 200, 503)
    for answer, said in (
        (unknown, "Ce lien ne fonctionne pas"),
        (nobodys, "Nous n\N{RIGHT SINGLE QUOTATION MARK}avons ici aucune adresse"),
        (away, "Ce n\N{RIGHT SINGLE QUOTATION MARK}est pas possible"),
    ):
        assert '<html lang="fr" dir="ltr">' in answer.text
        assert said in unescape(answer.text)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ("fr", ["fr"]),
        ("en;q=0.5, fr-CH, es;q=0.7", ["fr-CH", "es", "en"]),
        ("fr;q=0, en ; q=1.0", ["en"]),
        ("*, ja", ["ja"]),
        ("fr;q=nan, es;q=2, ja;q=-1, ar;q=0.1", ["ar"]),
        ("\x00, <script>, ..," + "x" * 9, []),
        (",".join(f"l{chr(97 + n % 26)}" for n in range(5000)), [f"l{chr(97 + n)}" for n in range(10)]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_a_browser_says_of_languages_is_read_with_care(header: str, tags: list[str]) -> None:
    assert accepted(header) == tags
