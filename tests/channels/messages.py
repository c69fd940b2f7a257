"""A message to send, and the addresses it goes to."""

from dataclasses import replace

from domain.channels import Channel
from domain.messages import Message, Words
from domain.recipients import Address, Kind
from domain.status import Status

TOKEN = "tok-1"  # noqa: S105 a device's, and made up
DEVICE = "a1b2c3d4" * 8  # an iPhone's, made up as well
PHONE = "+15550100"
EMAIL = "ana@example.org"

ANDROID = Address(Channel.PUSH, TOKEN, "android", "production")
BY_FID = Address(Channel.PUSH, "fid-1", "android", kind=Kind.FID)
IPHONE = Address(Channel.PUSH, "a1b2", "ios", "production")
MOBILE = Address(Channel.SMS, PHONE)
MAILBOX = Address(Channel.EMAIL, EMAIL)

MESSAGE = Message(
    message_id="5f0c6a52-0d0e-5a3e-9c56-3b7a6f6f4a11",
    order_id="A17",
    words=Words("Burger Barn", "Your order from Burger Barn is on its way."),
    path=(Status.PREPARING, Status.OUT_FOR_DELIVERY),
    priority=1,
    seconds_left=600,
)
ROUTINE = replace(MESSAGE, path=(Status.ACCEPTED, Status.PREPARING), priority=5)
A_RECORD = replace(MESSAGE, path=(Status.DELIVERED,))
