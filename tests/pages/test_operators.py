"""Operators look and decide in a browser, over the whole product: with and without scripts, on any screen."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from activities.store.dead_letters import KeptLetter
from domain.callers import Scope
from domain.channels import Channel
from domain.ledger import dead_letter_id
from domain.status import Status
from domain.telling import DeadLetter
from simulator import Fault
from tests.pages.browser import Reader
from tests.site import Site
from tests.stage import City, OrderStory, Person

READY = Status.READY_FOR_PICKUP
LETTERS, PROVIDERS = "/operators/dead-letters", "/operators/providers"
SIGN_IN = "/operators/sign-in"

DECIDING = re.compile("^(Redrive|Discard|Force|Release)")

Arrives = Callable[..., Awaitable[Reader]]


@dataclass
class Case:
    """A courier whom an order could not reach, and the dead letter that is left of it."""

    city: City
    courier: Person
    order: OrderStory
    kept: KeptLetter

    @property
    def path(self) -> str:
        return f"{LETTERS}/{self.kept.letter.dead_letter_id}"

    async def decision(self) -> str | None:
        kept = await self.city.stage.store.kept_letter(self.kept.letter.dead_letter_id)
        return kept.resolution if kept else None


async def a_case(city: City) -> Case:
    """Let a provider refuse the only device of a courier."""
    courier = await city.courier(phone=None)
    city.fails(Fault(kind="refuse", provider="fcm", address=courier.address(Channel.PUSH)))
    order = city.order(await city.customer(), courier=courier)
    await order.becomes(READY)
    kept = [one for one in await city.stage.store.kept_letters(10_000) if _is_of(one, order)]
    city.fails()
    return Case(city, courier, order, kept[0])


def _is_of(kept: KeptLetter, order: OrderStory) -> bool:
    return kept.letter.order_id == order.order_id


@pytest.fixture
async def case(city: City) -> Case:
    return await a_case(city)


async def key_with(site: Site, *scopes: Scope) -> str:
    return (await site.stage.store.api_keys.make("desk", scopes)).text


async def signs_in(reader: Reader, site: Site, key: str | None = None, path: str = "/operators") -> None:
    """Ask for a page, and sign in on the way to it."""
    await reader.page.goto(site.url + path)
    await reader.page.get_by_label("Key").fill(site.key if key is None else key)
    await reader.page.get_by_role("button", name="Sign in").click()


async def text_of(reader: Reader) -> str:
    return await reader.page.locator("main").inner_text()


async def test_a_dead_letter_is_previewed_redriven_and_arrives_on_the_phone(
    site: Site, arrives: Arrives, case: Case
) -> None:
    reader = await arrives(phone=False)
    await signs_in(reader, site)

    await reader.page.get_by_role("link", name=case.kept.group).click()
    await reader.shows("operators-group")
    await reader.page.get_by_role("checkbox", name=case.order.order_id).check()
    await reader.page.get_by_role("button", name="Preview the ticked ones").click()
    await reader.shows("operators-preview")
    preview = await text_of(reader)
    assert "1 would be told again, 0 refused" in preview
    assert case.courier.id in preview
    assert case.courier.pushes == [], "a preview tells nobody"

    await reader.page.get_by_role("button", name="Redrive it").click()

    await reader.shows("operators-redriven")
    assert "push SENT" in await text_of(reader)
    assert len(case.courier.pushes) == 1
    assert case.courier.pushes[0].partition("\n")[0] in preview, "in the very words of the preview"
    assert await reader.violations() == []
    assert await case.decision() == "redriven: push SENT"


async def test_everything_works_without_scripts(site: Site, arrives: Arrives, case: Case) -> None:
    reader = await arrives(scripts=False)
    await signs_in(reader, site, path=case.path)
    assert reader.page.url == site.url + case.path, "one comes to where one wanted to go"

    await reader.page.get_by_role("button", name="Preview a redrive").click()
    await reader.page.get_by_role("button", name="Redrive it").click()
    assert len(case.courier.pushes) == 1

    await reader.page.get_by_role("link", name="Providers").click()
    row = reader.page.get_by_role("row").filter(has_text="smtp")
    await row.get_by_text("Overrule").click()
    await row.get_by_label("Because").fill("the relay moves house")
    await row.get_by_role("button", name="Force").click()
    assert "smtp is forced open: the relay moves house (everybody)" in await text_of(reader)


async def test_a_whole_group_is_previewed_and_what_is_untrue_is_discarded_with_a_reason(
    site: Site, arrives: Arrives, case: Case
) -> None:
    await case.order.becomes(Status.OUT_FOR_DELIVERY)
    reader = await arrives()
    await signs_in(reader, site, path=f"{LETTERS}?{httpx.QueryParams(reason=case.kept.group)}")

    await reader.page.get_by_role("button", name="Preview the whole group").click()
    assert "the order has moved on to OUT_FOR_DELIVERY" in await text_of(reader)
    await reader.shows("operators-preview-refused")
    await reader.page.get_by_label("because").fill("picked up already")
    await reader.page.get_by_role("button", name="Discard").click()

    assert await case.decision() == "discarded: picked up already (everybody)"
    await reader.page.goto(site.url + case.path)
    assert "discarded: picked up already (everybody)" in await text_of(reader)
    assert await reader.page.get_by_role("button", name="Preview a redrive").count() == 0


async def test_a_provider_is_forced_open_seen_and_released(site: Site, arrives: Arrives, city: City) -> None:
    reader = await arrives(phone=False)
    await signs_in(reader, site, path=PROVIDERS)
    row = reader.page.get_by_role("row").filter(has_text="smtp")
    await row.get_by_text("Overrule").click()
    await row.get_by_label("Because").fill("maintenance until noon")
    await reader.shows("operators-providers")
    await row.get_by_role("button", name="Force").click()

    assert "forced open" in await row.inner_text()
    assert "maintenance until noon (everybody)" in await row.inner_text()
    (smtp,) = [health for health in await city.stage.store.healths() if health.provider == "smtp"]
    assert not smtp.is_called

    await row.get_by_role("button", name="Release").click()
    assert "closed" in await row.inner_text()
    assert "released by an operator (everybody)" in await row.inner_text()


async def test_an_order_is_found_with_its_timeline_and_ledger(
    site: Site, arrives: Arrives, case: Case
) -> None:
    reader = await arrives(phone=False)
    await signs_in(reader, site, path="/operators/orders")
    await reader.page.get_by_label("Order id").fill(case.order.order_id)
    await reader.page.get_by_role("button", name="Look").click()

    told = await text_of(reader)
    assert "As its workflow tells it" in told
    assert f"courier {case.courier.id}" in told
    assert case.kept.letter.reason in told
    assert "on by the courier's default" in told
    where = reader.page.get_by_role("link", name="In the Temporal UI")
    page = f"https://temporal.example.org/namespaces/default/workflows/order-{case.order.order_id}"
    assert await where.get_attribute("href") == page
    await reader.shows("operators-order")

    await case.order.handle.terminate()
    await reader.page.reload()
    assert f"courier {case.courier.id}" in await text_of(reader)


async def test_an_order_that_is_over_is_told_by_the_ledger(site: Site, arrives: Arrives, city: City) -> None:
    order = city.order(await city.customer(), linger_seconds=0)
    await order.becomes(Status.DELIVERED)
    await order.ends()
    reader = await arrives()
    await signs_in(reader, site, path=f"/operators/orders?order_id={order.order_id}")

    told = await text_of(reader)
    assert "As the ledger has it" in told
    assert "DELIVERED to customer" in told
    await reader.page.goto(f"{site.url}/operators/orders?order_id=nobody-knows")
    assert "Nothing is known of an order nobody-knows" in await text_of(reader)
    reader.complaints.clear()  # of the 404


async def test_a_wrong_key_is_one_friendly_line_and_nothing_behind_it_is_shown(
    site: Site, arrives: Arrives
) -> None:
    reader = await arrives()
    await signs_in(reader, site, "onk_0123_made-up")
    said = reader.page.get_by_role("alert")
    assert await said.inner_text() == "This is no key of ours, or it was revoked. Is all of it there?"
    await reader.shows("operators-sign-in")

    await signs_in(reader, site, await key_with(site, Scope.READ_ORDERS))
    assert "operations:read" in await said.inner_text()
    assert await reader.context.cookies() == []
    assert len(reader.complaints) == 2, "a browser complains of a 401 and a 403"
    reader.complaints.clear()


async def test_who_signs_out_is_out_and_a_revoked_key_lets_nobody_in(site: Site, arrives: Arrives) -> None:
    key = await key_with(site, Scope.READ_OPERATIONS)
    reader = await arrives()
    await signs_in(reader, site, key)
    (cookie,) = await reader.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert key not in cookie["value"]

    await reader.page.get_by_role("button", name="Sign out").click()
    await reader.page.goto(site.url + PROVIDERS)
    assert "Sign in" in await text_of(reader)

    await signs_in(reader, site, key)
    await site.stage.store.api_keys.revoke(key.split("_")[1])
    await reader.page.goto(site.url + PROVIDERS)
    assert "Sign in" in await text_of(reader)


async def test_only_who_may_decide_sees_the_buttons(site: Site, arrives: Arrives, case: Case) -> None:
    reader = await arrives()
    await signs_in(reader, site, await key_with(site, Scope.READ_OPERATIONS), case.path)

    await reader.page.get_by_role("button", name="Preview a redrive").click()
    assert "1 would be told again" in await text_of(reader)
    for path in (None, case.path, PROVIDERS):
        if path:
            await reader.page.goto(site.url + path)
        assert await reader.page.get_by_role("button", name=DECIDING).count() == 0


async def test_a_key_that_may_only_look_changes_nothing_by_hand_either(site: Site, case: Case) -> None:
    which = case.kept.letter.dead_letter_id
    headers = {"Authorization": f"Bearer {await key_with(site, Scope.READ_OPERATIONS)}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as http:
        for path, form in (
            (f"{LETTERS}/redrive", {"letters": which}),
            (f"{LETTERS}/discard", {"letters": which, "because": "no"}),
            (f"{PROVIDERS}/smtp/force", {"state": "open", "because": "no"}),
            (f"{PROVIDERS}/smtp/release", {}),
        ):
            answer = await http.post(path, data=form)
            assert (answer.status_code, "operations:write" in answer.text) == (403, True), path
    assert await case.decision() is None


async def test_a_form_of_somebody_elses_page_changes_nothing(site: Site, case: Case) -> None:
    key_id = site.key.split("_")[1]
    cookies = {"operator": site.links.operator_session(key_id)}
    form = {"letters": case.kept.letter.dead_letter_id, "because": "no"}
    async with httpx.AsyncClient(base_url=site.url, cookies=cookies, timeout=60) as http:
        for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            answer = await http.post(f"{LETTERS}/discard", data=form, headers=origin)
            assert answer.status_code == 403
            signed_in = await http.post("/operators/sign-in", data={"key": site.key}, headers=origin)
            assert (signed_in.status_code, "set-cookie" in signed_in.headers) == (403, False)
            signed_out = await http.post("/operators/sign-out", headers=origin)
            assert "set-cookie" not in signed_out.headers
        token = site.links.recipient_token("c-42")
        stranger = await http.get(LETTERS, headers={"Authorization": f"Bearer {token}"})
        assert stranger.status_code == 303
    assert await case.decision() is None


@pytest.mark.parametrize(
    ("to", "goes"),
    [
        ("/operators/providers?changed=fcm", "/operators/providers?changed=fcm"),
        ("https://evil.example/operators/", LETTERS),
        ("//evil.example/operators/", LETTERS),
        ("/\\evil.example", LETTERS),
        ("/operators/\\..", LETTERS),
        ("http://[", LETTERS),
        ("/preferences/x", LETTERS),
        ("", LETTERS),
    ],
)
async def test_signing_in_leads_to_pages_of_operators_alone(site: Site, to: str, goes: str) -> None:
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}, timeout=60) as http:
        answer = await http.post("/operators/sign-in", data={"key": site.key, "to": to})

    assert (answer.status_code, answer.headers["location"]) == (303, goes)


async def test_whatever_an_unreadable_event_holds_is_shown_and_does_nothing(
    site: Site, arrives: Arrives, city: City
) -> None:
    raw = '<script>alert(1)</script> \u202e evil \x07 " onload="x'
    order_id = f"{city.story}<b>"
    letter = DeadLetter(
        dead_letter_id=dead_letter_id(order_id, "status_changed", raw),
        order_id=order_id,
        source="status_changed",
        reason="status: unknown status",
        field="status",
        raw=raw,
        at=city.order(await city.customer()).occurred_at,
    )
    await city.stage.store.keep(letter)
    reader = await arrives()
    await signs_in(reader, site, path=f"{LETTERS}/{letter.dead_letter_id}")

    shown = await reader.page.locator("pre").inner_text()
    assert shown == '<script>alert(1)</script> \\u202e evil \\x07 " onload="x'
    assert await reader.page.locator("b").count() == 0
    await reader.shows("operators-letter-unreadable")
    await city.stage.store.resolve(letter.dead_letter_id, "discarded: a test")


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_every_page_is_well_made_and_fits(
    site: Site, arrives: Arrives, case: Case, phone: bool
) -> None:
    reader = await arrives(phone=phone)
    await reader.page.goto(site.url + SIGN_IN)
    await is_well(reader, "sign-in", phone=phone)
    await signs_in(reader, site)
    for name, path in {
        "letters": LETTERS,
        "group": f"{LETTERS}?{httpx.QueryParams(reason=case.kept.group)}",
        "letter": case.path,
        "providers": PROVIDERS,
        "order": f"/operators/orders?order_id={case.order.order_id}",
    }.items():
        await reader.page.goto(site.url + path)
        for summary in await reader.page.locator("summary").all():
            await summary.click()
        await is_well(reader, name, phone=phone)
    await reader.page.goto(site.url + case.path)
    await reader.page.get_by_role("button", name="Preview a redrive").click()
    await is_well(reader, "preview", phone=phone)


async def is_well(reader: Reader, name: str, *, phone: bool) -> None:
    """It fits, and axe finds nothing: that looks at the same page whatever its width, and takes its time."""
    await reader.shows(f"operators-{name}-{'phone' if phone else 'desktop'}")
    assert not await reader.overflows(), name
    assert phone or await reader.violations() == [], name


async def test_a_letter_is_decided_on_with_the_keyboard_alone(
    site: Site, arrives: Arrives, case: Case
) -> None:
    reader = await arrives(phone=False)
    await reader.page.goto(site.url + case.path)
    await reader.page.keyboard.press("Tab")  # past the link that skips to the content
    await reader.page.keyboard.press("Tab")
    await reader.page.keyboard.type(site.key)
    await reader.page.keyboard.press("Enter")
    await reader.page.get_by_role("button", name="Preview a redrive").wait_for()

    focused = reader.page.locator(":focus")
    for _ in range(30):
        await reader.page.keyboard.press("Tab")
        if await focused.evaluate("element => element.id") == "because":
            break
    outline = await focused.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid", "one sees where one is"
    await reader.page.keyboard.type("no longer needed")
    await reader.page.keyboard.press("Enter")
    await reader.page.get_by_role("status").wait_for()

    assert await case.decision() == "discarded: no longer needed (everybody)"
