"""The inbox: one card for each order, marks on it, pages that stay what they were, and numbered changes."""

import asyncio
from collections.abc import Sequence

import pytest

from activities.store.inbox_cards import COUNTED_UP_TO, MESSAGES_ON_A_CARD
from activities.store.inboxes import InboxPage
from domain.inbox import Card, Counts, Mark, Progress, steps
from domain.orders import BadInput
from domain.status import Role, Status
from tests.store.stage import IN_APP, MINUTE, NOON, PUSH, Stage, batch, news, somebody

ANA, SEEN, READ, ARCHIVE, UNARCHIVE = "c-42", Mark.SEEN, Mark.READ, Mark.ARCHIVE, Mark.UNARCHIVE
P = Progress


async def told(stage: Stage, order_id: str, *statuses: Status, recipient_id: str = ANA) -> None:
    """Tell one status after the other, each as a message of its own."""
    for status in statuses:
        await stage.plan(batch(status, number=status.rank + 1, order_id=order_id, recipient_id=recipient_id))


async def orders_placed(stage: Stage, number: int) -> list[str]:
    """Place some orders; answers them newest first."""
    orders = [f"A{n}" for n in range(number)]
    for order_id in orders:
        await told(stage, order_id, Status.PLACED)
    return orders[::-1]


async def card(stage: Stage, order_id: str = "A17") -> Card:
    found = await stage.store.inboxes.card(ANA, order_id)
    assert found
    return found


async def inbox(stage: Stage, *, archived: bool = False) -> list[str]:
    return ids((await stage.store.inboxes.page(ANA, archived=archived)).cards)


def ids(cards: Sequence[Card]) -> list[str]:
    return [one.order_id for one in cards]


async def changed_since(stage: Stage, change: int) -> list[tuple[str, int]]:
    return [(one.order_id, one.change) for one in await stage.store.inboxes.changes_since(ANA, change)]


async def test_an_order_is_one_card_with_its_newest_message_and_its_trail(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED, Status.OUT_FOR_DELIVERY)

    [one] = (await stage.store.inboxes.page(ANA)).cards
    assert (one.order_id, one.role, one.status) == ("A17", Role.CUSTOMER, Status.OUT_FOR_DELIVERY)
    assert one.newest.text.startswith("OUT_FOR_DELIVERY")
    assert [message.statuses for message in one.messages] == [(Status.OUT_FOR_DELIVERY,), (Status.PLACED,)]
    assert (one.is_seen, one.is_read, one.is_archived) == (False, False, False)
    assert one == await card(stage)


async def test_the_order_with_the_newest_news_comes_first(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED)
    await told(stage, "A18", Status.PLACED)
    await told(stage, "A17", Status.OUT_FOR_DELIVERY)

    assert await inbox(stage) == ["A17", "A18"]


async def test_nobody_sees_the_cards_of_another(stage: Stage) -> None:
    await stage.store.load([somebody("c-43")])
    await told(stage, "A17", Status.PLACED, recipient_id="c-43")

    assert await inbox(stage) == []
    assert await stage.store.inboxes.card(ANA, "A17") is None
    assert await stage.store.inboxes.mark(ANA, "A17", READ) is None
    assert await stage.store.inboxes.mark_all(ANA, READ) == Counts(0, 0)
    assert await stage.store.inboxes.changes_since(ANA, 0) == []
    assert await stage.store.inboxes.counts("c-43") == Counts(1, 1)


async def pages(stage: Stage, limit: int, *, meanwhile: str = "") -> list[str]:
    """Walk to the end; ``meanwhile`` there is news of an order after the first page."""
    page: InboxPage = await stage.store.inboxes.page(ANA, limit=limit)
    found = ids(page.cards)
    if meanwhile:
        await told(stage, meanwhile, Status.OUT_FOR_DELIVERY)
    while page.cursor:
        page = await stage.store.inboxes.page(ANA, page.cursor, limit=limit)
        found += ids(page.cards)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_pages_hold_every_card_once(stage: Stage, limit: int) -> None:
    orders = await orders_placed(stage, 7)

    assert await pages(stage, limit) == orders


@pytest.mark.parametrize("order_id", ["A0", "A3", "A6", "new"])
async def test_a_walk_through_the_pages_is_not_disturbed_by_news(stage: Stage, order_id: str) -> None:
    orders = await orders_placed(stage, 7)

    assert await pages(stage, 3, meanwhile=order_id) == orders


