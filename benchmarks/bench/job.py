"""The job that both do: seven events an order in five batches, each told by push and by text."""

from collections.abc import Iterator
from datetime import UTC, datetime

from domain.channels import Channel, Reach
from domain.orders import OrderEvent
from domain.recipients import Device, Recipient
from domain.status import Role, Status

IN_WINDOW = (Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP)
BATCHES: tuple[tuple[Status, ...], ...] = (
    (Status.PLACED,),
    IN_WINDOW,
    (Status.OUT_FOR_DELIVERY,),
    (Status.NEARBY,),
    (Status.DELIVERED,),
)
CHANNELS = (Channel.PUSH, Channel.SMS)
# Twice as many as there are batches: what is told on each channel.
MESSAGES = len(BATCHES) * len(CHANNELS)
# Some events come twice, as they do from a queue.
TWICE = 0.05
WINDOW_SECONDS = 1.0


def is_critical(batch: tuple[Status, ...]) -> bool:
    """Whether a batch is told at once: those are the ones whose latency counts."""
    return batch != IN_WINDOW


def customers(prefix: str, orders: int) -> Iterator[Recipient]:
    """One customer for each order, who hears everything by push and by text, and nothing elsewhere."""
    wanted = {
        status: {channel: Reach.ON if channel in CHANNELS else Reach.OFF for channel in Channel}
        for status in Status
    }
    for number in range(orders):
        yield Recipient(
            recipient_id=f"{prefix}-{number}",
            role=Role.CUSTOMER,
            phone=phone_of(prefix, number),
            devices=(Device(platform="android", token=token_of(prefix, number)),),
            preferences=wanted,
        )


def token_of(prefix: str, number: int) -> str:
    """The push address of the customer of an order."""
    return f"token-of-{prefix}-{number}"


def phone_of(prefix: str, number: int) -> str:
    """The phone number of the customer of an order, of no other run."""
    return f"+1{sum(prefix.encode()) % 10}{abs(hash_of(prefix)) % 1000:03}{number:06}"


def hash_of(prefix: str) -> int:
    """The same number for the same prefix, in every process."""
    return int.from_bytes(prefix.encode()[-6:], "big")


def event(prefix: str, number: int, status: Status) -> OrderEvent:
    """What the order service says, occurring now."""
    return OrderEvent(
        event_id=f"{prefix}-{number}-{status}",
        order_id=f"{prefix}-{number}",
        status=status,
        occurred_at=datetime.now(UTC),
        customer_id=f"{prefix}-{number}",
        facts={"merchant_name": "Burger Barn", "eta_minutes": 12},
    )
