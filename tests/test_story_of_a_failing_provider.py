"""A provider that fails for everybody is not called for a while: what people hear then, and how it ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from temporalio.service import RPCError

from activities.breakers import Tally
from activities.store.notifications import Notification
from domain.breaker import AT_LEAST_CALLS, BreakerState, Health
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from simulator import Fault
from tests.stage import City, OrderStory, Person, Stage

NEARBY, OUT = Status.NEARBY, Status.OUT_FOR_DELIVERY
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
N = NotificationStatus
PUSH_ALONE = {status: {"sms": "off", "email": "off"} for status in Status}
OUTAGE = Fault(kind="error", provider="fcm", status=503)
NOT_CALLED = "fcm is failing and not called"


@pytest.fixture(autouse=True)
async def every_provider_is_well(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """No story's failures are the next one's, and what went before does not dilute them."""
    await stage.every_provider_is_well()
    yield
    await _ends(stage, stage.orders[request.node.name])
    stage.simulator.clear_faults()
    stage.clock.is_right_again()
    await stage.every_provider_is_well()


async def fcm(stage: Stage) -> Health:
    """How FCM is, by all calls up to now."""
    await stage.breakers.settle_accounts()
    return next(health for health in await stage.store.healths() if health.provider == "fcm")


async def _ends(stage: Stage, order_id: str) -> None:
    """What goes on trying would take the next story's probe."""
    with contextlib.suppress(RPCError):
        await stage.client.get_workflow_handle(f"order-{order_id}").terminate("its story is told")


async def many_orders_fail(city: City, fault: Fault) -> None:
    """As many customers as it takes, each with an order whose push fails."""
    city.fails(fault)
    people = [await city.customer(preferences=PUSH_ALONE) for _ in range(AT_LEAST_CALLS)]
    orders = [city.order(person) for person in people]
    await asyncio.gather(*(order.becomes(OUT) for order in orders))
    await asyncio.gather(*(_ends(city.stage, order.order_id) for order in orders))
    await city.stage.breakers.settle_accounts()


async def fcm_is_down(city: City) -> None:
    """An outage that other workers have seen before ours."""
    city.fails(OUTAGE)
    calls = Tally(AT_LEAST_CALLS, AT_LEAST_CALLS)
    await city.stage.store.settle_calls({"fcm": calls}, city.stage.clock())
    assert (await fcm(city.stage)).state is BreakerState.OPEN


async def time_passes(city: City, seconds: float, *orders: OrderStory) -> None:
    """For the workers and for the orders."""
    city.stage.clock.passes(seconds)
    await asyncio.gather(*(order.passes(seconds) for order in orders))


async def push_of(order: OrderStory) -> Notification:
    return next(row for row in await order.rows() if row.channel is PUSH)


async def news_that_waits(city: City) -> tuple[Person, OrderStory]:
    """Somebody who hears by push alone of a courier nearby, while FCM is not called."""
    person = await city.customer(preferences=PUSH_ALONE)
    order = city.order(person)
    await order.becomes(NEARBY)
    push = await push_of(order)
    assert (push.status, push.reason) == (N.RETRYING, NOT_CALLED)
    return person, order


async def test_an_outage_opens_the_breaker_and_news_goes_to_its_next_channel_without_a_call(
    city: City,
) -> None:
    await many_orders_fail(city, OUTAGE)
    before = await fcm(city.stage)
    assert before.state is BreakerState.OPEN
    assert before.reason.endswith("calls failed within 5 minutes")
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(NEARBY)

    assert ana.texts == ["Your order is just around the corner."]
    push = await push_of(order)
    assert (push.status, push.reason, push.retry_count) == (N.FAILED, NOT_CALLED, 0)
    assert (await fcm(city.stage)).calls == before.calls


async def test_other_providers_are_called_as_ever(city: City) -> None:
    await fcm_is_down(city)
    ana = await city.customer(preferences={"OUT_FOR_DELIVERY": {"email": "on"}})
    order = city.order(ana)

    await order.becomes(OUT)

    assert await order.lines(ana) == {
        "push": "PENDING",
        "sms": "SENT",
        "email": "SENT",
        "in_app": "DELIVERED",
    }
    await city.stage.breakers.settle_accounts()
    states = {one.provider: one.state for one in await city.stage.store.healths()}
    assert states["fcm"] is BreakerState.OPEN
    assert states["smtp"] is states["twilio"] is BreakerState.CLOSED