async def test_a_card_that_is_brought_back_during_a_walk_is_not_among_the_archived(stage: Stage) -> None:
    orders = await orders_placed(stage, 3)
    await stage.store.inboxes.mark_all(ANA, ARCHIVE)
    first = await stage.store.inboxes.page(ANA, archived=True, limit=1)
    await told(stage, "A0", Status.OUT_FOR_DELIVERY)

    rest = await stage.store.inboxes.page(ANA, first.cursor, archived=True)
    assert ids(first.cards) + ids(rest.cards) == orders[:-1]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "MTAuNQ", "MS4y", "LTEuLTE=", "MDEuMQ==", "OS45OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "\0", "é"],
)
async def test_a_cursor_that_is_none_of_ours_is_refused_by_name(stage: Stage, cursor: str) -> None:
    with pytest.raises(BadInput) as refused:
        await stage.store.inboxes.page(ANA, cursor)

    assert refused.value.field == "cursor"
    assert cursor == "" or cursor not in refused.value.problem


async def test_what_is_read_was_seen_and_is_read_in_the_ledger(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED, Status.OUT_FOR_DELIVERY)
    await told(stage, "A18", Status.PLACED)

    marked = await stage.store.inboxes.mark(ANA, "A17", READ)

    assert marked
    assert (marked.is_seen, marked.is_read) == (True, True)
    assert all(message.read_at for message in marked.messages)
    assert [row.status for row in await stage.store.history("A17") if row.channel is IN_APP] == ["READ"] * 2
    assert (await stage.rows("A18"))[IN_APP].status == "DELIVERED"
    assert (await stage.rows("A17"))[PUSH].status == "PENDING", "only what is in the inbox was read there"


async def test_seeing_a_card_is_not_reading_it(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED)

    await stage.store.inboxes.mark(ANA, "A17", SEEN)

    assert await stage.store.inboxes.counts(ANA) == Counts(unseen=0, unread=1)
    assert (await stage.rows())[IN_APP].status == "DELIVERED"


async def test_news_brings_an_archived_card_back_unread(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED)
    await stage.store.inboxes.mark(ANA, "A17", READ)
    await stage.store.inboxes.mark(ANA, "A17", ARCHIVE)
    assert (await inbox(stage), await inbox(stage, archived=True)) == ([], ["A17"])

    await told(stage, "A17", Status.OUT_FOR_DELIVERY)

    assert (await inbox(stage), await inbox(stage, archived=True)) == (["A17"], [])
    assert await stage.store.inboxes.counts(ANA) == Counts(unseen=1, unread=1)


async def test_an_archived_card_can_be_taken_out_again(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED)
    await stage.store.inboxes.mark(ANA, "A17", ARCHIVE)
    assert await stage.store.inboxes.counts(ANA) == Counts(0, 0), "what is put away is not counted"

    await stage.store.inboxes.mark(ANA, "A17", UNARCHIVE)

    assert await inbox(stage) == ["A17"]


@pytest.mark.parametrize("order_id", ["", "\0", "A\ud800", "x" * 10_000])
async def test_an_order_that_cannot_be_is_one_that_is_not_there(stage: Stage, order_id: str) -> None:
    assert await stage.store.inboxes.card(ANA, order_id) is None
    assert await stage.store.inboxes.mark(ANA, order_id, READ) is None


@pytest.mark.parametrize("mark", [SEEN, READ, ARCHIVE])
async def test_what_nobody_knew_of_is_not_marked(stage: Stage, mark: Mark) -> None:
    await told(stage, "A17", Status.PLACED)
    shown = await card(stage)
    await told(stage, "A17", Status.OUT_FOR_DELIVERY)
    now = await card(stage)

    assert await stage.store.inboxes.mark(ANA, "A17", mark, shown.number) == now
    assert await stage.store.inboxes.mark(ANA, "A17", mark, now.number) != now


async def test_marking_all_leaves_what_is_archived_as_it_is(stage: Stage) -> None:
    await orders_placed(stage, 3)
    await stage.store.inboxes.mark(ANA, "A1", ARCHIVE)

    assert await stage.store.inboxes.mark_all(ANA, SEEN) == Counts(0, 2)
    assert await stage.store.inboxes.mark_all(ANA, READ) == Counts(0, 0)

    assert [(await card(stage, order_id)).is_read for order_id in ("A0", "A1", "A2")] == [True, False, True]
    assert [(await stage.rows(order_id))[IN_APP].status for order_id in ("A0", "A1")] == ["READ", "DELIVERED"]


