"""The order board in a real browser, over the whole product: orders are placed, and phones receive."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote
from zlib import crc32

import httpx
import pytest
from playwright.async_api import Locator, Page, expect
from temporalio.client import Client

from domain.breaker import Health
from domain.explanation import Explanation
from domain.orders import Rules
from domain.recipients import read_recipients
from domain.status import Role
from operating.explanations import explanation_of
from order_service import OrderService
from simulator import Raw
from simulator.board.backstage import Doors
from simulator.board.board import Board
from simulator.board.opening import open_board, url_of
from simulator.board.people import People, sample_people
from temporal_client import DATA_CONVERTER
from tests.pages.browser import Reader
from tests.processes import address
from tests.site import Site
from tests.stage import PATIENCE, Stage

Arrives = Callable[..., Awaitable[Reader]]

# Longer than any test takes: it ends only where a test lets it.
WINDOW = 600
expect.set_options(timeout=PATIENCE * 1000)


@dataclass
class StageDoor:
    """The product behind the board, as it is on the stage."""

    site: Site
    doors: Doors

    async def inbox_of(self, recipient_id: str) -> str:
        return f"{self.site.url}/enter/{self.site.links.recipient_token(recipient_id)}"

    async def healths(self) -> Sequence[Health]:
        return await self.site.stage.store.healths()

    async def explanation(self, order_id: str) -> Explanation:
        told = await OrderService(self.site.stage.client).timeline(order_id)
        return await explanation_of(self.site.stage.store, order_id, told)


@dataclass
class Opened:
    """The board, opened for one test alone."""

    url: str
    board: Board
    stage: Stage

    @property
    def origin(self) -> str:
        """Where its page is from."""
        return self.stage.simulator.url

    def orders_placed(self) -> int:
        """How many orders there are on it."""
        return len(list(self.board.orders))

    async def window_ends(self) -> None:
        """Let the window of the newest order end."""
        order = self.board.orders.find(None)
        assert order is not None
        handle = self.stage.client.get_workflow_handle(f"order-{order.order_id}")
        await self.stage.env.fast_forward(handle, timedelta(seconds=WINDOW + 1))


@pytest.fixture
async def board(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    """A board over the stage, with people whom no other test has told anything."""
    stage, run = site.stage, f"{crc32(request.node.name.encode()):08x}"

    def id_of(recipient_id: str) -> str:
        return f"{recipient_id}-{run}"

    people = sample_people(id_of, with_live_activities=False)
    await stage.store.load(read_recipients(json.dumps(people)))
    stage.simulator.clear_received()
    stage.simulator.clear_faults()
    await stage.every_provider_is_well()
    opened = open_board(
        stage.simulator,
        # Not the stage's own client: what it starts skips the time whenever nothing happens.
        await Client.connect(address(stage), data_converter=DATA_CONVERTER),
        People.of_the_sample(id_of),
        StageDoor(site, Doors(api=site.url)),
        run=run,
        rules=Rules(window_seconds=WINDOW, linger_seconds=0),
    )
    yield Opened(url_of(stage.simulator), opened, stage)
    stage.simulator.clear_faults()


async def sits_down(arrives: Arrives, board: Opened, **given: bool) -> Page:
    """Somebody opens the board, on a desktop unless said otherwise."""
    page = (await arrives(**{"phone": False, **given})).page
    await page.goto(board.url)
    return page


def lock_screen(page: Page, whose: str) -> Locator:
    """The notifications on somebody's phone or tablet."""
    return page.locator(f"article[aria-label^='{whose}'][aria-label$='lock screen'] .push")


def texts(page: Page) -> Locator:
    """The texts on the customer's phone."""
    return page.locator(".bubble")


async def is_at(page: Page, label: str) -> None:
    """Wait until the board says that the order is there."""
    await expect(page.locator("[aria-current=step]")).to_have_text(label)


async def goes_on_to(page: Page, label: str) -> None:
    """Take the next step, which is this one."""
    await page.get_by_role("button", name=f"Next: {label}").click()
    await is_at(page, label)


