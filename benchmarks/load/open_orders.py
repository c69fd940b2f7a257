"""``make bench-open``: many open orders on one worker process: memory, and whether all still answer.

ORDERS=n orders are opened and wait in their window. The worker keeps ORDERS_CACHED of them in memory, the
others are Temporal's until something happens to them. Then something does, and each has to answer.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from temporalio.service import RPCError

from benchmarks.load.crowd import Crowd, announce, in_lanes
from domain.desk import Outcome
from domain.orders import Rules
from domain.status import Status
from leaving import leave
from order_service import NoWorker, OrderService
from simulator.stack import Stack

ORDERS, CACHED = 50_000, 2_000
# What is not cached may cost the worker so little that it does not count: its cache is what bounds it.
GROWTH = 1.10
# So often filled, the cache is full: what leaves it stays in memory until Python's collector comes by.
FILLED = 3
_OPEN = Rules(window_seconds=3600)
# An answer that does not come is asked for so often: a busy machine is no lost order.
_ASKED = 30
# More at once only wait for each other, and are asked for again.
LANES = 20
# MiB that a worker's memory moves by though nothing happens.
_STILL = 0.3


@dataclass(frozen=True)
class Opened:
    """What came of it. Memory in MiB: before, with the first that fill the cache, and with all open.

    ``full``: when the cache was filled :data:`FILLED` times over; ``answering``: when so many had answered,
    which makes them larger; ``answered``: when all had.
    """

    orders: int
    cached: int
    before: float
    first: float
    full: float
    opened: float
    answering: float
    answered: float
    server: float
    answers: int
    seconds: float
    load: float = 0.0

    @property
    def each_cached(self) -> float:
        """KiB for an order in the cache."""
        return (self.first - self.before) / self.cached * 1024

    @property
    def each_other(self) -> float:
        """KiB for an order that is open and not in the cache."""
        return (self.opened - self.full) / max(self.orders - FILLED * self.cached, 1) * 1024

    @property
    def holds(self) -> bool:
        """Whether every order answered, and memory stayed where it was with a full cache."""
        is_bounded = self.opened <= GROWTH * self.full and self.answered <= GROWTH * self.answering
        return self.answers == self.orders and is_bounded

    def __str__(self) -> str:
        """The verdict in one line."""
        return (
            f"open: {'HOLDS' if self.holds else 'FAILS'} {self.orders:,} orders open, "
            f"{self.cached:,} cached: worker {self.before:.0f} MiB before, "
            f"{self.first:.0f} with as many open, {self.full:.0f} with a full cache, "
            f"{self.opened:.0f} with all open, "
            f"{self.answering:.0f} with a cache full of answered ones, {self.answered:.0f} with all answered "
            f"(limits {GROWTH:g} of a full cache); {self.each_cached:.1f} KiB for an order in the cache, "
            f"{self.each_other:.2f} for one that is not, {self.server:.1f} in the server; "
            f"{self.answers:,} answered; {self.seconds:.0f} s; load {self.load:.1f}"
        )


async def opened(stack: Stack, orders: int, cached: int) -> Opened:
    """Open so many, first as many as are cached, and then have something happen to each."""
    service, began = await stack.order_service(), time.monotonic()
    crowd, (worker, server) = Crowd("open", "m-open", Status.ACCEPTED, orders), _processes(stack)
    # The first few bring in what every order shares.
    first = Crowd("first", "m-open", Status.ACCEPTED, 20)
    await _each(range(first.orders), lambda n: _open(service, first, n))
    await _settles(worker)
    before, server_before = worker(), server()
    await _each(range(cached), lambda n: _open(service, crowd, n))
    await _settles(worker)
    first_filled = worker()
    full_at = min(FILLED * cached, orders)
    await _each(range(cached, full_at), lambda n: _open(service, crowd, n))
    await _settles(worker)
    full = worker()
    await _each(range(full_at, orders), lambda n: _open(service, crowd, n))
    await _settles(worker)
    at_most, server_after = worker(), server()
    answers: list[int] = []
    await _each(range(full_at), lambda n: _answers(service, crowd, n, answers))
    answering = worker()
    await _each(range(full_at, orders), lambda n: _answers(service, crowd, n, answers))
    return Opened(
        orders=orders,
        cached=cached,
        before=before,
        first=first_filled,
        full=full,
        opened=at_most,
        answering=answering,
        answered=worker(),
        server=(server_after - server_before) / orders * 1024,
        answers=len(set(answers)),
        seconds=time.monotonic() - began,
        load=os.getloadavg()[0],
    )


async def _open(service: OrderService, crowd: Crowd, number: int) -> None:
    await announce(service, crowd.event(number), _OPEN)


async def _answers(service: OrderService, crowd: Crowd, number: int, answers: list[int]) -> None:
    """Let something happen to an order, and note it if it says that it took it in."""
    event = crowd.event(number, Status.PREPARING)
    for _ in range(_ASKED):
        try:
            answer = await service.announce_and_wait(event, _OPEN)
        except (NoWorker, RPCError):
            await asyncio.sleep(1)
            continue
        if answer.outcome in {Outcome.ACCEPTED, Outcome.DUPLICATE}:
            answers.append(number)
        return


async def _each(numbers: range, does: Callable[[int], Awaitable[None]]) -> None:
    await in_lanes((partial(does, number) for number in numbers), LANES)


async def _settles(memory: Callable[[], float]) -> None:
    """Wait until a worker has caught up: it is when its memory stands still."""
    before = -1.0
    while abs((now := memory()) - before) > _STILL:
        before = now
        await asyncio.sleep(3)


def _processes(stack: Stack) -> tuple[Callable[[], float], Callable[[], float]]:
    """What tells the memory of the worker, and of Temporal's server, in MiB."""
    worker, server = (psutil.Process(stack[name].pid) for name in ("worker", "temporal"))
    return lambda: worker.memory_info().rss / 2**20, lambda: server.memory_info().rss / 2**20


async def measure(orders: int, cached: int, folder: Path) -> Opened:
    """Start everything in a folder, open orders and have them answer."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    async with Stack.start(folder, environ={**environ, "ORDERS_CACHED": str(cached)}) as stack:
        return await stack.with_everything_up(opened(stack, orders, cached))


def main() -> bool:
    """Measure and print."""
    orders, cached = (
        int(os.environ.get(name) or usual) for name, usual in (("ORDERS", ORDERS), ("ORDERS_CACHED", CACHED))
    )
    with tempfile.TemporaryDirectory(prefix="open-") as folder:
        found = asyncio.run(measure(orders, cached, Path(folder)))
    Console(file=sys.stdout).print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