async def test_everything_can_be_put_away_and_taken_out(stage: Stage) -> None:
    orders = await orders_placed(stage, 3)

    await stage.store.inboxes.mark_all(ANA, ARCHIVE)
    assert (await inbox(stage), await inbox(stage, archived=True)) == ([], orders)
    await stage.store.inboxes.mark_all(ANA, UNARCHIVE)
    assert (await inbox(stage), await inbox(stage, archived=True)) == (orders, [])


async def test_every_change_has_a_number_of_its_own(stage: Stage) -> None:
    await orders_placed(stage, 3)
    assert await changed_since(stage, 0) == [("A0", 1), ("A1", 2), ("A2", 3)]

    await stage.store.inboxes.mark(ANA, "A0", SEEN)
    await stage.store.inboxes.mark_all(ANA, READ)
    await told(stage, "A1", Status.OUT_FOR_DELIVERY)

    assert await changed_since(stage, 3) == [("A0", 5), ("A2", 7), ("A1", 8)]
    assert await changed_since(stage, 5) == [("A2", 7), ("A1", 8)]
    assert await stage.store.inboxes.heads([ANA, "c-nobody"]) == {ANA: 8}


async def test_a_mark_that_changes_nothing_has_no_number(stage: Stage) -> None:
    await told(stage, "A17", Status.PLACED)
    await stage.store.inboxes.mark(ANA, "A17", READ)
    before = await stage.store.inboxes.heads([ANA])

    for mark in (SEEN, READ, UNARCHIVE):
        await stage.store.inboxes.mark(ANA, "A17", mark)
        await stage.store.inboxes.mark_all(ANA, mark)

    assert await stage.store.inboxes.heads([ANA]) == before


async def test_changes_come_in_parts_that_follow_each_other(stage: Stage) -> None:
    await orders_placed(stage, 5)
    await stage.store.inboxes.mark_all(ANA, READ)

    change, found = 0, list[str]()
    while part := await stage.store.inboxes.changes_since(ANA, change, limit=2):
        assert len(part) <= 2
        change = part[-1].change
        found += ids(part)

    assert found == ["A0", "A1", "A2", "A3", "A4"]


async def test_whoever_follows_the_numbers_misses_nothing_of_what_happens_at_once(stage: Stage) -> None:
    """As a stream does: on from the last number seen, while plans and marks get in each other's way."""
    working = asyncio.gather(
        *(told(stage, f"A{n}", Status.PLACED, Status.OUT_FOR_DELIVERY) for n in range(8)),
        *(stage.store.inboxes.mark_all(ANA, READ) for _ in range(4)),
    )
    seen, change = dict[str, Card](), 0
    while not working.done() or (await stage.store.inboxes.heads([ANA]))[ANA] > change:
        for one in await stage.store.inboxes.changes_since(ANA, change):
            assert one.change > change, "in order, and nothing twice"
            seen[one.order_id], change = one, one.change
        await asyncio.sleep(0)
    await working

    assert seen == {f"A{n}": await card(stage, f"A{n}") for n in range(8)}


async def test_a_card_of_countless_messages_shows_the_newest(stage: Stage) -> None:
    for number in range(MESSAGES_ON_A_CARD + 3):
        piece = news(Status.PREPARING, at=NOON + number * MINUTE / 10, event_id=f"evt-{number}")
        await stage.plan(batch(piece, number=number + 1))

    shown = await card(stage)
    assert len(shown.messages) == MESSAGES_ON_A_CARD
    assert shown.number == MESSAGES_ON_A_CARD + 3


async def test_many_are_counted_as_so_many(stage: Stage) -> None:
    await orders_placed(stage, COUNTED_UP_TO + 1)

    assert await stage.store.inboxes.counts(ANA) == Counts(COUNTED_UP_TO, COUNTED_UP_TO)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.PLACED], [P.NOW, *[P.AHEAD] * 6]),
        ([Status.PLACED, Status.OUT_FOR_DELIVERY], [*[P.PASSED] * 4, P.NOW, *[P.AHEAD] * 2]),
        ([Status.DELIVERED], [*[P.PASSED] * 6, P.NOW]),
        ([Status.PLACED, Status.PREPARING, Status.CANCELLED], [*[P.PASSED] * 3, P.STOPPED]),
        ([Status.CANCELLED], [P.STOPPED]),
    ],
)
async def test_a_card_says_how_far_its_order_is(
    stage: Stage, statuses: list[Status], expected: list[Progress]
) -> None:
    await told(stage, "A17", *statuses)

    assert [progress for _, progress in steps(await card(stage))] == expected
