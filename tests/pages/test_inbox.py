"""The inbox as people see it: orders move along on it by themselves, and it works without scripts as well."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from domain.channels import Channel
from domain.inbox import Mark
from domain.status import Status
from tests.pages.browser import Reader
from tests.processes import PATIENCE, eventually
from tests.site import Site, free_port, open_site
from tests.stage import City, Person, Stage
from tests.store.stage import NOON, batch
from tests.store.stage import Stage as Planning

Arrives = Callable[..., Awaitable[Reader]]
BURGERS: dict[str, Any] = {"facts": {"merchant_name": "Burger Barn", "eta_minutes": 12}}

expect.set_options(timeout=PATIENCE * 1000)


async def enters(reader: Reader, site: Site, person: Person | str) -> None:
    """Open the link that an app makes for its user."""
    who = person if isinstance(person, str) else person.id
    await reader.page.goto(f"{site.url}/enter/{site.links.recipient_token(who)}")
    await expect(reader.page).to_have_url(f"{site.url}/inbox")


def titles(reader: Reader) -> Any:
    return expect(reader.page.locator(".inbox-card h2"))


async def orders_told(site: Site, person: str, number: int) -> None:
    """Many orders of one person, past Temporal: it is not what is looked at here."""
    planning = Planning(site.stage.store, "")
    for n in range(number):
        news = batch(
            Status.PLACED,
            order_id=f"{person}-{n}",
            recipient_id=person,
            facts={"merchant_name": f"Burger Barn {n}"},
            told_at=NOON + timedelta(minutes=n),
        )
        await planning.plan(news)


async def test_an_order_moves_along_without_a_reload(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    reader, order = await arrives(), city.order(ana)
    await enters(reader, site, ana)
    await expect(reader.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    await reader.page.evaluate("window.isTheSame = true")

    await order.becomes(Status.PLACED, **BURGERS)
    await titles(reader).to_have_text(["Order from Burger Barn placed"])
    await expect(reader.page.get_by_role("heading", name="Nothing here yet")).to_be_hidden()
    await expect(reader.page).to_have_title("(1) Your orders")

    await order.becomes(Status.OUT_FOR_DELIVERY, **BURGERS)
    await titles(reader).to_have_text(["On its way"])
    await expect(reader.page.get_by_role("status")).to_have_text(
        "On its way. Your order from Burger Barn is on its way. It should be with you in about 12 minutes."
    )
    await expect(reader.page.locator("[aria-current=step]")).to_have_text("On its way: now")
    await expect(reader.page.get_by_text("Step 5 of 7")).to_be_visible()

    await order.becomes(Status.DELIVERED, **BURGERS)
    await titles(reader).to_have_text(["Order from Burger Barn delivered"])
    assert await reader.page.evaluate("window.isTheSame")
    await reader.page.reload()
    await titles(reader).to_have_text(["Order from Burger Barn delivered"])
    await reader.page.get_by_text("All 3 messages").click()
    await expect(reader.page.locator(".inbox-trail strong")).to_have_text(
        ["Order from Burger Barn delivered", "On its way", "Order from Burger Barn placed"]
    )


async def test_the_order_with_news_moves_to_the_top(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    burgers, noodles = city.order(ana), city.order(ana)
    await burgers.becomes(Status.PLACED, **BURGERS)
    await noodles.becomes(Status.PLACED, facts={"merchant_name": "Noodle Nook"})
    reader = await arrives(phone=False)
    await enters(reader, site, ana)
    await titles(reader).to_have_text(["Order from Noodle Nook placed", "Order from Burger Barn placed"])

    await burgers.becomes(Status.OUT_FOR_DELIVERY, **BURGERS)

    await titles(reader).to_have_text(["On its way", "Order from Noodle Nook placed"])


async def test_a_card_that_was_on_the_screen_is_seen_and_not_yet_read(
    city: City, site: Site, arrives: Arrives
) -> None:
    ana, inboxes = await city.customer(), site.stage.store.inboxes
    await city.order(ana).becomes(Status.PLACED, **BURGERS)
    reader = await arrives()
    await enters(reader, site, ana)

    async def is_seen() -> bool:
        return (await inboxes.counts(ana.id)).unseen == 0

    await eventually(is_seen)
    assert (await inboxes.counts(ana.id)).unread == 1


async def test_what_is_further_down_was_not_seen(site: Site, city: City, arrives: Arrives) -> None:
    ana = await city.customer()
    await orders_told(site, ana.id, 8)
    reader = await arrives()
    await enters(reader, site, ana)

    async def some_are_seen() -> bool:
        return (await site.stage.store.inboxes.counts(ana.id)).unseen < 8

    await eventually(some_are_seen)
    last = await site.stage.store.inboxes.card(ana.id, f"{ana.id}-0")
    assert last
    assert not last.is_seen


async def test_a_card_is_read_and_put_away_and_comes_back_with_news(
    city: City, site: Site, arrives: Arrives
) -> None:
    ana = await city.customer()
    order, reader = city.order(ana), await arrives()
    await order.becomes(Status.PLACED, **BURGERS)
    await enters(reader, site, ana)

    await reader.page.get_by_role("button", name="Mark as read Order from Burger Barn placed").click()
    await expect(reader.page.get_by_role("button", name="Mark as read")).to_have_count(0)
    await expect(reader.page).to_have_title("Your orders")
    assert {row.channel: row.status for row in await order.rows()}[Channel.IN_APP] == "READ"

    await reader.page.get_by_role("button", name="Archive").click()
    await titles(reader).to_have_count(0)
    await expect(reader.page.get_by_role("status")).to_have_text("Archived.")
    await expect(reader.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()

    await order.becomes(Status.OUT_FOR_DELIVERY, **BURGERS)
    await titles(reader).to_have_text(["On its way"])


async def test_the_archive_gives_back_what_is_in_it(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    order, reader = city.order(ana), await arrives()
    await order.becomes(Status.PLACED, **BURGERS)
    await site.stage.store.inboxes.mark(ana.id, order.order_id, Mark.ARCHIVE)
    await enters(reader, site, ana)

    await reader.page.get_by_role("link", name="Archive").click()
    await titles(reader).to_have_text(["Order from Burger Barn placed"])
    await reader.page.get_by_role("button", name="Back to the inbox").click()
    await expect(reader.page.get_by_role("heading", name="The archive is empty")).to_be_visible()
    await reader.page.get_by_role("link", name="Inbox").click()
    await titles(reader).to_have_text(["Order from Burger Barn placed"])


async def test_who_is_in_the_middle_of_a_card_stays_there_when_it_moves(
    city: City, site: Site, arrives: Arrives
) -> None:
    ana = await city.customer()
    order, reader = city.order(ana), await arrives()
    await order.becomes(Status.PLACED, **BURGERS)
    await enters(reader, site, ana)
    trail = reader.page.locator(".inbox-card summary")
    await trail.focus()
    await reader.page.keyboard.press("Enter")

    await order.becomes(Status.OUT_FOR_DELIVERY, **BURGERS)

    await titles(reader).to_have_text(["On its way"])
    await expect(trail).to_be_focused()
    await expect(reader.page.locator("details")).to_have_attribute("open", "")


async def test_forms_do_it_all_without_scripts(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    await city.order(ana).becomes(Status.PLACED, **BURGERS)
    reader = await arrives(scripts=False)
    await enters(reader, site, ana)
    await expect(reader.page).to_have_title("(1) Your orders")

    await reader.page.get_by_role("button", name="Mark as read").click()
    await expect(reader.page).to_have_title("Your orders")
    await reader.page.get_by_role("button", name="Archive").click()
    await expect(reader.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    await reader.page.get_by_role("link", name="Archive").click()
    await reader.page.get_by_role("button", name="Back to the inbox").click()
    await reader.page.get_by_role("link", name="Inbox").click()
    await titles(reader).to_have_text(["Order from Burger Barn placed"])


async def test_all_are_read_at_once(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    await orders_told(site, ana.id, 3)
    reader = await arrives()
    await enters(reader, site, ana)
    await expect(reader.page).to_have_title("(3) Your orders")

    await reader.page.get_by_role("button", name="Mark all as read").click()

    await expect(reader.page).to_have_title("Your orders")
    await expect(reader.page.get_by_text("New", exact=True)).to_have_count(0)


async def test_older_orders_are_on_further_pages(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer()
    await orders_told(site, ana.id, 23)
    reader = await arrives(scripts=False)
    await enters(reader, site, ana)
    await titles(reader).to_have_count(20)

    await reader.page.get_by_role("link", name="Older orders").click()
    await expect(reader.page.locator(".inbox-from")).to_contain_text(
        ["Burger Barn 2", "Burger Barn 1", "Burger Barn 0"]
    )
    await reader.page.get_by_role("link", name="Back to the newest").click()
    await titles(reader).to_have_count(20)


async def test_it_reads_well_on_a_phone_and_on_a_desktop(city: City, site: Site, arrives: Arrives) -> None:
    ana = await city.customer(time_zone="America/New_York")
    burgers, noodles, tacos = (city.order(ana) for _ in range(3))
    name: dict[str, Any] = {"facts": {"merchant_name": "Taco" * 12}}
    for status in (Status.PLACED, Status.PREPARING, Status.CANCELLED):
        await tacos.becomes(status, **name)
    for status in (Status.PLACED, Status.OUT_FOR_DELIVERY, Status.DELIVERED):
        await noodles.becomes(status, facts={"merchant_name": "Noodle Nook"})
    await site.stage.store.inboxes.mark_all(ana.id, Mark.READ)
    for status in (Status.PLACED, Status.OUT_FOR_DELIVERY):
        await burgers.becomes(status, **BURGERS)

    for phone in (True, False):
        reader = await arrives(phone=phone)
        await enters(reader, site, ana)
        await titles(reader).to_have_count(3)
        await reader.page.locator("summary").first.click()
        await reader.shows(f"inbox-{'phone' if phone else 'desktop'}")
        assert await reader.violations() == []
        assert not await reader.overflows()


async def test_an_empty_inbox_and_a_link_that_is_over_read_well_too(
    city: City, site: Site, arrives: Arrives
) -> None:
    reader = await arrives()
    await enters(reader, site, await city.customer())
    await reader.shows("inbox-empty")
    assert await reader.violations() == []

    await reader.page.goto(f"{site.url}/enter/nonsense")
    await expect(reader.page.get_by_role("heading", name="Please open your link again")).to_be_visible()
    await reader.shows("inbox-closed")
    assert await reader.violations() == []
    assert not await reader.overflows()
    assert reader.complaints.pop().endswith("404 (Not Found)"), "a browser says so of any such page"


async def test_whom_we_do_not_know_is_told_so_politely_and_sees_nothing(site: Site, city: City) -> None:
    ana, ben = await city.customer(), await city.customer()
    order = city.order(ana)
    await order.becomes(Status.PLACED, **BURGERS)
    token = site.links.recipient_token(ana.id)
    operator = site.links.operator_session(site.key.split("_")[1])
    paths = ("/inbox", "/inbox/archive", f"/inbox/cards/{order.order_id}")

    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        for cookie in ({}, {"recipient": "x"}, {"operator": operator}, {"recipient": site.key}):
            sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookie.items())}
            for answer in [await http.get(path, headers=sent) for path in paths]:
                assert answer.status_code == 401
                assert "Please open your link again" in answer.text
                assert "Burger Barn" not in answer.text
        foreign = {"Cookie": f"recipient={token}", "Origin": "https://evil.example"}
        for mark in ("read", "archive"):
            answer = await http.post(f"/inbox/{mark}/{order.order_id}", headers=foreign)
            assert answer.status_code == 401
        sent = {"Cookie": f"recipient={site.links.recipient_token(ben.id)}", "Origin": site.url}
        assert (await http.get(paths[2], headers=sent)).status_code == 404
        assert (await http.post(f"/inbox/archive/{order.order_id}", headers=sent)).status_code == 404
        assert (await http.get("/inbox/cards/%00", headers=sent)).status_code == 404
        assert (await http.get("/inbox?cursor=nonsense", headers=sent)).status_code == 404
        assert (await http.get(f"/enter/{operator}")).status_code == 404
    card = await site.stage.store.inboxes.card(ana.id, order.order_id)
    assert card
    assert not card.is_archived


async def test_a_token_becomes_a_cookie_that_no_script_reads(site: Site, city: City) -> None:
    token = site.links.recipient_token((await city.customer()).id)

    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        answer = await http.get(f"/enter/{token}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))


@pytest.fixture
def port() -> int:
    return free_port()


async def test_an_open_page_survives_a_restart_of_the_server_and_misses_nothing(
    stage: Stage, city: City, arrives: Arrives, port: int
) -> None:
    ana = await city.customer()
    order, reader = city.order(ana), await arrives()
    await order.becomes(Status.PLACED, **BURGERS)
    async with open_site(stage, port) as site:
        await enters(reader, site, ana)
        await titles(reader).to_have_text(["Order from Burger Barn placed"])
    await expect(reader.page.get_by_text("The connection is lost")).to_be_visible()
    await order.becomes(Status.OUT_FOR_DELIVERY, **BURGERS)

    async with open_site(stage, port):
        await titles(reader).to_have_text(["On its way"])
        await expect(reader.page.get_by_text("The connection is lost")).to_be_hidden()
        await reader.page.close()
    assert all("ERR_" in complaint for complaint in reader.complaints)
    reader.complaints.clear()


async def test_a_language_that_is_read_from_the_right_is_shown_from_the_right(
    site: Site, city: City, arrives: Arrives
) -> None:
    ana = await city.customer(locale="ar")
    await city.order(ana).becomes(Status.PLACED, **BURGERS)
    reader = await arrives()

    await enters(reader, site, ana)

    await expect(reader.page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(reader.page.locator("html")).to_have_attribute("lang", "ar")
    await reader.shows("inbox-right-to-left")
    assert not await reader.overflows()
    assert await reader.violations() == []


async def test_times_are_on_the_clock_of_their_reader(city: City, site: Site) -> None:
    ana = await city.customer(time_zone="America/New_York")
    await orders_told(site, ana.id, 1)

    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        sent = {"Cookie": f"recipient={site.links.recipient_token(ana.id)}"}
        page = (await http.get("/inbox", headers=sent)).text

    assert "Nov 22, 2026, 7:00" in page
