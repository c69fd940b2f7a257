"""The orders on the board: placed, pushed along and cancelled as an order service does it, and looked at."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.orders import Fact, OrderEvent, Rules
from domain.status import Role, Status
from domain.timeline import Timeline
from order_service import NoSuchOrder, NoWorker, OrderService
from simulator.board.attempts import Attempt, Attempts

# Long enough to watch a burst come together, too short to wait for.
RULES = Rules(window_seconds=8, linger_seconds=60)
OF_A_RUSH = 12
MERCHANT_NAME = "Burger Barn"
# What a timeline is asked for again: of the order in sight all the time, of the others now and then.
IN_SIGHT, OUT_OF_SIGHT = 0.4, 4.0
OTHERS_AT_ONCE = 2
KEPT = 60

_MINUTES = {Status.PLACED: 35, Status.OUT_FOR_DELIVERY: 12}


@dataclass
class BoardOrder:
    """One order on the board. ``announced``: what was told of it here. ``label``: its id, for people."""

    order_id: str
    label: str
    holders: Mapping[Role, str]
    announced: list[Status] = field(default_factory=list)
    timeline: Timeline | None = None
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    looked_at: float = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def status(self) -> Status | None:
        """The newest status that anybody announced."""
        if self.announced:
            return self.announced[-1]
        return self.timeline.status if self.timeline else None

    @property
    def is_over(self) -> bool:
        """Whether no further status is taken."""
        return self.status is not None and self.status.rule.final

    @property
    def has_ended(self) -> bool:
        """Whether its workflow has: nothing of its timeline will change any more."""
        return self.timeline is not None and self.timeline.state == "over"

    @property
    def can_be_pushed(self) -> bool:
        """Whether the board may announce anything of it: not without knowing whose order it is."""
        return Role.CUSTOMER in self.holders and not self.is_over

    def event(self, status: Status) -> OrderEvent:
        """What an order service would say next."""
        facts: dict[str, Fact] = {"merchant_name": MERCHANT_NAME}
        if status in _MINUTES:
            facts["eta_minutes"] = _MINUTES[status]
        return OrderEvent(
            event_id=f"{self.order_id}-{next(self._numbers)}-{status}",
            order_id=self.order_id,
            status=status,
            occurred_at=datetime.now(UTC),
            customer_id=self.holders[Role.CUSTOMER],
            merchant_id=self.holders.get(Role.MERCHANT),
            courier_id=self.holders.get(Role.COURIER),
            facts=facts,
        )


class OrderBook:
    """All orders on the board, newest first."""

    def __init__(self, service: OrderService, attempts: Attempts, run: str, rules: Rules = RULES) -> None:
        self._service, self._attempts, self._run, self.rules = service, attempts, run, rules
        self._orders: dict[str, BoardOrder] = {}
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[BoardOrder]:
        """Newest first."""
        return iter(list(reversed(self._orders.values())))

    def find(self, order_id: str | None) -> BoardOrder | None:
        """An order on the board; without an id, the newest."""
        return self._orders.get(order_id) if order_id else next(iter(self), None)

    async def place(self, holders: Mapping[Role, str]) -> BoardOrder:
        """Place an order."""
        label = f"B{next(self._numbers)}"
        order = self._keep(BoardOrder(f"{label}-{self._run}", label, holders))
        await self.push(order, [Status.PLACED])
        return order

    async def rush(self, orders: Sequence[Mapping[Role, str]]) -> BoardOrder:
        """Place many orders at once, each soon accepted and prepared. Answers the last."""
        placed = await asyncio.gather(*(self.place(holders) for holders in orders))
        await asyncio.gather(*(self.push(order, [Status.ACCEPTED, Status.PREPARING]) for order in placed))
        return placed[-1]

    async def push(self, order: BoardOrder, statuses: Sequence[Status]) -> None:
        """Let an order become each of these, one right after the other. Raises OrderIsOver."""
        for status in statuses:
            await self._service.announce(order.event(status), self.rules)
            order.announced.append(status)
        order.looked_at = 0

    def hear(self, order_id: str, holders: Mapping[Role, str], status: Status) -> None:
        """Show an order that somebody else's order service announces, such as the demo's own."""
        order = self._orders.get(order_id) or self._keep(BoardOrder(order_id, order_id, holders))
        order.announced.append(status)

    async def follow(self, order_id: str) -> BoardOrder:
        """Show an order that was announced elsewhere. Raises NoSuchOrder, NoWorker."""
        if known := self._orders.get(order_id):
            return known
        told = await self._service.timeline(order_id)
        waiting = {Role(piece["role"]): piece["recipient_id"] for piece in told.waiting}
        holders = waiting | {batch.role: batch.recipient_id for batch in told.batches}
        return self._keep(BoardOrder(order_id, order_id, holders, timeline=told))

    async def look(self, selected: BoardOrder | None) -> None:
        """Ask how orders stand: the one in sight, and some of the others."""
        open_ones = [order for order in self if not order.has_ended]
        others = [order for order in open_ones if order is not selected and _is_due(order, OUT_OF_SIGHT)]
        longest_ago = sorted(others, key=lambda order: order.looked_at)[:OTHERS_AT_ONCE]
        in_sight = [order for order in open_ones if order is selected and _is_due(order, IN_SIGHT)]
        await asyncio.gather(*(self._look_at(order) for order in [*in_sight, *longest_ago]))

    async def _look_at(self, order: BoardOrder) -> None:
        order.looked_at = time.monotonic()
        try:
            order.timeline = await self._service.timeline(order.order_id)
            order.attempts = await self._attempts.of(order.order_id, order.timeline)
        except (NoSuchOrder, NoWorker):
            # A worker that is away answers later: what was known stays on the board.
            return

    def _keep(self, order: BoardOrder) -> BoardOrder:
        self._orders[order.order_id] = order
        while len(self._orders) > KEPT:
            del self._orders[next(iter(self._orders))]
        return order


def _is_due(order: BoardOrder, seconds: float) -> bool:
    return time.monotonic() - order.looked_at > seconds
