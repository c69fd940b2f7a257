"""What the bridge promises, told once for each broker."""

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import http as cloud_events
from cloudevents.core.v1.event import CloudEvent

from domain.status import Status
from tests.bridge.brokers import BROKERS
from tests.bridge.stage import Crossing, a_crossing, events_of
from tests.processes import eventually
from tests.stage import City, Stage

OUT = Status.OUT_FOR_DELIVERY
OUTCOMES = ("accepted", "duplicate", "refused")


@pytest.fixture(scope="module", params=BROKERS)
async def crossing(
    request: pytest.FixtureRequest, stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Crossing]:
    """One bridge for all stories of a broker; a story that ends it starts it again."""
    async with a_crossing(stage, request.param, tmp_path_factory.mktemp(request.param)) as crossing:
        yield crossing


def _now(order_id: str, customer_id: str, **overrides: Any) -> dict[str, Any]:
    return {
        "event_id": f"{order_id}-now",
        "order_id": order_id,
        "status": OUT,
        "occurred_at": datetime.now(UTC).isoformat(),
        "customer_id": customer_id,
        "facts": {"merchant_name": "Burger Barn"},
        **overrides,
    }


async def test_what_is_published_is_told_and_leaves_the_broker(crossing: Crossing, city: City) -> None:
    ana = await city.customer()

    await crossing.publish(_now("B1" + crossing.kind, ana.id))

    await eventually(lambda: len(ana.pushes) == 1)
    assert "Burger Barn" in ana.pushes[0]
    await crossing.nothing_is_left()


async def test_events_of_an_order_arrive_as_they_were_published(crossing: Crossing, city: City) -> None:
    orders = [events_of(city, "c-42", 12) for _ in range(8)]

    for step in zip(*orders, strict=True):
        await crossing.publish(*step)
    await crossing.nothing_is_left()

    for events in orders:
        await crossing.has_signalled(events)


@pytest.mark.parametrize("mode", [cloud_events.to_binary_event, cloud_events.to_structured_event])
async def test_a_cloud_event_is_an_order_event(crossing: Crossing, city: City, mode: Any) -> None:
    (event,) = events_of(city, "c-42", 1)
    attributes = {
        "id": event["event_id"],
        "source": "/orders",
        "type": "org.example.order",
        "subject": event["order_id"],
        "time": datetime.fromisoformat(event["occurred_at"]),
        "datacontenttype": "application/json",
    }
    sent = mode(CloudEvent(attributes, {name: event[name] for name in ("status", "customer_id")}))

    await crossing.broker.publish(event["order_id"], sent.body, sent.headers)
    await crossing.nothing_is_left()

    await crossing.has_signalled([event])


async def test_what_is_published_twice_is_told_once(crossing: Crossing, city: City) -> None:
    ana = await city.customer()
    twice = _now("B2" + crossing.kind, ana.id)

    await crossing.publish(twice, twice)
    # Told apart: news that waits together is told together.
    await eventually(lambda: len(ana.pushes) == 1)
    await crossing.publish(_now("B2" + crossing.kind, ana.id, event_id="later", status=Status.NEARBY))

    await eventually(lambda: len(ana.pushes) == 2)
    await crossing.nothing_is_left()


async def test_poison_at_every_tenth_place_stops_nobody(crossing: Crossing, city: City) -> None:
    orders = [events_of(city, "c-42", 9) for _ in range(4)]
    poison = [
        f'{{"order_id": "{events[0]["order_id"]}", "status": "ON_THE_MOON"}}'.encode() for events in orders
    ]

    for events, bad in zip(orders, poison, strict=True):
        await crossing.publish(*events[:5])
        await crossing.broker.publish(events[0]["order_id"], bad)
        await crossing.publish(*events[5:])
    await crossing.nothing_is_left()

    for events in orders:
        await crossing.has_signalled(events)
    parked = dict(await crossing.broker.parked())
    listed = {one.raw: one for one in await crossing.stage.store.dead_letters(1000)}
    for events, bad in zip(orders, poison, strict=True):
        assert parked[bad].startswith("event_id: missing")
        letter = listed[bad.decode()]
        assert (letter.order_id, letter.source) == (events[0]["order_id"], "bridge")
        assert letter.reason == parked[bad]