async def test_an_order_is_pushed_along_to_its_end_and_the_phones_receive_it(
    board: Opened, arrives: Arrives
) -> None:
    page = await sits_down(arrives, board)

    await page.get_by_role("button", name="Order for Ana").click()
    await expect(lock_screen(page, "Ana").first).to_contain_text("is waiting to be accepted")
    await expect(lock_screen(page, "Burger Barn").first).to_contain_text("New order")
    for label in ("Accepted", "Preparing", "Ready", "On its way", "Nearby", "Delivered"):
        await goes_on_to(page, label)

    await expect(lock_screen(page, "Ana").first).to_contain_text("delivered")
    await expect(lock_screen(page, "Courier")).to_have_count(1)
    await expect(texts(page).last).to_contain_text("delivered")
    letter = page.frame_locator("iframe")
    await expect(letter.get_by_role("heading")).to_contain_text("delivered")
    await expect(page.locator(".desk")).to_contain_text("This order is over")
    await expect(page.get_by_role("button", name="Cancel it")).to_have_count(0)


async def test_with_fcm_broken_a_text_arrives_instead_and_the_timeline_says_why(
    board: Opened, arrives: Arrives
) -> None:
    page = await sits_down(arrives, board)
    await page.get_by_role("button", name="Order for Ana").click()
    await is_at(page, "Placed")

    await page.get_by_role("button", name="Break fcm").click()
    await expect(page.get_by_role("button", name="Mend fcm")).to_be_visible()
    await page.get_by_title("Say that it is nearby").click()

    await expect(texts(page)).to_have_count(1)
    await expect(texts(page)).to_contain_text("just around the corner")
    newest = page.locator(".batch").first
    await expect(newest).to_contain_text("Not told: FCM INVALID_ARGUMENT.")
    await expect(newest).to_contain_text("Took over from push")
    await page.get_by_role("button", name="Mend fcm").click()
    await expect(page.get_by_role("button", name="Break fcm")).to_be_visible()
    assert board.stage.simulator.faults == []


async def test_every_decision_is_explained_in_plain_words_with_its_rule(
    board: Opened, arrives: Arrives
) -> None:
    reader = await arrives()
    page = reader.page
    await page.goto(board.url)
    await page.get_by_role("button", name="Order for Ana").click()
    await is_at(page, "Placed")
    await expect(page.locator(".batch").first).to_be_visible()

    await page.get_by_role("link", name="Every decision, with its rule").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("Order ")
    batch = page.locator("section").filter(has_text="PLACED to customer")
    await expect(batch).to_contain_text("told at once, with all that waited: PLACED does not wait at-once")
    await expect(batch).to_contain_text("sms: not sent")
    await expect(batch).to_contain_text("off by the customer's default")
    await expect(page.get_by_text("By the ledger and the order's own timeline")).to_be_visible()
    assert await reader.violations() == []
    assert not await reader.overflows()
    await reader.shows("board-explained")
    await page.get_by_role("link", name="Back to the board").click()
    await is_at(page, "Placed")


async def test_a_burst_waits_in_sight_and_becomes_one_message(board: Opened, arrives: Arrives) -> None:
    page = await sits_down(arrives, board)
    await page.get_by_role("button", name="Order for Ana").click()
    await expect(lock_screen(page, "Ana")).to_have_count(1)

    await page.get_by_role("button", name="Hurry a burst").click()
    await expect(page.locator(".waiting")).to_contain_text("Accepted, Preparing, Ready wait for company")
    await expect(page.locator(".count")).to_have_text("10 min")
    await board.window_ends()

    await expect(lock_screen(page, "Ana")).to_have_count(2)
    await expect(lock_screen(page, "Ana").first).to_contain_text("has accepted and prepared your order")
    await expect(page.locator(".waiting")).to_have_count(0)
    await expect(page.locator(".why")).to_contain_text("3 updates, one message.")


