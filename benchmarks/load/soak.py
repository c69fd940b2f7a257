"""``make soak MINUTES=n``: at 70 % of what it can do, for long: does it grow, slow down or lose anything.

The job is that of ``make bench``, ten messages an order. First it is driven as fast as it goes, then orders
begin one by one at 70 % of that, whether or not those before have ended. Temporal's server keeps them in a
file.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console

from activities.store import Store
from benchmarks.bench.driver import Arrivals, Drive
from benchmarks.bench.job import BATCHES, WINDOW_SECONDS, customers
from benchmarks.load.crowd import announce, quantile
from benchmarks.load.evidence import LEDGER
from domain.orders import Rules
from leaving import leave
from simulator.stack import Stack

MINUTES = 30.0
SHARE = 0.7
# Orders and how many at once, to find out what the product can do.
PROBE, PROBE_LANES = 120, 40
# A worker takes this long to have all that it will ever need, or a sixth of a shorter run.
WARM_MINUTES, WARM_SHARE = 5.0, 1 / 6
GROWTH, SLOWER = 1.05, 1.5
# An order that ended counts as open while it waits for late events: as short as the wait may be.
_RULES = Rules(window_seconds=WINDOW_SECONDS, linger_seconds=1)
_EVERY = 5.0


@dataclass(frozen=True)
class Sample:
    """The worker's memory, in MiB, so many seconds after the beginning."""

    at: float
    memory: float


@dataclass
class Paced(Drive):
    """Orders that begin one after the other at a pace; how long each critical message took, by when."""

    told: list[tuple[float, float]] = field(default_factory=list)

    async def run_at(self, rate: float, orders: int) -> None:
        """Begin so many orders a second, and wait for the last to end."""
        began, under_way = time.monotonic(), set[asyncio.Task[None]]()
        for number in range(orders):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            task = asyncio.create_task(self._order_at(number, time.monotonic() - began))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def _order_at(self, number: int, at: float) -> None:
        one = Drive(self.prefix, self.announce, self.arrivals)
        await one._order(number)
        self.stuck += one.stuck
        self.told += [(at, latency) for latency in one.latencies]


@dataclass(frozen=True)
class Soaked:
    """What came of it: memory in MiB and latency in seconds. ``capacity`` is in orders a second."""

    minutes: float
    capacity: float
    orders: int
    memory_early: float
    memory_late: float
    p99_early: float
    p99_late: float
    lost: int
    doubled: int
    load: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it neither grew nor slowed down, and told everything once."""
        is_flat = self.memory_late <= GROWTH * self.memory_early and self.p99_late <= SLOWER * self.p99_early
        return is_flat and self.lost == self.doubled == 0

    def __str__(self) -> str:
        """The verdict in one line."""
        return (
            f"soak: {'HOLDS' if self.holds else 'FAILS'} {self.minutes:g} minutes, {self.orders:,} orders at "
            f"{SHARE * self.capacity:.1f} a second, {SHARE:.0%} of {self.capacity:.1f}: worker's memory "
            f"{self.memory_early:.0f} MiB after warming up, {self.memory_late:.0f} at the end "
            f"(limit {GROWTH:g} times), p99 {self.p99_early:.3f} s in the first half, "
            f"{self.p99_late:.3f} s in the second "
            f"(limit {SLOWER:g} times), {self.lost} lost, {self.doubled} doubled; load {self.load:.1f}"
        )


async def soak(stack: Stack, minutes: float) -> Soaked:
    """Find the pace, keep it up, and look at what was told."""
    service = await stack.order_service()
    arrivals = Arrivals(stack.simulator)
    following = asyncio.create_task(arrivals.follow())
    tell = partial(announce, service, rules=_RULES)
    probe = Drive("probe", tell, arrivals)
    await _load(stack, "probe", PROBE)
    await probe.run(PROBE, PROBE_LANES)
    capacity = PROBE / probe.seconds
    rate = SHARE * capacity
    orders = max(int(rate * minutes * 60), 1)
    await _load(stack, "soak", orders)
    paced, samples = Paced("soak", tell, arrivals), list[Sample]()
    sampling = asyncio.create_task(_sample(stack, samples))
    await paced.run_at(rate, orders)
    sampling.cancel()
    following.cancel()
    return judged(minutes, capacity, samples, paced.told, paced.messages(orders))


def judged(
    minutes: float,
    capacity: float,
    samples: Sequence[Sample],
    told: Sequence[tuple[float, float]],
    messages: Sequence[int],
) -> Soaked:
    """What a run comes to. ``messages``: how many each order's customer got on each channel."""
    warm = min(WARM_MINUTES, minutes * WARM_SHARE) * 60
    warmed = [sample for sample in samples if sample.at >= warm] or list(samples)
    tenth = max(len(warmed) // 10, 1)
    steady = sorted(told)[int(len(told) * warm / (minutes * 60)) :]
    early, late = steady[: len(steady) // 2], steady[len(steady) // 2 :]
    return Soaked(
        minutes=minutes,
        capacity=capacity,
        orders=len(messages) // 2,
        memory_early=statistics.median(sample.memory for sample in warmed[:tenth]),
        memory_late=statistics.median(sample.memory for sample in warmed[-tenth:]),
        p99_early=quantile([latency for _, latency in early], 0.99),
        p99_late=quantile([latency for _, latency in late], 0.99),
        lost=sum(max(len(BATCHES) - told, 0) for told in messages),
        doubled=sum(max(told - len(BATCHES), 0) for told in messages),
        load=os.getloadavg()[0],
    )


async def _sample(stack: Stack, samples: list[Sample]) -> None:
    worker, began = psutil.Process(stack["worker"].pid), time.monotonic()
    while True:
        samples.append(Sample(time.monotonic() - began, worker.memory_info().rss / 2**20))
        await asyncio.sleep(_EVERY)


async def _load(stack: Stack, prefix: str, orders: int) -> None:
    async with Store(f"sqlite:///{stack.folder / LEDGER}") as store:
        await store.load(customers(prefix, orders))


async def measure(minutes: float, folder: Path) -> Soaked:
    """Start everything in a folder, and let it run."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # In a file: a dev server's database in memory takes longer to end a transaction the more there is in it.
    async with Stack.start(folder, environ=environ, keep_orders=True) as stack:
        return await stack.with_everything_up(soak(stack, minutes))


def main() -> bool:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = asyncio.run(measure(float(os.environ.get("MINUTES") or MINUTES), Path(folder)))
    Console(file=sys.stdout).print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
