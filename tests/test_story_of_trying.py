"""How hard a notification is tried: the waits, the deadlines, the next channel, and what is left in doubt."""

from datetime import timedelta

import pytest

from activities.store.notifications import Notification
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from simulator import Fault
from tests.stage import City, OrderStory

ACCEPTED, PREPARING, OUT, NEARBY = Status.ACCEPTED, Status.PREPARING, Status.OUT_FOR_DELIVERY, Status.NEARBY
PLACED, DELIVERED = Status.PLACED, Status.DELIVERED
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
PUSH_ALONE = {status: {"sms": "off", "email": "off"} for status in Status}


async def test_the_waits_are_5_seconds_then_30_then_2_minutes_then_10(city: City) -> None:
    ana = await city.customer(preferences=PUSH_ALONE)
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH), times=4))

    await order.becomes(OUT)
    for failures, wait in enumerate((5, 30, 120, 600), start=1):
        assert (await row(order, PUSH)).retry_count == failures
        assert wait <= await order.wait_before_the_next_attempt() <= wait * 1.1
        await order.passes(wait * 1.1 + 0.1)

    assert len(ana.pushes) == 1
    assert (await row(order, PUSH)).retry_count == 4


async def test_after_the_last_wait_the_channel_has_failed(city: City) -> None:
    ana = await city.customer(preferences={"ACCEPTED": {"sms": "fallback", "email": "off"}})
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))

    await order.becomes(ACCEPTED)
    await order.passes(61)
    await order.passes(5 + 30 + 120 + 600 - 10)
    assert ana.texts == []
    await order.passes(100)

    assert ana.texts == ["Your order has been accepted."]
    assert "out of attempts" in ((await row(order, PUSH)).reason or "")


async def test_a_providers_own_wait_replaces_ours_when_it_is_longer(city: City) -> None:
    ana = await city.customer(preferences=PUSH_ALONE)
    order = city.order(ana)
    city.fails(Fault(kind="throttle", address=ana.address(PUSH), retry_after=90, times=1))

    await order.becomes(OUT)

    assert await order.wait_before_the_next_attempt() == pytest.approx(90, abs=0.01)
    await order.passes(91)
    assert len(ana.pushes) == 1


async def test_a_wait_beyond_the_deadline_fails_the_channel_at_once(city: City) -> None:
    ana = await city.customer(preferences={"ACCEPTED": {"sms": "fallback", "email": "off"}})
    order = city.order(ana)
    city.fails(Fault(kind="throttle", address=ana.address(PUSH), retry_after=2000))

    await order.becomes(ACCEPTED)
    await order.passes(61)

    assert ana.texts == ["Your order has been accepted."]
    assert "would come too late" in ((await row(order, PUSH)).reason or "")


async def test_urgent_news_moves_to_the_next_channel_45_seconds_after_the_first_failure(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))

    await order.becomes(NEARBY)
    first_failure = (await row(order, PUSH)).failing_since
    await order.passes(44)
    assert ana.texts == []
    await order.passes(2)

    text = await row(order, SMS)
    assert first_failure is not None
    assert text.sent_at is not None
    assert text.sent_at - first_failure >= timedelta(seconds=45)
    assert ana.texts == ["Your order is just around the corner."]
    assert await order.lines(ana) == {"push": "FAILED", "sms": "SENT", "email": None, "in_app": "DELIVERED"}
    city.fails()
    await order.passes(300)
    assert ana.pushes == [], "the push was given up before the text left"


async def test_news_that_failed_for_good_is_not_sent_after_its_use(city: City) -> None:
    ana = await city.customer(preferences=PUSH_ALONE)
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))

    await order.becomes(NEARBY)
    await order.passes(5.6 + 33.1 + 132.1)
    city.fails()
    await order.passes(timedelta(hours=2).total_seconds())

    assert ana.pushes == []
    push = await row(order, PUSH)
    assert push.status is NotificationStatus.FAILED
    assert "would come too late" in (push.reason or "")


async def test_nearby_is_not_sent_after_delivered(city: City) -> None:
    ana = await city.customer(preferences=PUSH_ALONE)
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH), times=1))

    await order.becomes(NEARBY)
    await order.becomes(DELIVERED)
    await order.passes(700)

    assert [push.partition("\n")[2] for push in ana.pushes] == [
        "Your order has been delivered. Enjoy your meal."
    ]
    assert (await order.lines(ana, 0))["push"] == "SUPERSEDED"


async def test_a_text_taken_back_is_carried_by_a_text_in_the_words_of_the_newer_status(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(SMS), times=1))

    await order.becomes(OUT)
    await order.becomes(NEARBY)

    assert ana.texts == ["Your order is just around the corner."]
    old, new = (batch.line(SMS) for batch in await order.told(ana))
    assert (old.status, new.statuses) == (NotificationStatus.SUPERSEDED, (OUT, NEARBY))


