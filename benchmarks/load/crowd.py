"""Many orders of many customers, announced through the public contract, and when the phones hear of them."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.service import RPCError

from domain.channels import Channel, Reach
from domain.orders import OrderEvent, Rules
from domain.recipients import Device, Recipient
from domain.status import Role, Status
from order_service import OrderIsOver, OrderService
from simulator.server import Simulator

# No timers: what is measured is not the window.
AT_ONCE = Rules(window_seconds=0, linger_seconds=1)
# The server takes so many calls of ours at a time before they only wait for each other.
LANES = 40
AGAIN_AFTER = 1.0
# A person gets 20 pushes an hour of what can wait.
ORDERS_OF_ONE = 15
_PUSH_ONLY = {Channel.PUSH: Reach.ON, Channel.SMS: Reach.OFF, Channel.EMAIL: Reach.OFF}


@dataclass(frozen=True)
class Crowd:
    """So many orders of one merchant, each to become one status. ``each``: orders that share a customer."""

    name: str
    merchant: str
    status: Status
    orders: int
    each: int = 1

    def order_id(self, number: int) -> str:
        """The id of an order, counted from 0."""
        return f"{self.name}-{number}"

    def token(self, number: int) -> str:
        """Where an order's customer is pushed to."""
        return f"token-of-{self._customer(number)}"

    def people(self) -> Sequence[Recipient]:
        """Everybody, with one phone each that takes pushes only."""
        return [
            Recipient(
                recipient_id=self._customer(number),
                role=Role.CUSTOMER,
                devices=(Device(platform="android", token=self.token(number)),),
                preferences=dict.fromkeys(Status, _PUSH_ONLY),
            )
            for number in range(0, self.orders, self.each)
        ]

    def event(self, number: int, status: Status | None = None) -> OrderEvent:
        """What happens to an order, now."""
        becomes = status or self.status
        return OrderEvent(
            event_id=f"{self.order_id(number)}-{becomes}",
            order_id=self.order_id(number),
            status=becomes,
            occurred_at=datetime.now(UTC),
            customer_id=self._customer(number),
            merchant_id=self.merchant,
            facts={"merchant_name": "Burger Barn", "eta_minutes": 12},
        )

    def _customer(self, number: int) -> str:
        return f"c-{self.name}-{number // self.each}"


async def announce(service: OrderService, event: OrderEvent, rules: Rules = AT_ONCE) -> None:
    """Hand an event over, again while the server is too busy; an order that is over takes no more."""
    with contextlib.suppress(OrderIsOver):
        while True:
            try:
                return await service.announce(event, rules)
            except RPCError:
                await asyncio.sleep(AGAIN_AFTER)


async def announce_all(service: OrderService, crowd: Crowd, status: Status | None = None) -> None:
    """Every order of a crowd, as fast as the server takes them."""
    calls = (lambda n=number: announce(service, crowd.event(n, status)) for number in range(crowd.orders))
    await in_lanes(calls)


async def in_lanes(calls: Iterable[Callable[[], Awaitable[None]]], lanes: int = LANES) -> None:
    """Make all calls, so many at a time."""
    todo = iter(calls)

    async def lane() -> None:
        for call in todo:
            await call()

    await asyncio.gather(*(lane() for _ in range(lanes)))


async def latencies(
    service: OrderService, simulator: Simulator, crowd: Crowd, rate: float, patience: float
) -> list[float]:
    """Announce a crowd at so many orders a second; seconds from each event to the provider's door.

    Of one that does not come within ``patience`` seconds there is none.
    """
    occurred, calls, began = dict[str, datetime](), list[asyncio.Task[None]](), time.monotonic()
    seen = len(simulator.received)
    for number in range(crowd.orders):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        event = crowd.event(number)
        occurred[crowd.token(number)] = event.occurred_at
        calls.append(asyncio.create_task(announce(service, event)))
    await asyncio.gather(*calls)
    arrived = await _arrivals(simulator, seen, set(occurred), patience)
    return [(at - occurred[token]).total_seconds() for token, at in arrived.items()]


async def _arrivals(
    simulator: Simulator, seen: int, tokens: set[str], patience: float
) -> dict[str, datetime]:
    arrived: dict[str, datetime] = {}
    until = time.monotonic() + patience
    while len(arrived) < len(tokens) and time.monotonic() < until:
        new = simulator.world.received[seen:]
        seen += len(new)
        arrived |= {one.address: one.at for one in new if one.address in tokens}
        await asyncio.sleep(0.05)
    return arrived


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("inf")
