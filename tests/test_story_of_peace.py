"""What people are spared, on the product: caps over many orders at once, and nights when clocks change."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.channels import Channel
from domain.deciding import HOURLY_CAPS
from domain.status import Status
from simulator import Fault
from tests.stage import City, OrderStory, Person

S = Status
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
NO_LONGER_THAN = timedelta(days=25)
HALF_AN_HOUR = timedelta(minutes=30)


async def announced(order: OrderStory, status: Status) -> None:
    await order.signal(order.event(status))


async def is_planned(order: OrderStory, ana: Person, batches: int) -> None:
    """Wait until an order has told somebody so often."""
    while len(await order.told(ana)) < batches:  # noqa: ASYNC110 the server sets no event of ours
        await asyncio.sleep(0.05)
    await order.settles()


async def test_50_orders_at_once_push_no_more_than_the_cap_and_all_that_is_urgent(city: City) -> None:
    ana = await city.customer(preferences={status: {"email": "off", "sms": "off"} for status in S})
    orders = [city.order(ana) for _ in range(50)]

    await asyncio.gather(*(announced(order, S.PLACED) for order in orders))
    async with asyncio.timeout(120):
        await asyncio.gather(*(is_planned(order, ana, 1) for order in orders))
    assert len(ana.pushes) == HOURLY_CAPS[PUSH]
    assert len(await ana.inbox()) == 50

    await asyncio.gather(*(announced(order, S.OUT_FOR_DELIVERY) for order in orders[:15]))
    async with asyncio.timeout(120):
        await asyncio.gather(*(is_planned(order, ana, 2) for order in orders[:15]))
    assert len(ana.pushes) == HOURLY_CAPS[PUSH] + 15


async def test_a_fallback_that_is_held_back_leaves_its_turn_to_the_next_and_says_why(city: City) -> None:
    wishes = {"ACCEPTED": {"sms": "fallback", "email": "fallback"}}
    ana = await city.customer(preferences=wishes, caps={"sms": 0})
    order = city.order(ana, window_seconds=0)
    city.fails(Fault(kind="dead", address=ana.address(PUSH)))

    await order.becomes(S.ACCEPTED)

    [told] = await order.told(ana)
    assert (told.line(SMS).status, told.line(SMS).reason) == ("SUPPRESSED", "0 in the last hour")
    assert (ana.texts, len(ana.mails)) == ([], 1)


async def test_a_fallback_that_takes_over_at_night_is_held_back(city: City) -> None:
    begins = datetime.now(UTC) + timedelta(minutes=5)
    quiet = {"start": f"{begins:%H:%M}", "end": f"{begins + timedelta(hours=2):%H:%M}"}
    ana = await city.customer(
        preferences={"ACCEPTED": {"sms": "fallback", "email": "off"}}, quiet_hours=quiet
    )
    order = city.order(ana, window_seconds=0)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))

    await order.becomes(S.ACCEPTED)
    for wait in (6, 34, 133, 661):
        await order.passes(wait)

    [told] = await order.told(ana)
    assert told.line(PUSH).status == "FAILED"
    assert told.line(SMS).status == "SUPPRESSED"
    assert (told.line(SMS).reason or "").startswith("quiet hours ")
    assert ana.texts == []
    assert told.line(Channel.IN_APP).status == "DELIVERED"


async def travels_to(order: OrderStory, moment: datetime) -> None:
    """Let an order get to a night, with a sign of life on the way: one that is silent is given up."""
    while (left := moment - await order.now()) > timedelta(0):
        await order.skip(min(left, NO_LONGER_THAN).total_seconds())
        await order.settles()
        if left > NO_LONGER_THAN:
            await order.hears(order.event(S.PLACED, occurred_at="2026-01-01T00:00:00Z"))


# A time that the clock leaves out in spring, or shows twice in autumn.
CHANGES = {
    "spring in New York": ("America/New_York", "02:30"),
    "autumn in New York": ("America/New_York", "01:30"),
    "spring in Berlin": ("Europe/Berlin", "02:30"),
    "autumn in Berlin": ("Europe/Berlin", "02:30"),
    "spring on Lord Howe": ("Australia/Lord_Howe", "02:15"),
    "autumn on Lord Howe": ("Australia/Lord_Howe", "01:45"),
}


def next_change(zone: str, *, ahead: bool) -> datetime:
    """When the clocks of a zone are next put ahead, or back."""

    def offset(at: datetime) -> timedelta:
        return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)

    at, step = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1), HALF_AN_HOUR
    while offset(at) == offset(at - step) or (offset(at) > offset(at - step)) is not ahead:
        at += step
    return at


@pytest.mark.parametrize("change", CHANGES)
async def test_in_the_night_of_a_change_of_clocks_it_is_quiet_until_the_morning(
    city: City, change: str
) -> None:
    zone, start = CHANGES[change]
    is_spring = change.startswith("spring")
    at = next_change(zone, ahead=is_spring)
    alone = {status: {"email": "off", "sms": "off"} for status in S}
    ana = await city.customer(preferences=alone, time_zone=zone, quiet_hours={"start": start, "end": "05:00"})
    order = city.order(ana, window_seconds=0)
    await order.becomes(S.PLACED)

    # Five minutes before the change the clock shows 01:55 in spring, which is before ``start``, and a time
    # after it in autumn; five minutes after it, a time after ``start`` in spring, and one before in autumn.
    await travels_to(order, at - timedelta(minutes=5))
    await order.becomes(S.ACCEPTED)
    await travels_to(order, at + timedelta(minutes=5))
    await order.becomes(S.PREPARING)
    await travels_to(order, at + timedelta(minutes=35))
    await order.becomes(S.READY_FOR_PICKUP)

    told = [batch.line(PUSH).status for batch in await order.told(ana)]
    assert told[1:] == (
        ["SENT", "SUPPRESSED", "SUPPRESSED"] if is_spring else ["SUPPRESSED", "SENT", "SUPPRESSED"]
    )
