"""The story of an order as the people concerned hear it: when, in which words, on which channel."""

import asyncio
from datetime import timedelta
from zlib import crc32

import pytest

from domain.channels import Channel
from domain.consents import RECIPIENT, By
from domain.editing import adding
from domain.ledger import NotificationStatus
from domain.recipients import Device
from domain.status import STATUS_RULES, Role, Status
from simulator import Fault
from tests.stage import City, Person

PLACED, ACCEPTED, PREPARING = Status.PLACED, Status.ACCEPTED, Status.PREPARING
READY, OUT, NEARBY = Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY, Status.NEARBY
DELIVERED, CANCELLED = Status.DELIVERED, Status.CANCELLED

EVERY_ROW = [(status, role) for status, rule in STATUS_RULES.items() for role in rule.told]


async def test_an_order_is_told_from_placed_to_delivered_and_then_ends(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana, linger_seconds=600)

    await order.becomes(PLACED, facts={"merchant_name": "Burger Barn"})
    await order.becomes(ACCEPTED, PREPARING, READY)
    await order.passes(61)
    await order.becomes(OUT, facts={"eta_minutes": 12})
    await order.becomes(NEARBY)
    await order.becomes(DELIVERED)

    assert [text.partition("\n")[2] for text in ana.pushes] == [
        "Thank you. Your order from Burger Barn has been placed and is waiting to be accepted.",
        "Burger Barn has accepted and prepared your order, and it is ready to go.",
        "Your order from Burger Barn is on its way. It should be with you in about 12 minutes.",
        "Your order from Burger Barn is just around the corner.",
        "Your order from Burger Barn has been delivered. Enjoy your meal.",
    ]
    assert len(ana.texts) == 2, "the defaults text a customer when it leaves and when it arrives"
    assert len(ana.mails) == 2, "the defaults mail a customer what is worth keeping"
    assert len(await ana.inbox()) == 5

    await order.passes(601)
    assert await order.status() == "COMPLETED"
    assert (await order.timeline()).state == "over"


@pytest.mark.parametrize(("status", "role"), EVERY_ROW, ids=str)
async def test_each_row_of_the_table_is_told_as_it_says(city: City, status: Status, role: Role) -> None:
    people = {
        Role.CUSTOMER: await city.customer(),
        Role.MERCHANT: await city.merchant(),
        Role.COURIER: await city.courier(),
    }
    person, told = people[role], status.rule.told[role]
    order = city.order(*people.values())

    await order.becomes(status)

    if not told.at_once:
        assert person.pushes == []
        await order.passes(61)
    assert len(person.pushes) == 1
    (batch,) = await order.told(person)
    assert batch.priority == told.priority
    assert batch.deadline - order.occurred_at == status.rule.useful_for
    listening = {heard for heard, someone in people.items() if await order.told(someone)}
    assert listening == {heard for heard, how in status.rule.told.items() if how.at_once or heard is role}
    assert (await order.timeline()).state == ("ending" if status.rule.final else "open")


async def test_three_statuses_inside_the_window_are_one_message_on_each_channel(city: City) -> None:
    everywhere = {status: {"sms": "on", "email": "on"} for status in (ACCEPTED, PREPARING, READY)}
    ana = await city.customer(preferences=everywhere)
    order = city.order(ana)

    await order.becomes(ACCEPTED)
    await order.passes(20)
    await order.becomes(PREPARING)
    await order.passes(20)
    await order.becomes(READY)
    await order.passes(30)

    sentence = "Your order has been accepted and prepared, and it is ready to go."
    assert [text.partition("\n")[2] for text in ana.pushes] == [sentence]
    assert ana.texts == [sentence]
    assert [sentence in mail for mail in ana.mails] == [True]
    assert await ana.inbox() == [sentence]


@pytest.mark.parametrize(("seconds", "messages"), [(59, 0), (61, 1)])
async def test_the_window_is_a_minute(city: City, seconds: int, messages: int) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(ACCEPTED)
    await order.passes(seconds)

    assert len(ana.pushes) == messages


