"""The parts of the bridge that need no broker: order, commits, catching up, and what a gate lets through."""

import asyncio
import itertools
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.catching_up import CatchingUp, Delivery
from bridge.gate import Gate, NotNow
from bridge.lanes import Held, Lanes
from bridge.offsets import Offsets
from bridge.source import Message
from domain.orders import BadInput, OrderEvent
from domain.status import Status
from tests.processes import PATIENCE


def held(order_id: str, number: int, share: str = "") -> Held:
    event = OrderEvent(
        event_id=f"{order_id}-{number}",
        order_id=order_id,
        status=Status.PLACED,
        occurred_at=datetime(2026, 11, 22, tzinfo=UTC),
        customer_id="c-42",
    )
    return Held(Message(b"", {}, f"place {number}", share=share), event)


def order_of(one: Held) -> str:
    assert isinstance(one.content, OrderEvent)
    return one.content.order_id


class Work:
    """What the lanes do with what they hold: takes as long as a test lets it, and remembers."""

    def __init__(self) -> None:
        self.done: list[Held] = []
        self.under_way: list[Held] = []
        self.may_go_on = asyncio.Event()
        self.most = 0

    async def __call__(self, one: Held) -> None:
        assert order_of(one) not in map(order_of, self.under_way), "two of one order at a time"
        self.under_way.append(one)
        self.most = max(self.most, len(self.under_way))
        await self.may_go_on.wait()
        await asyncio.sleep(0)
        self.under_way.remove(one)
        self.done.append(one)


async def test_events_of_an_order_take_turns_and_orders_go_side_by_side() -> None:
    work, chance = Work(), random.Random(7)  # noqa: S311 no secret
    work.may_go_on.set()
    todo = [held(f"order-{chance.randrange(9)}", number) for number in range(200)]

    async with Lanes(work, capacity=1000, at_once=4).open() as lanes:
        for one in todo:
            lanes.take(one)
        assert await lanes.are_empty(PATIENCE)

    for order in {order_of(one) for one in todo}:
        assert [one for one in work.done if order_of(one) == order] == [
            one for one in todo if order_of(one) == order
        ]
    assert work.most == 4


async def test_an_order_with_many_events_keeps_no_other_waiting() -> None:
    work = Work()
    work.may_go_on.set()
    busy, quick = [held("busy", number) for number in range(50)], held("quick", 0)

    async with Lanes(work, capacity=1000, at_once=1).open() as lanes:
        for one in [*busy, quick]:
            lanes.take(one)
        assert await lanes.are_empty(PATIENCE)

    assert work.done.index(quick) == 1


async def test_what_is_taken_from_us_is_forgotten_but_for_what_is_under_way() -> None:
    work = Work()
    ours, theirs = held("a", 1, "mine"), [held("b", number, "taken") for number in range(3)]

    async with Lanes(work, capacity=10, at_once=2).open() as lanes:
        for one in [ours, *theirs]:
            lanes.take(one)
        await asyncio.sleep(0.01)
        letting_go = asyncio.create_task(lanes.let_go({"taken"}, PATIENCE))
        await asyncio.sleep(0)
        work.may_go_on.set()
        await letting_go
        assert await lanes.are_empty(PATIENCE)

    assert set(work.done) == {ours, theirs[0]}


async def test_what_takes_too_long_to_be_let_go_is_nobodys_business_of_ours() -> None:
    work = Work()
    slow = held("a", 1, "taken")

    async with Lanes(work, capacity=10, at_once=1).open() as lanes:
        lanes.take(slow)
        await asyncio.sleep(0.01)
        await lanes.let_go({"taken"}, 0.01)

    assert slow.is_let_go


async def test_a_bug_in_the_work_is_not_swallowed() -> None:
    async def breaks(_: Held) -> None:
        raise RuntimeError("a bug")

    async with Lanes(breaks, capacity=10, at_once=1).open() as lanes:
        lanes.take(held("a", 1))
        with pytest.raises(RuntimeError, match="a bug"):
            await lanes.are_empty(PATIENCE)


