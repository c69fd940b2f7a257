"""What providers tell later, and what recipients answer: another channel takes over, or nothing is sent."""

import pytest

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.recipients import OptOut
from domain.status import Status
from simulator import Fault
from tests.stage import City, OrderStory, Person
from tests.test_story_of_trust import hears_often
from workflows.policy import SIGNALS_A_RUN

N = NotificationStatus
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
PLACED, PREPARING, OUT, NEARBY, DELIVERED, CANCELLED = (
    Status.PLACED,
    Status.PREPARING,
    Status.OUT_FOR_DELIVERY,
    Status.NEARBY,
    Status.DELIVERED,
    Status.CANCELLED,
)
TEXT_ALONE = {OUT: {"push": "off", "sms": "on", "email": "off", "in_app": "off"}}
UNREACHABLE = "Twilio 30003: handset unreachable"


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer who is reached everywhere."""
    return await city.customer()


async def comes_back(
    order: OrderStory, person: Person, channel: Channel = SMS, *, batch: int = -1, state: str = "undelivered"
) -> None:
    """The provider says that what it accepted did not arrive."""
    line = (await order.told(person))[batch].line(channel)
    receipt = {"message_id": line.message_id, "state": state, "code": UNREACHABLE}
    await order.signal(receipt, name="receipt")
    await order.settles()


async def test_an_undelivered_text_becomes_an_email(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(OUT)
    assert (len(ana.texts), ana.mails) == (1, [])

    await comes_back(order, ana)

    assert len(ana.mails) == 1
    assert await order.lines(ana) == {"push": "SENT", "sms": "FAILED", "email": "SENT", "in_app": "DELIVERED"}
    assert (await order.told(ana))[0].line(SMS).reason == UNREACHABLE
    row = next(row for row in await order.rows() if row.channel is EMAIL)
    assert row.instead_of is SMS


async def test_a_mail_that_bounces_becomes_a_text(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(CANCELLED)
    assert (len(ana.mails), ana.texts) == (1, [])

    await comes_back(order, ana, EMAIL, state="bounced")

    assert len(ana.texts) == 1
    assert await order.lines(ana) == {"push": "SENT", "sms": "SENT", "email": "FAILED", "in_app": "DELIVERED"}


async def test_the_same_bad_news_from_a_provider_is_acted_on_once(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(OUT)

    await comes_back(order, ana)
    await comes_back(order, ana, state="bounced")

    assert len(ana.mails) == 1


async def test_what_did_not_arrive_is_not_told_elsewhere_once_newer_news_was(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(OUT)
    await order.becomes(NEARBY)

    await comes_back(order, ana, batch=0)

    assert ana.mails == []
    assert (await order.lines(ana, 0))["sms"] == "FAILED"


async def test_what_did_not_arrive_in_time_is_not_told_elsewhere(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(OUT)
    await order.passes(46 * 60)

    await comes_back(order, ana)

    assert ana.mails == []


async def test_a_text_that_comes_back_after_the_order_continued_as_new_still_becomes_an_email(
    city: City, ana: Person
) -> None:
    order = city.order(ana)
    out = order.event(OUT)
    await order.hears(out)
    await hears_often(order, out, SIGNALS_A_RUN)

    await comes_back(order, ana)

    assert len(ana.mails) == 1


async def test_a_batch_whose_every_message_came_back_is_a_dead_letter(city: City) -> None:
    ana = await city.customer(preferences=TEXT_ALONE)
    order = city.order(ana)
    await order.becomes(OUT)

    await comes_back(order, ana)

    (letter,) = (await order.timeline()).dead_letters
    assert letter.reason == f"reached customer {ana.id} on no channel: sms: {UNREACHABLE}"


async def test_a_receipt_never_moves_a_notification_back(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(OUT)

    await comes_back(order, ana, state="read")
    await comes_back(order, ana, state="delivered")
    await comes_back(order, ana)

    assert (await order.lines(ana))["sms"] == "READ"
    assert ana.mails == []


async def test_stop_silences_a_text_that_is_asleep_in_back_off(city: City, ana: Person) -> None:
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(SMS), times=1, status=503))
    await order.becomes(OUT)

    await city.stage.store.opt_out(SMS, ana.address(SMS), OptOut.EVERYTHING, "STOP")
    await order.passes(6)

    assert ana.texts == []
    line = (await order.told(ana))[0].line(SMS)
    assert (line.status, line.reason) == (N.FAILED, "switched off since")
    assert len(ana.mails) == 1


async def test_after_stop_no_order_texts_the_number_until_start(city: City, ana: Person) -> None:
    first = city.order(ana)
    await city.stage.store.opt_out(SMS, ana.address(SMS), OptOut.EVERYTHING, "STOP")
    await first.becomes(OUT)
    assert ana.texts == []

    await city.stage.store.load([ana.recipient])
    second = city.order(ana)
    await second.becomes(OUT)
    assert ana.texts == [], "no list of recipients overrules their own word"

    await city.stage.store.opt_in(SMS, ana.address(SMS))
    await second.becomes(DELIVERED)
    assert len(ana.texts) == 1


async def test_a_provider_that_refuses_because_of_stop_silences_the_number(city: City, ana: Person) -> None:
    order = city.order(ana)
    city.fails(Fault(kind="dead", provider="twilio", address=ana.address(SMS), code=21610, times=1))
    await order.becomes(OUT)

    await order.becomes(DELIVERED)

    assert ana.texts == []
    assert await city.stage.store.opted_out_of(SMS, ana.address(SMS)) is OptOut.EVERYTHING


async def test_one_click_stops_what_is_optional_and_keeps_the_records(city: City) -> None:
    ana = await city.customer(preferences={OUT: {"email": "on"}})
    order = city.order(ana)
    await city.stage.store.opt_out(EMAIL, ana.address(EMAIL), OptOut.OPTIONAL, "one-click")

    await order.becomes(PLACED)
    await order.becomes(OUT)
    await order.becomes(DELIVERED)

    assert len(ana.mails) == 2
    assert (await order.lines(ana, 1))["email"] is None


async def test_two_of_three_devices_are_dead_and_the_third_counts_as_told(city: City) -> None:
    devices = [{"platform": "android", "token": f"{name}-of-ana"} for name in ("old", "lost", "new")]
    ana = await city.customer(devices=devices)
    order = city.order(ana)
    city.fails(*(Fault(kind="dead", address=f"{name}-of-ana") for name in ("old", "lost")))

    await order.becomes(PREPARING)
    await order.passes(61)
    await order.becomes(OUT)

    assert [(await order.lines(ana, number))["push"] for number in (0, 1)] == ["SENT", "SENT"]
    assert len(ana.pushes) == 2
    gone = await city.stage.store.gone(ana.id)
    assert {one.address.value for one in gone} == {"old-of-ana", "lost-of-ana"}