async def test_what_became_of_messages_is_counted(crossing: Crossing, city: City) -> None:
    events = events_of(city, "c-42", 4)
    before = {one: await crossing.figure("bridge_events", outcome=one) for one in OUTCOMES}

    await crossing.publish(*events, events[0])
    await crossing.broker.publish("nobody", b"nonsense")
    await crossing.nothing_is_left()

    assert {one: await crossing.figure("bridge_events", outcome=one) - before[one] for one in OUTCOMES} == {
        "accepted": 4,
        "duplicate": 1,
        "refused": 1,
    }

    for name in ("bridge_lag", "bridge_in_flight", "bridge_oldest_seconds", "bridge_paused"):
        await crossing.shows(name, 0)


async def test_an_event_of_an_order_that_is_over_leaves_the_broker(crossing: Crossing, city: City) -> None:
    ana = await city.customer()
    order_id = city.order(ana).order_id
    over = crossing.stage.client.get_workflow_handle(f"order-{order_id}")

    await crossing.publish(_now(order_id, ana.id, status=Status.DELIVERED))
    await crossing.nothing_is_left()
    await over.result()
    await crossing.publish(_now(order_id, ana.id, event_id="too-late"))

    await crossing.nothing_is_left()


async def test_a_killed_bridge_loses_and_doubles_nothing(crossing: Crossing, city: City) -> None:
    orders = [events_of(city, "c-42", 6) for _ in range(10)]

    for step in zip(*orders, strict=True):
        await crossing.publish(*step)
        if step[0]["event_id"].endswith("-3"):
            crossing.bridge.send(signal.SIGKILL)
    await crossing.open()
    await crossing.nothing_is_left()

    for events in orders:
        await crossing.has_signalled(events)


async def test_bridges_that_come_and_go_keep_every_order_in_its_order(crossing: Crossing, city: City) -> None:
    if crossing.kind == "nats":
        pytest.skip("one bridge reads a consumer of JetStream")
    orders = [events_of(city, "c-42", 9) for _ in range(8)]

    for number, step in enumerate(zip(*orders, strict=True)):
        if number == 3:
            second = await crossing.one_more()
        await crossing.publish(*step)
        if number == 5:
            crossing.bridge.terminate()
    assert (await crossing.bridge.ends()).code == 0
    await crossing.nothing_is_left()

    for events in orders:
        await crossing.has_signalled(events)
    crossing.bridge = second


async def test_while_temporal_is_away_the_bridge_waits_and_says_so(crossing: Crossing, city: City) -> None:
    events = events_of(city, "c-42", 3)

    await crossing.publish(events[0])
    await crossing.nothing_is_left()
    await crossing.line.cut()
    await crossing.publish(*events[1:])
    await crossing.bridge.says("Temporal does not answer")
    assert await crossing.broker.left() == 2
    await crossing.shows("bridge_paused", 1)
    await crossing.shows("bridge_lag", 2)
    await crossing.line.mend()
    await crossing.bridge.says("Temporal answers again")
    await crossing.nothing_is_left()

    await crossing.has_signalled(events)


async def test_a_broker_that_comes_back_has_lost_nothing(crossing: Crossing, city: City) -> None:
    events = events_of(city, "c-42", 6)

    await crossing.publish(*events[:3])
    await crossing.broker.is_away()
    await crossing.bridge.says("does not answer")
    await crossing.broker.is_back()
    await crossing.publish(*events[3:])
    await crossing.nothing_is_left()

    await crossing.has_signalled(events)


async def test_asked_to_end_the_bridge_finishes_what_it_holds(crossing: Crossing, city: City) -> None:
    events = events_of(city, "c-42", 6)

    await crossing.publish(*events)
    crossing.bridge.terminate()
    ended = await crossing.bridge.ends()

    assert ended.code == 0, ended.err
    assert f"0 messages are left to {crossing.kind}" in ended.out.lower()
    await crossing.open()
    await crossing.nothing_is_left()
    await crossing.has_signalled(events)
