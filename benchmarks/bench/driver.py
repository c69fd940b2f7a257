"""Paces orders through a system and measures what reaches the provider's door. Knows no system."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.bench.job import BATCHES, TWICE, event, is_critical, phone_of, token_of
from domain.orders import OrderEvent
from simulator.server import Simulator

# Seconds for a batch to arrive on both channels before its order is called stuck.
PATIENCE = 90

Announce = Callable[[OrderEvent], Awaitable[None]]


class Arrivals:
    """What the simulator's phones received: when, by address."""

    def __init__(self, simulator: Simulator) -> None:
        self.at: dict[str, list[datetime]] = defaultdict(list)
        self._simulator = simulator
        self._waiting: dict[str, asyncio.Event] = {}

    async def follow(self) -> None:
        """Keep up with what arrives, until cancelled."""
        seen = 0
        while True:
            received = await self._simulator.next_after(seen, 3600)
            seen = received.n
            self.at[received.address].append(received.at)
            if waiting := self._waiting.pop(received.address, None):
                waiting.set()

    async def wait_for(self, address: str, count: int) -> datetime:
        """Wait for the ``count``-th message at an address; answers when it came."""
        while len(self.at[address]) < count:
            self._waiting[address] = asyncio.Event()
            await self._waiting[address].wait()
        return self.at[address][count - 1]


@dataclass
class Drive:
    """Orders driven through a system, at most so many at once."""

    prefix: str
    announce: Announce
    arrivals: Arrivals
    latencies: list[float] = field(default_factory=list)
    stuck: int = 0
    seconds: float = 0.0

    async def run(self, orders: int, lanes: int) -> None:
        """Drive all orders to their end."""
        began, todo = time.monotonic(), iter(range(orders))
        await asyncio.gather(*(self._lane(todo) for _ in range(lanes)))
        self.seconds = time.monotonic() - began

    async def _lane(self, todo: Iterator[int]) -> None:
        for number in todo:
            await self._order(number)

    async def _order(self, number: int) -> None:
        chance = random.Random(f"{self.prefix}-{number}")  # noqa: S311 a benchmark, the same every time
        for told, batch in enumerate(BATCHES, 1):
            events = [event(self.prefix, number, status) for status in batch]
            for one in events:
                await self.announce(one)
                if chance.random() < TWICE:
                    await self.announce(one)
            arrived = await self._arrived(number, told)
            if arrived is None:
                self.stuck += 1
                return
            if is_critical(batch):
                self.latencies += [(at - events[0].occurred_at).total_seconds() for at in arrived]

    async def _arrived(self, number: int, told: int) -> list[datetime] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return [await self.arrivals.wait_for(one, told) for one in self._addresses(number)]
        except TimeoutError:
            return None

    def messages(self, orders: int) -> list[int]:
        """How many messages each order's customer got on each channel."""
        return [
            len(self.arrivals.at[address]) for number in range(orders) for address in self._addresses(number)
        ]

    def _addresses(self, number: int) -> tuple[str, ...]:
        return token_of(self.prefix, number), phone_of(self.prefix, number)