async def test_many_orders_at_once_are_all_on_the_board(board: Opened, arrives: Arrives) -> None:
    page = await sits_down(arrives, board)

    await page.get_by_role("button", name="Lunch rush").click()

    await expect(page.locator(".order")).to_have_count(12)
    await expect(page.locator(".order.chosen")).to_have_text("B12 Preparing")
    await page.locator(".order", has_text="B11").click()
    await expect(page.locator(".order.chosen")).to_have_text("B11 Preparing")
    await expect(lock_screen(page, "Ana").first).to_be_visible()


async def test_a_send_that_is_tried_again_says_when(board: Opened, arrives: Arrives) -> None:
    page = await sits_down(arrives, board)
    await page.get_by_label("A provider").select_option("error")
    await page.get_by_role("button", name="Break fcm").click()
    await expect(page.locator(".broken")).to_contain_text("is down, for")

    await page.get_by_role("button", name="Order for Ana").click()

    await expect(page.locator(".why .trying").first).to_contain_text("FCM UNAVAILABLE. Tries again")


async def test_an_order_is_cancelled_with_what_waits(board: Opened, arrives: Arrives) -> None:
    page = await sits_down(arrives, board)
    await page.get_by_role("button", name="Order for Luis").click()
    await is_at(page, "Placed")
    await goes_on_to(page, "Accepted")

    await page.get_by_role("button", name="Cancel it").click()

    await is_at(page, "Cancelled")
    await expect(lock_screen(page, "Luis").first).to_contain_text("cancelado")
    await expect(page.locator(".waiting")).to_have_count(0)
    assert not [one for one in board.stage.simulator.received if "ha aceptado" in one.text]


async def test_without_scripts_the_board_works_by_its_forms(board: Opened, arrives: Arrives) -> None:
    page = await sits_down(arrives, board, scripts=False)

    await page.get_by_role("button", name="Order for Ana").click()
    await is_at(page, "Placed")
    await page.get_by_role("button", name="Next: Accepted").click()
    await is_at(page, "Accepted")
    await page.get_by_role("button", name="Break smtp").click()
    await expect(page.get_by_role("button", name="Mend smtp")).to_be_visible()


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    board: Opened, arrives: Arrives, phone: bool
) -> None:
    reader = await arrives(phone=phone)
    page = reader.page
    await page.goto(board.url)
    assert not await reader.overflows()

    await page.get_by_role("button", name="Order for Ana").click()
    await is_at(page, "Placed")
    await page.get_by_role("button", name="Break fcm").click()
    await page.get_by_title("Say that it is on its way").click()
    await expect(texts(page)).to_have_count(1)
    await expect(page.locator(".why .bad").first).to_be_visible()

    assert not await reader.overflows()
    assert await reader.violations() == []
    await reader.shows(f"board-{'phone' if phone else 'desktop'}")


async def test_an_e_mail_is_shown_as_it_is_and_can_do_nothing(board: Opened, arrives: Arrives) -> None:
    board.stage.simulator.world.receive(
        "smtp", "ana@example.org", text="Bad\nworse", key="", raw=Raw({}, _MAIL_WITH_A_SCRIPT)
    )
    page = await sits_down(arrives, board)

    await expect(page.frame_locator("iframe").locator("p")).to_have_css("color", "rgb(0, 128, 0)")
    await expect(page.frame_locator("iframe").locator("p")).to_have_text("as it is")
    src = await page.locator("iframe").get_attribute("src")
    async with httpx.AsyncClient(base_url=board.origin, timeout=60) as http:
        mail = await http.get(src or "")
    assert "sandbox" in mail.headers["content-security-policy"]
    assert "script-src" not in mail.headers["content-security-policy"]


_MAIL_WITH_A_SCRIPT = """\
Content-Type: text/html; charset=utf-8

<html><head><style>p { color: green }</style></head><body><p>as it is</p>
<template><script>document.querySelector("p").textContent = "something else"</script></template></body></html>
"""


