"""Telling an order again goes by how its tasks really ran, and by who could be reached how."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from activities.store import Store
from activities.wording import FluentWording
from domain.channels import Channel
from domain.deciding import NO_PROVIDER
from domain.desk import Desk
from domain.orders import Order, OrderEvent
from domain.status import Role, Status
from domain.telling import Decision, Plan, Verdict
from operating.replay.again import Again
from operating.replay.recorded import Recorded, Task, Wake
from operating.replay.told import Key, Said, Telling
from tests.store.stage import MINUTE, NOON, SMS, somebody

SECOND = timedelta(seconds=1)
WORDING = FluentWording()


@pytest.fixture(autouse=True)
async def ana(store: Store) -> None:
    """The store knows one customer."""
    await store.load([somebody()])


def event(status: Status, at: datetime) -> OrderEvent:
    return OrderEvent(
        event_id=f"evt-{status.lower()}", order_id="A17", status=status, occurred_at=at, customer_id="c-42"
    )


def recorded(*tasks: tuple[datetime, Status], **given: object) -> Recorded:
    """A run of one event with each task."""
    run = Recorded(Desk(order=Order(order_id="A17")), NOON, tasks[-1][0] + 5 * MINUTE)
    run.tasks = [Task(at, [event(status, at)]) for at, status in tasks]
    for name, value in given.items():
        setattr(run, name, value)
    return run


def key(status: Status) -> Key:
    return Key("c-42", Role.CUSTOMER, f"evt-{status.lower()}")


def told(status: Status, number: int = 1, **channels: Decision) -> Mapping[Key, Telling]:
    """What a ledger has of one batch."""
    said = {Channel(name): Said(decision) for name, decision in channels.items()}
    telling = Telling(key(status), 1, NOON + MINUTE, status, said, (key(status).event_id,), NOON, number)
    return {telling.key: telling}


async def again(run: Recorded, store: Store, then: Mapping[Key, Telling] | None = None) -> dict[Key, Telling]:
    telling = Again(run, then or {}, [], store, WORDING, None)
    await telling.tell()
    return telling.told


async def test_news_that_came_while_the_worker_was_late_for_a_window_goes_with_it(store: Store) -> None:
    run = recorded((NOON, Status.ACCEPTED), (NOON + 3 * MINUTE, Status.PREPARING))

    assert list(await again(run, store)) == [key(Status.ACCEPTED), key(Status.PREPARING)]
    run.wakes = {1: Wake(NOON + MINUTE, NOON + MINUTE + SECOND, by=1)}
    merged = await again(run, store)

    assert [telling.events for telling in merged.values()] == [("evt-accepted", "evt-preparing")]


async def test_news_that_came_while_a_plan_was_awaited_is_told_when_it_was_there(store: Store) -> None:
    tasks = [(NOON, Status.OUT_FOR_DELIVERY), (NOON + SECOND, Status.NEARBY)]
    run = recorded(*tasks, (NOON + 2 * SECOND, Status.DELIVERED))
    run.plans = {1: (Plan(number=1), 2)}

    found = await again(run, store, told(Status.OUT_FOR_DELIVERY))

    assert list(found) == [key(Status.OUT_FOR_DELIVERY), key(Status.DELIVERED)]
    assert found[key(Status.DELIVERED)].events == ("evt-nearby", "evt-delivered")


async def test_what_was_merged_for_longer_while_a_queue_was_behind_is_so_again(store: Store) -> None:
    tasks = [
        (NOON, Status.PLACED),
        (NOON + 5 * SECOND, Status.ACCEPTED),
        (NOON + 90 * SECOND, Status.PREPARING),
    ]
    run = recorded(*tasks)
    run.plans = {1: (Plan(number=1, behind=(Channel.PUSH,)), 0)}

    run.behind = [True]
    held = await again(run, store, told(Status.PLACED))
    run.behind = [False]
    not_held = await again(run, store, told(Status.PLACED))

    assert list(held) == [key(Status.PLACED), key(Status.PREPARING)]
    assert list(not_held) == [key(Status.PLACED), key(Status.ACCEPTED), key(Status.PREPARING)]


@pytest.mark.parametrize("reason", [NO_PROVIDER, "no phone number"])
async def test_who_could_not_be_reached_then_is_not_reached_again(store: Store, reason: str) -> None:
    refused = told(Status.OUT_FOR_DELIVERY, sms=Decision(verdict=Verdict.REFUSED, reason=reason))

    found = await again(recorded((NOON, Status.OUT_FOR_DELIVERY)), store, refused)

    said = found[key(Status.OUT_FOR_DELIVERY)].channels[SMS]
    assert (said.decision.verdict, said.decision.reason) == (Verdict.REFUSED, reason)


def test_more_events_than_one_task_reads_are_a_crowd() -> None:
    run = recorded((NOON, Status.PLACED))
    run.tasks[0].events *= 250
    assert not run.is_crowded

    run.tasks[0].events += run.tasks[0].events[:1]
    assert run.is_crowded