async def test_news_without_another_channel_is_told_when_a_probe_has_found_the_provider_well(
    city: City,
) -> None:
    await fcm_is_down(city)
    ben, order = await news_that_waits(city)

    city.fails()
    await time_passes(city, 34, order)

    assert len(ben.pushes) == 1
    assert (await push_of(order)).status is N.SENT
    well = await fcm(city.stage)
    assert (well.state, well.reason) == (BreakerState.CLOSED, "a probe succeeded")


async def test_a_provider_is_not_probed_before_30_seconds_have_passed(city: City) -> None:
    await fcm_is_down(city)
    ben, order = await news_that_waits(city)

    city.fails()
    city.stage.clock.passes(20)
    await order.passes(34)

    assert ben.pushes == []
    assert (await fcm(city.stage)).state is BreakerState.OPEN


async def test_news_that_waits_for_a_provider_ends_with_its_deadline(city: City) -> None:
    await fcm_is_down(city)
    ben, order = await news_that_waits(city)

    # The wait after an attempt so late would pass the deadline: nobody waits for nothing.
    await order.passes(NEARBY.rule.useful_for.total_seconds() - 25)
    await order.passes(20)

    push = await push_of(order)
    assert (push.status, push.reason) == (N.EXPIRED, NOT_CALLED)
    assert ben.pushes == []


async def test_one_probe_at_a_time_decides(city: City) -> None:
    await fcm_is_down(city)
    (ben, his), (cem, hers) = await news_that_waits(city), await news_that_waits(city)
    calls = (await fcm(city.stage)).calls

    await time_passes(city, 34, his, hers)
    after_one = await fcm(city.stage)
    assert (after_one.calls, after_one.reason) == (calls + 1, "a probe failed")

    await time_passes(city, 34, his, hers)
    assert (await fcm(city.stage)).calls == calls + 2

    city.fails()
    await time_passes(city, 34, his, hers)
    await time_passes(city, 34, his, hers)
    assert (len(ben.pushes), len(cem.pushes)) == (1, 1)


async def test_a_provider_forced_open_is_skipped_at_once_until_it_is_given_back(city: City) -> None:
    await city.stage.store.force_breaker("fcm", BreakerState.FORCED_OPEN, "maintenance until noon")
    await city.stage.breakers.settle_accounts()
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(NEARBY)
    assert (ana.pushes, len(ana.texts)) == ([], 1)
    assert (await fcm(city.stage)).calls == 0

    await city.stage.every_provider_is_well()
    await order.becomes(Status.DELIVERED)
    assert len(ana.pushes) == 1


async def test_a_provider_forced_open_is_not_probed(city: City) -> None:
    await city.stage.store.force_breaker("fcm", BreakerState.FORCED_OPEN, "maintenance until noon")
    await city.stage.breakers.settle_accounts()
    ben, order = await news_that_waits(city)

    await time_passes(city, 120, order)

    assert ben.pushes == []
    assert (await fcm(city.stage)).reason == "maintenance until noon"


async def test_a_provider_forced_closed_is_called_whatever_fails(city: City) -> None:
    await city.stage.store.force_breaker("fcm", BreakerState.FORCED_CLOSED, "we know better")
    await city.stage.store.settle_calls({"fcm": Tally(100, 100)}, city.stage.clock())
    await city.stage.breakers.settle_accounts()
    ana = await city.customer()

    await city.order(ana).becomes(NEARBY)

    assert len(ana.pushes) == 1
    assert (await fcm(city.stage)).state is BreakerState.FORCED_CLOSED


async def test_our_own_bad_credentials_open_the_breaker_too_and_raise_an_alarm(city: City) -> None:
    await many_orders_fail(city, Fault(kind="credentials", provider="fcm"))
    ana = await city.customer()

    await city.order(ana).becomes(NEARBY)

    assert (await fcm(city.stage)).state is BreakerState.OPEN
    assert (ana.pushes, len(ana.texts)) == ([], 1)
    assert any("fcm needs an operator" in line for line in city.stage.log)