async def test_what_cannot_be_read_is_in_nobodys_way() -> None:
    bad = [Held(Message(b"", {}, "x"), BadInput("event", "is not JSON")) for _ in range(2)]

    assert bad[0].lane is not bad[1].lane


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_nothing_is_committed_before_all_before_it_is_done(gaps: list[int], chance: random.Random) -> None:
    offsets = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    partition, done = Offsets(), set[int]()
    for offset in offsets:
        partition.given("t/0", offset)

    for offset in chance.sample(offsets, len(offsets)):
        partition.done("t/0", offset)
        done.add(offset)
        without_a_gap = list(itertools.takewhile(done.__contains__, offsets))
        assert partition.next.get("t/0") == (without_a_gap[-1] + 1 if without_a_gap else None)


def test_a_partition_that_was_taken_from_us_is_not_committed_any_more() -> None:
    partition = Offsets()
    partition.given("t/0", 1)
    partition.forget({"t/0"})

    partition.done("t/0", 1)

    assert partition.next == {}


@given(st.integers(1, 40), st.integers(0, 40), st.randoms(use_true_random=False))
def test_what_comes_again_goes_before_what_is_new(events: int, lost: int, chance: random.Random) -> None:
    """A bridge was killed that had been given some; they come again behind the new ones, in any order."""
    lost = min(lost, events)
    again = chance.sample(range(lost), lost)
    stream = list(range(lost, events))
    for place in again:
        stream.insert(chance.randint(0, len(stream)), place)
    ours, handed_on = CatchingUp[int](lost, is_behind=lost > 0), list[int]()

    given_so_far = lost
    for number, place in enumerate(stream, lost + 1):
        handed_on += [found for _, found in ours.take([Delivery(number, place, place)])]
        given_so_far = max(given_so_far, place + 1)
        if ours.is_behind:
            handed_on += [found for _, found in ours.looks_at(given_so_far)]

    assert handed_on == list(range(events))


def test_a_delivery_that_never_arrived_holds_up_what_is_newer() -> None:
    ours = CatchingUp[str]()
    assert ours.take([Delivery(1, 10, "a")]) == [(10, "a")]

    assert ours.take([Delivery(3, 12, "c")]) == []
    assert ours.looks_at(unacknowledged=3) == []
    assert ours.take([Delivery(4, 11, "b")]) == []

    assert ours.looks_at(unacknowledged=3) == [(11, "b"), (12, "c")]
    assert not ours.is_behind


def test_what_is_given_again_while_we_have_it_is_acknowledged_by_its_latest_delivery() -> None:
    ours = CatchingUp[str]()
    ours.take([Delivery(1, 10, "first")])

    assert ours.take([Delivery(2, 10, "again")]) == []

    assert ours.acknowledged(10) == "again"
    assert ours.acknowledged(10) is None


async def test_a_gate_says_once_that_it_is_closed_and_once_that_it_is_open() -> None:
    said: list[str] = []
    gate, tries = Gate("Temporal", said.append, ask_every=0), 0

    async def fails_at_first() -> int:
        nonlocal tries
        tries += 1
        if tries <= 5:
            raise NotNow("unavailable")
        return tries

    await asyncio.gather(*(gate.through(fails_at_first) for _ in range(4)))

    assert [line.split(" (")[0].split(" after")[0] for line in said] == [
        "Temporal does not answer",
        "Temporal answers again",
    ]
    assert gate.is_open


async def test_a_refusal_is_an_answer_too() -> None:
    async def refuses() -> None:
        raise BadInput("event", "is more than Temporal takes")

    gate = Gate("Temporal", lambda _: None, ask_every=0)
    with pytest.raises(BadInput):
        await gate.through(refuses)
    assert gate.is_open


def test_what_came_of_a_share_that_was_being_taken_holds_up_nothing_when_it_is_back() -> None:
    offsets = Offsets()
    offsets.given("events/0", 5)
    for offset in (3, 4, 5, 6):
        offsets.given("events/0", offset)

    for offset in (3, 5, 4, 5, 6):
        offsets.done("events/0", offset)

    assert offsets.next == {"events/0": 7}