async def test_the_window_does_not_slide(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(ACCEPTED)
    await order.passes(50)
    await order.becomes(PREPARING)
    await order.passes(11)

    assert len(ana.pushes) == 1


async def test_a_critical_status_takes_what_waits_with_it_at_once(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(ACCEPTED, PREPARING, OUT)

    assert [text.partition("\n")[2] for text in ana.pushes] == ["Your order is on its way."]
    (batch,) = await order.told(ana)
    assert batch.statuses == (ACCEPTED, PREPARING, OUT)
    await order.passes(61)
    assert len(ana.pushes) == 1, "the window has nothing left to tell"


async def test_a_cancellation_silences_all_else(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(ACCEPTED, PREPARING, CANCELLED)
    await order.passes(61)

    (batch,) = await order.told(ana)
    assert batch.statuses == (CANCELLED,)
    assert len(ana.pushes) == 1
    assert "has been cancelled" in ana.pushes[0]


async def test_an_event_that_comes_twice_is_told_once(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    placed = order.event(PLACED)

    await order.hears(placed, placed)

    assert len(ana.pushes) == 1
    assert (await order.timeline()).duplicates == 1


async def test_an_event_older_than_what_was_told_is_stale(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(OUT)
    await order.becomes(PREPARING, later=-600)
    await order.passes(61)

    assert len(ana.pushes) == 1
    (stale,) = (await order.timeline()).stale
    assert (stale.status, stale.reason) == (PREPARING, "the order had moved on to OUT_FOR_DELIVERY")


async def test_events_that_come_out_of_order_are_told_in_the_order_they_occurred(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(READY)
    await order.becomes(PREPARING, later=-10)
    await order.becomes(ACCEPTED, later=-20)
    await order.passes(61)

    (batch,) = await order.told(ana)
    assert batch.statuses == (ACCEPTED, PREPARING, READY)


async def test_nothing_but_an_end_is_told_after_the_end(city: City) -> None:
    ana, courier = await city.customer(), await city.courier()
    order = city.order(ana, courier=courier)

    await order.becomes(DELIVERED)
    await order.becomes(NEARBY, later=5)
    await order.becomes(READY, later=-5)

    assert len(ana.pushes) == 1
    assert courier.pushes == []
    assert [stale.status for stale in (await order.timeline()).stale] == [NEARBY, READY]


async def test_a_channel_that_is_off_stays_silent(city: City) -> None:
    ana = await city.customer(preferences={"PLACED": {"push": "off", "email": "off", "in_app": "off"}})
    order = city.order(ana)

    await order.becomes(PLACED)

    assert ana.pushes == ana.texts == ana.mails == await ana.inbox() == []
    (batch,) = await order.told(ana)
    assert {line.reason for line in batch.channels} == {"switched off"}


async def test_off_is_not_overruled_by_a_failure(city: City) -> None:
    ana = await city.customer(preferences={"NEARBY": {"sms": "off", "email": "off"}})
    order = city.order(ana)
    city.fails(Fault(kind="dead", address=ana.address(Channel.PUSH)))

    await order.becomes(NEARBY)

    assert ana.texts == ana.mails == []


async def test_a_refused_push_becomes_a_text(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="dead", provider="fcm", address=ana.address(Channel.PUSH)))

    await order.becomes(NEARBY)

    assert ana.pushes == []
    assert ana.texts == ["Your order is just around the corner."]
    assert await order.lines(ana) == {"push": "FAILED", "sms": "SENT", "email": None, "in_app": "DELIVERED"}


async def test_when_push_and_text_both_fail_the_news_goes_by_mail(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(
        Fault(kind="dead", address=ana.address(Channel.PUSH)),
        Fault(kind="dead", provider="twilio", address=ana.address(Channel.SMS)),
    )

    await order.becomes(NEARBY)

    assert len(ana.mails) == 1
    assert await order.lines(ana) == {
        "push": "FAILED",
        "sms": "FAILED",
        "email": "SENT",
        "in_app": "DELIVERED",
    }


async def test_somebody_without_a_device_is_told_elsewhere_at_once(city: City) -> None:
    ana = await city.customer(devices=[])
    order = city.order(ana)

    await order.becomes(NEARBY)

    assert len(ana.texts) == 1
    (batch,) = await order.told(ana)
    assert batch.line(Channel.PUSH).reason == "no device"


async def test_a_dead_device_is_not_tried_again(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="dead", address=ana.address(Channel.PUSH), times=1))

    await order.becomes(OUT)
    await order.becomes(NEARBY)

    assert ana.pushes == []
    assert (await order.told(ana))[1].line(Channel.PUSH).reason == "no device"


async def test_a_device_found_dead_before_it_registered_again_is_tried_with_the_next_news(city: City) -> None:
    iphone = Device(platform="ios", token=f"ab{crc32(city.story.encode()):08x}")
    ana = await city.customer(devices=[iphone])
    people = city.stage.store.people
    assert await people.change(ana.id, adding(iphone), By(RECIPIENT, "her app"), registers=iphone)
    order = city.order(ana)
    city.fails(Fault(kind="dead", provider="apns", address=iphone.token, dead_for_s=3600, times=1))

    await order.becomes(OUT)
    assert ana.pushes == []
    assert (await order.told(ana))[0].line(Channel.PUSH).reason == "APNs Unregistered"
    await order.becomes(NEARBY)

    assert len(ana.pushes) == 1


async def test_a_batch_that_reaches_nobody_becomes_a_dead_letter(city: City) -> None:
    courier, ana = await city.courier(phone=None), await city.customer()
    order = city.order(ana, courier=courier)
    city.fails(Fault(kind="dead", address=courier.address(Channel.PUSH)))

    await order.becomes(READY)

    (letter,) = (await order.timeline()).dead_letters
    assert (letter.source, letter.recipient_id) == ("delivery", courier.id)
    assert "sms: no phone number" in letter.reason
    assert letter.dead_letter_id in [
        kept.dead_letter_id for kept in await city.stage.store.dead_letters(1000)
    ]


async def test_a_stranger_is_told_in_the_inbox_alone(city: City) -> None:
    order = city.order(Person.stranger(city.stage, f"stranger-{city.story}"))

    await order.becomes(OUT)

    (batch,) = (await order.timeline()).batches
    assert batch.line(Channel.IN_APP).status is NotificationStatus.DELIVERED
    assert batch.line(Channel.PUSH).reason == "no device"


async def test_quiet_hours_hold_back_what_can_wait_and_nothing_urgent(city: City) -> None:
    ana = await city.customer(quiet_hours={"start": "00:00", "end": "23:59:59"})
    order = city.order(ana)

    await order.becomes(PLACED)
    await order.becomes(OUT)

    assert [text.partition("\n")[0] for text in ana.pushes] == ["On its way"]
    assert len(await ana.inbox()) == 2, "the inbox makes no sound"
    assert (await order.told(ana))[0].line(Channel.PUSH).reason == "quiet hours 00:00-23:59 in UTC"


async def test_a_minute_of_failures_is_survived_by_trying_again(city: City) -> None:
    ana = await city.customer(preferences={"OUT_FOR_DELIVERY": {"sms": "off", "email": "off"}})
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(Channel.PUSH), times=2))

    await order.becomes(OUT)
    assert await order.lines(ana) == {"push": "PENDING", "sms": None, "email": None, "in_app": "DELIVERED"}
    await order.passes(6)
    assert ana.pushes == []
    await order.passes(34)

    assert len(ana.pushes) == 1


async def test_500_signals_in_one_burst_are_all_heard(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(PLACED)

    events = [
        order.event(PREPARING, occurred_at=await order.timestamp(number / 1000)) for number in range(500)
    ]
    await asyncio.gather(*(order.handle.signal("status_changed", event) for event in events))
    await order.has_pushed(ana, 2)

    (first, burst) = await order.told(ana)
    assert first.statuses == (PLACED,)
    assert len((await city.stage.store.history(order.order_id))[-1].events) == 500
    assert burst.statuses == (PREPARING,)
    assert len(ana.pushes) == 2


async def test_signals_that_come_while_an_order_ends_are_all_heard(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana, linger_seconds=0)
    await order.becomes(PLACED)

    events = [
        order.event(PREPARING, occurred_at=await order.timestamp(number / 1000)) for number in range(100)
    ]
    events.insert(50, order.event(DELIVERED, occurred_at=await order.timestamp(1)))
    sent = [asyncio.create_task(order.handle.signal("status_changed", event)) for event in events]
    accepted = [event for event, task in zip(events, sent, strict=True) if not await _refused(task)]
    await order.ends()

    told = {event for row in await city.stage.store.history(order.order_id) for event in row.events}
    stale = {late.event_id for late in (await order.timeline()).stale}
    assert {event["event_id"] for event in accepted} <= told | stale


async def test_news_sent_before_it_was_superseded_is_not_taken_back(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(OUT)
    await order.becomes(NEARBY)

    first, second = await order.lines(ana, 0), await order.lines(ana, 1)
    assert first == {"push": "SENT", "sms": "SENT", "email": None, "in_app": "DELIVERED"}
    assert second == {"push": "SENT", "sms": None, "email": None, "in_app": "DELIVERED"}


async def test_news_asleep_in_back_off_is_superseded_by_newer_news(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(Channel.PUSH), times=1))

    await order.becomes(ACCEPTED, PREPARING)
    await order.passes(61)
    assert ana.pushes == []
    await order.becomes(OUT)

    assert [text.partition("\n")[2] for text in ana.pushes] == ["Your order is on its way."]
    await order.passes(700)
    assert len(ana.pushes) == 1
    old, new = (batch.line(Channel.PUSH) for batch in await order.told(ana))
    assert (old.status, old.reason) == (NotificationStatus.SUPERSEDED, "newer news took its place")
    row = next(
        row for row in await city.stage.store.history(order.order_id) if row.message_id == old.message_id
    )
    assert (row.status, row.superseded_by) == (NotificationStatus.SUPERSEDED, new.message_id)


async def test_an_order_without_any_news_for_30_days_is_given_up(city: City) -> None:
    order = city.order(await city.customer())

    await order.becomes(PLACED)
    await order.passes(timedelta(days=29).total_seconds())
    assert await order.status() == "RUNNING"
    await order.becomes(ACCEPTED)
    await order.passes(timedelta(days=29).total_seconds())
    assert await order.status() == "RUNNING"
    await order.passes(timedelta(days=2).total_seconds())

    assert await order.status() == "FAILED"
    assert "Given up: no event for 30 days" in await order.failure()


async def _refused(signal: "asyncio.Task[None]") -> bool:
    try:
        await signal
    except Exception:  # noqa: BLE001 an order that is over says so, and the event stays the sender's
        return True
    return False