async def test_the_mail_of_a_record_is_kept_when_newer_news_comes(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", provider="smtp", address=ana.address(EMAIL), times=1))

    await order.becomes(PLACED)
    await order.becomes(OUT)
    assert ana.mails == []
    await order.passes(6)

    assert len(ana.mails) == 1
    assert "placed" in ana.mails[0]


async def test_news_behind_a_call_in_flight_waits_for_it_on_its_channel(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.holds(ana.address(PUSH))

    await order.signal(order.event(OUT))
    await order.has_pushed(ana, 1)
    await order.signal(order.event(NEARBY))
    await order.has_told(ana, 2)
    assert len(ana.pushes) == 1
    city.lets_go()
    await order.settles()

    assert [push.partition("\n")[0] for push in ana.pushes] == ["On its way", "Almost there"]
    assert (await order.lines(ana, 0))["push"] == "SENT", "it had left, so it was not superseded"


@pytest.mark.parametrize("status", [OUT, ACCEPTED])
async def test_a_text_of_unknown_outcome_is_found_on_the_providers_list(city: City, status: Status) -> None:
    ana = await city.customer(preferences={status: {"sms": "on", "email": "off"}})
    order = city.order(ana)
    city.fails(Fault(kind="cut_after", address=ana.address(SMS), times=1))

    await order.becomes(status)
    await order.passes(61)
    await order.passes(6)

    assert len(ana.texts) == 1
    text = await row(order, SMS)
    assert text.status is NotificationStatus.SENT
    assert text.provider_reference


async def test_an_urgent_text_that_is_not_on_the_list_is_sent_again(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="cut_before", address=ana.address(SMS), times=1))

    await order.becomes(OUT)
    await order.passes(6)

    assert len(ana.texts) == 1
    assert (await row(order, SMS)).status is NotificationStatus.SENT


async def test_a_text_that_can_wait_and_is_not_on_the_list_rests_as_unknown(city: City) -> None:
    ana = await city.customer(preferences={"ACCEPTED": {"sms": "on", "email": "fallback"}})
    order = city.order(ana)
    city.fails(Fault(kind="cut_before", address=ana.address(SMS), times=1))

    await order.becomes(ACCEPTED)
    await order.passes(61)
    await order.passes(700)

    assert ana.texts == ana.mails == []
    assert (await row(order, SMS)).status is NotificationStatus.UNKNOWN


async def test_a_receipt_settles_what_was_unknown(city: City) -> None:
    ana = await city.customer(preferences={"ACCEPTED": {"sms": "on"}})
    order = city.order(ana)
    city.fails(Fault(kind="cut_before", address=ana.address(SMS), times=1))
    await order.becomes(ACCEPTED)
    await order.passes(61)
    await order.passes(6)

    text = await row(order, SMS)
    await order.signal({"message_id": text.message_id, "state": "delivered"}, "receipt")
    await order.settles()

    assert (await row(order, SMS)).status is NotificationStatus.DELIVERED
    assert (await order.lines(ana))["sms"] == "DELIVERED"


async def test_a_mail_of_unknown_outcome_is_sent_again_only_when_it_is_a_record(city: City) -> None:
    ana = await city.customer(preferences={"NEARBY": {"email": "on"}})
    order = city.order(ana)
    city.fails(Fault(kind="cut_after", provider="smtp", address=ana.address(EMAIL), times=1))
    await order.becomes(NEARBY)
    await order.passes(60)
    assert len(ana.mails) == 1
    assert (await row(order, EMAIL)).status is NotificationStatus.UNKNOWN

    city.fails(Fault(kind="cut_after", provider="smtp", address=ana.address(EMAIL), times=1))
    await order.becomes(DELIVERED)
    await order.passes(60)

    assert len(ana.mails) == 3, "twice the same record, as the rules of unknown allow"
    assert (await row(order, EMAIL)).status is NotificationStatus.SENT


async def test_a_push_of_unknown_outcome_is_sent_again_under_the_same_key(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="cut_after", address=ana.address(PUSH), times=1))

    await order.becomes(OUT)
    await order.passes(6)

    keys = [one.key for one in city.stage.simulator.received if one.address == ana.address(PUSH)]
    assert len(keys) == 2
    assert set(keys) == {(await row(order, PUSH)).message_id}


async def test_one_of_three_devices_is_enough(city: City) -> None:
    devices = [{"platform": "android", "token": f"{city.story}-{number}"} for number in range(3)]
    ana = await city.customer(devices=devices)
    order = city.order(ana)
    city.fails(*(Fault(kind="dead", address=device["token"]) for device in devices[:2]))

    await order.becomes(NEARBY)

    assert (len(ana.pushes), ana.texts) == (1, [])
    found = await city.stage.store.find(ana.id)
    assert found is not None
    assert [device.token for device in found.devices] == [devices[2]["token"]]


async def test_news_that_fails_while_newer_news_waits_behind_it_becomes_a_dead_letter(city: City) -> None:
    ana, courier = await city.customer(), await city.courier(phone=None)
    order = city.order(ana, courier=courier)
    is_dead = Fault(kind="dead", provider="fcm", address=courier.address(PUSH))
    city.fails(
        Fault(kind="credentials", provider="fcm", address=courier.address(PUSH), times=1),
        Fault(kind="slow", provider="fcm", call="token", seconds=3600, times=1),
        is_dead,
    )

    await order.signal(order.event(Status.READY_FOR_PICKUP))
    await order.is_being_sent()
    await order.signal(order.event(Status.CANCELLED))
    await order.has_told(courier, 2)
    city.fails(is_dead)
    await order.settles()

    ready, cancelled = (await order.timeline()).dead_letters
    assert {ready.recipient_id, cancelled.recipient_id} == {courier.id}
    assert {ready.batch, cancelled.batch} == {told.batch for told in await order.told(courier)}


async def row(order: OrderStory, channel: Channel) -> Notification:
    """The newest row of an order on a channel."""
    return [one for one in await order.rows() if one.channel is channel][-1]