async def test_nobody_sees_the_mail_of_a_stranger(board: Opened) -> None:
    world = board.stage.simulator.world
    world.receive("smtp", "stranger@example.org", text="a\nb", key="", raw=Raw({}, ""))
    world.receive("smtp", "ana@example.org", text="a\nb", key="", raw=Raw({}, ""))
    strangers, anas = (one.n for one in board.stage.simulator.received)

    async with httpx.AsyncClient(base_url=board.origin, timeout=60) as http:
        assert (await http.get(f"/board/mail/{strangers}")).status_code == 404
        assert (await http.get(f"/board/mail/{anas}")).status_code == 200
        assert "stranger@example.org" not in (await http.get("/board")).text


CHANGES = ("place", "push", "rush", "follow", "break", "mend", "enter")


async def test_another_page_changes_nothing(board: Opened) -> None:
    fields = {"customer": _first(board), "kind": "error", "provider": "fcm", "person": _first(board)}
    origins: Sequence[dict[str, str]] = (
        {},
        {"origin": "null"},
        {"origin": "https://example.org"},
        {"origin": "http://127.0.0.1:1"},
    )

    async with httpx.AsyncClient(base_url=board.origin, timeout=60) as http:
        for change in CHANGES:
            for origin in origins:
                refused = await http.post(f"/board/{change}", data=fields, headers=origin)
                assert refused.status_code == 403

    assert board.orders_placed() == 0
    assert board.stage.simulator.faults == []


async def test_a_name_that_is_not_ours_is_shown_nothing(board: Opened) -> None:
    async with httpx.AsyncClient(base_url=board.origin, timeout=60) as http:
        for path in ("", "/live", "/mail/1", "/assets/board.js"):
            for host in ("board.example.org", "127.0.0.1.example.org:80", "[::ffff:127.0.0.1]", "["):
                refused = await http.get(f"/board{path}", headers={"host": host})
                assert refused.status_code == 421
                assert "Order board" not in refused.text


async def test_our_own_page_is_let_in_by_either_name_of_this_machine(board: Opened) -> None:
    host = board.origin.replace("http://127.0.0.1", "localhost")
    headers = {"host": host, "origin": f"http://{host}"}
    async with httpx.AsyncClient(base_url=board.origin, timeout=60) as http:
        placed = await http.post("/board/place", data={"customer": _first(board)}, headers=headers)

    assert placed.status_code == 303
    assert board.orders_placed() == 1


async def test_what_cannot_be_done_is_one_line_that_names_the_field(board: Opened) -> None:
    headers = {"origin": board.origin, "accept": "application/json"}
    async with httpx.AsyncClient(base_url=board.origin, headers=headers, timeout=60) as http:
        answers = [
            await http.post(f"/board/{change}", data=fields)
            for change, fields in (
                ("place", {"customer": "nobody"}),
                ("push", {"order": "A17", "status": "PLACED"}),
                ("break", {"provider": "pigeon", "kind": "error"}),
                ("break", {"provider": "fcm", "kind": "undelivered", "seconds": "60"}),
                ("follow", {"order": "no-such-order"}),
            )
        ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert [answer.json()["problem"].partition(" ")[0] for answer in answers] == [
        "customer:",
        "order:",
        "provider:",
        "kind:",
        "order",
    ]


async def test_somebody_is_led_to_their_own_inbox_by_a_link_that_is_in_no_page(board: Opened) -> None:
    async with httpx.AsyncClient(base_url=board.origin, headers={"origin": board.origin}, timeout=60) as http:
        led = await http.post("/board/enter", data={"person": _first(board)})
        page = (await http.get("/board")).text

    assert led.status_code == 303
    assert "/enter/" in led.headers["location"]
    assert "/enter/" not in page


async def test_an_order_announced_elsewhere_is_shown_on_request(board: Opened, arrives: Arrives) -> None:
    elsewhere = await board.board.orders.place({Role.CUSTOMER: _first(board)})
    order_id = elsewhere.order_id
    page = await sits_down(arrives, board)
    await page.goto(f"{board.url}?order={quote('another')}")

    await page.get_by_label("Announced an order from a terminal?").fill(order_id)
    await page.get_by_role("button", name="Show", exact=True).click()

    await is_at(page, "Placed")


def _first(board: Opened) -> str:
    return next(person.recipient_id for person in board.board.people)
