"""Stories of news that a provider took, and then said of it that it did not arrive."""

import pytest

from domain.channels import Channel
from domain.status import Status
from tests.stage import City

OUT_FOR_DELIVERY = Status.OUT_FOR_DELIVERY
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
BY_TEXT_OR_MAIL = {"OUT_FOR_DELIVERY": {"push": "off", "sms": "on", "email": "fallback"}}


@pytest.mark.parametrize("state", ["undelivered", "bounced"])
async def test_a_text_that_did_not_arrive_is_followed_by_a_mail(city: City, state: str) -> None:
    ana = await city.customer(preferences=BY_TEXT_OR_MAIL)
    order = city.order(ana)
    await order.becomes(OUT_FOR_DELIVERY)
    text = next(row for row in await order.rows() if row.channel is SMS)

    receipt = {"message_id": text.message_id, "state": state, "code": "Twilio 30003: unreachable"}
    await order.signal(receipt, "receipt")
    await order.settles()

    assert (len(ana.texts), len(ana.mails)) == (1, 1)
    lines = await order.lines(ana)
    assert (lines["sms"], lines["email"]) == ("FAILED", "SENT")


@pytest.mark.parametrize("state", ["delivered", "read"])
async def test_a_text_that_arrived_is_followed_by_nothing(city: City, state: str) -> None:
    ana = await city.customer(preferences=BY_TEXT_OR_MAIL)
    order = city.order(ana)
    await order.becomes(OUT_FOR_DELIVERY)
    text = next(row for row in await order.rows() if row.channel is SMS)

    for told in (state, "undelivered"):
        await order.signal({"message_id": text.message_id, "state": told}, "receipt")
        await order.settles()

    assert (len(ana.texts), ana.mails) == (1, [])
    assert (await order.lines(ana))["sms"] == state.upper()
