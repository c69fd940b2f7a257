"""How hard we try, and for how long, as data. How each status is told is data too: ``domain/status.py``."""

from datetime import timedelta
from hashlib import blake2b

from temporalio.common import Priority, SearchAttributeKey

from domain.channels import Channel
from domain.effort import Effort

WAITS = (5.0, 30.0, 120.0, 600.0)

# A customer waiting at the door needs the next channel soon, not this one eventually.
URGENT = Effort(waits=WAITS, fall_back_after=45)
USUAL = Effort(waits=WAITS)
EFFORTS = {1: URGENT}

SEND_QUEUES = {Channel.PUSH: "send-push", Channel.SMS: "send-sms", Channel.EMAIL: "send-email"}

# One attempt, with its reading and writing. Longer than the providers' own time limits, so that our answer
# to a slow one is written down rather than cut off.
SEND_TIMEOUTS = {
    Channel.PUSH: timedelta(seconds=30),
    Channel.SMS: timedelta(seconds=60),  # two senders in turn, and the list of each looked up: 40 s
    Channel.EMAIL: timedelta(seconds=90),  # a conversation of many steps, the last of which may take 30 s
}
STORE_TIMEOUT = timedelta(seconds=10)
# A call in flight cannot be taken back. News does not wait longer than this for it on other channels.
WITHDRAWAL_GRACE = timedelta(seconds=1)

# A run that took in no event must not stand in the way of the order's first real one.
NOTHING_ACCEPTED_AFTER = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(days=30)
# The server allows 10,000 signals a run and never suggests continuing because of them. It throws a workflow
# task away when 100 come while it is open, and the next begins with all of the run: that must stay cheap.
SIGNALS_A_RUN = 500
# An order has a dozen. From here on it is in a burst.
SIGNALS_OF_A_BURST = 50

CUSTOMER_ID = SearchAttributeKey.for_keyword("CustomerId")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
SEARCH_ATTRIBUTES = (CUSTOMER_ID, ORDER_STATUS)
# The server takes 2048 bytes of JSON as ASCII, where one character is up to 12.
_SEARCHED_CHARACTERS = 170


def searchable(customer_id: str) -> str:
    """A customer's id as orders are searched by it: a longer value would block the order that sets it."""
    return customer_id[:_SEARCHED_CHARACTERS]


# The server refuses a longer fairness key, and an order would try the same again for ever.
_FAIRNESS_KEY_BYTES = 64


def turn_of(priority: int | None, merchant_id: str | None) -> Priority:
    """When something has its turn: the urgent first, and within a priority the merchants in turn."""
    key = (merchant_id or "").encode()
    if len(key) > _FAIRNESS_KEY_BYTES:
        return Priority(priority, blake2b(key, digest_size=16).hexdigest())
    return Priority(priority, merchant_id or None)
