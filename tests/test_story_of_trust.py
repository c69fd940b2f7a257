"""Why an order can be trusted: what waits is not forgotten, what was told is not told again, nor too late."""

import asyncio
from datetime import datetime

import pytest

from activities.store.notifications import Notification
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from simulator import Fault
from tests.processes import eventually
from tests.stage import City, OrderStory
from workflows.policy import SEND_QUEUES, SIGNALS_A_RUN

READY, OUT = Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY
PUSH, SMS = Channel.PUSH, Channel.SMS


async def test_an_order_that_continues_as_new_forgets_nothing(city: City) -> None:
    """One story, because it takes as many signals as a run may have."""
    ana, courier = await city.customer(), await city.courier()
    order = city.order(ana, courier=courier)
    city.fails(Fault(kind="error", address=courier.address(PUSH), times=1))
    ready = order.event(READY)
    await order.hears(ready)
    first_run = await run_of(order)

    await hears_often(order, ready, SIGNALS_A_RUN)
    await order.hears(ready)
    assert await run_of(order) != first_run
    assert ana.pushes == []
    await order.passes(61)

    assert len(ana.pushes) == 1, "what waited"
    assert len(courier.pushes) == 1, "what had failed and not left"
    assert (await order.timeline()).duplicates == SIGNALS_A_RUN + 1, "what was heard before"


async def test_an_order_that_starts_again_goes_on_with_what_had_not_left_and_with_nothing_else(
    city: City,
) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(SMS), times=1))
    out = order.event(OUT)
    await order.hears(out)
    assert (len(ana.pushes), len(ana.texts)) == (1, 0)
    await order.handle.terminate()

    await order.hears(out)
    await order.passes(60)

    assert (len(ana.pushes), len(ana.texts)) == (1, 1)
    rows = await city.stage.store.history(order.order_id)
    assert {row.status for row in rows if row.channel in (PUSH, SMS)} == {NotificationStatus.SENT}


async def test_an_order_that_starts_again_does_not_tell_what_is_older_than_what_it_told(city: City) -> None:
    ana, courier = await city.customer(), await city.courier()
    order = city.order(ana, courier=courier)
    await order.becomes(READY)
    await order.passes(61)
    await order.handle.terminate()

    await order.becomes(Status.PREPARING, later=-100)
    await order.passes(61)

    assert [push.partition("\n")[0] for push in ana.pushes] == ["Ready to go"]


async def test_news_leaves_only_when_the_call_before_it_has_ended(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.holds(ana.address(PUSH))

    await order.signal(order.event(OUT))
    await order.has_pushed(ana, 1)
    await order.signal(order.event(Status.NEARBY))
    await order.has_told(ana, 2)
    assert await sends_by(PUSH, order) == 1, "the second waits for the first"
    city.lets_go()
    await order.settles()

    assert await sends_by(PUSH, order) == 2
    pushes = [row for row in await city.stage.store.history(order.order_id) if row.channel is PUSH]
    assert [row.newest_status for row in sorted(pushes, key=when_sent)] == [OUT, Status.NEARBY]


@pytest.mark.parametrize("nonsense", ["text", {"status": "LOST"}, None, 7], ids=["text", "lost", "none", "7"])
async def test_nonsense_neither_stops_an_order_nor_gets_lost(city: City, nonsense: object) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.hears(nonsense)
    await order.becomes(OUT)

    assert await order.status() == "RUNNING"
    assert len(ana.pushes) == 1
    assert len((await order.timeline()).dead_letters) == 1


async def hears_often(order: OrderStory, event: dict[str, object], times: int) -> None:
    """Signal one event again and again, and wait until the last was heard: a crowd is read in parts."""
    before = (await order.timeline()).duplicates

    async def all_are_heard() -> bool:
        return (await order.timeline()).duplicates >= before + times

    for _ in range(0, times, 100):
        await asyncio.gather(*(order.handle.signal("status_changed", event) for _ in range(100)))
    await eventually(all_are_heard)
    await order.settles()


def when_sent(row: Notification) -> datetime:
    """When a provider's answer came."""
    assert row.sent_at is not None
    return row.sent_at


async def sends_by(channel: Channel, order: OrderStory) -> int:
    """How many sends of a channel the order has scheduled."""
    events = (await order.handle.fetch_history()).events
    scheduled = [event.activity_task_scheduled_event_attributes.task_queue.name for event in events]
    return scheduled.count(SEND_QUEUES[channel])


async def run_of(order: OrderStory) -> str | None:
    """The id of the order's newest run."""
    return (await order.handle.describe()).run_id
