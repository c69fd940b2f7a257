"""``make bench-processes``: two worker processes against one, with Temporal's server on a core of its own.

The job is that of ``make bench``. The server has the first core to itself, all else has the others.
"""

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console

from activities.store import Store
from benchmarks.bench.driver import Arrivals, Drive
from benchmarks.bench.job import WINDOW_SECONDS, customers
from benchmarks.load.crowd import announce
from benchmarks.load.evidence import LEDGER
from domain.orders import Rules
from leaving import leave
from simulator.stack import Stack

ORDERS, LANES, WARM_UP = 150, 60, 20
# Of what the cores that are left could give: the rest is for what processes share, the ledger above all.
LEAST = 0.8
# A machine of which others take this share says nothing about us.
TOO_BUSY = 0.25
_RULES = Rules(window_seconds=WINDOW_SECONDS, linger_seconds=1)


@dataclass(frozen=True)
class Run:
    """Orders a second with so many processes, and how busy each part was, in cores. ``others``: not ours."""

    rate: float
    server: float
    workers: float
    rest: float
    others: float = 0.0


@dataclass(frozen=True)
class Compared:
    """One process against two, on so many cores in all."""

    cores: int
    one: Run
    two: Run
    load: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times the orders a second of one."""
        return self.two.rate / self.one.rate

    @property
    def expected(self) -> float:
        """What the cores that the server and the driver leave allow."""
        return LEAST * min(2, max(1, self.cores - 2))

    @property
    def bound(self) -> str:
        """What two processes ran into."""
        if self.two.server > 0.9:
            return f"the server's core, {self.two.server:.0%} busy"
        if self.two.others > TOO_BUSY * self.cores:
            return f"other programs, which took {self.two.others:.1f} of {self.cores} cores: ask again later"
        left = self.cores - 1
        used = self.two.workers + self.two.rest
        if used > 0.85 * left:
            return f"the {left} core(s) that the server leaves, {used / left:.0%} busy"
        return f"no core: {used:.1f} of {left} beside the server were busy, the ledger has one writer"

    @property
    def holds(self) -> bool:
        """Whether two do as much as the machine lets them."""
        return self.ratio >= self.expected

    def __str__(self) -> str:
        """The verdict in one line."""
        return (
            f"processes: {'HOLDS' if self.holds else 'FAILS'} two do {self.ratio:.2f} of one, "
            f"{self.two.rate:.1f} against {self.one.rate:.1f} orders a second (least {self.expected:.2f} on "
            f"{self.cores} cores), bound by {self.bound}; load {self.load:.1f}"
        )


async def compared(stack: Stack, orders: int) -> Compared:
    """Run the job with one process, then with two."""
    service = await stack.order_service()
    arrivals = Arrivals(stack.simulator)
    following = asyncio.create_task(arrivals.follow())
    psutil.Process(stack["temporal"].pid).cpu_affinity(cores()[:1])
    psutil.Process().cpu_affinity(cores()[1:])
    await stack["worker"].stop()
    drive = partial(Drive, announce=partial(announce, service, rules=_RULES), arrivals=arrivals)
    one, two = [await _run(stack, drive, processes, orders) for processes in (1, 2)]
    following.cancel()
    return Compared(len(cores()), one, two, load=os.getloadavg()[0])


async def _run(stack: Stack, drive: "partial[Drive]", processes: int, orders: int) -> Run:
    prefix = f"p{processes}"
    worker = await stack.start_worker(f"worker-{processes}", "--processes", str(processes))
    async with Store(f"sqlite:///{stack.folder / LEDGER}") as store:
        await store.load(customers(prefix, orders))
        await store.load(customers(f"warm-{prefix}", WARM_UP))
    # What we start is where we are: beside the server, not on its core.
    await drive(f"warm-{prefix}").run(WARM_UP, WARM_UP)
    parts = [psutil.Process(stack["temporal"].pid), psutil.Process(worker.pid), psutil.Process()]
    before, machine = [_cpu(part, with_children=part.pid != os.getpid()) for part in parts], _machine()
    driven = drive(prefix)
    await driven.run(orders, LANES)
    after = [_cpu(part, with_children=part.pid != os.getpid()) for part in parts]
    all_busy = (_machine() - machine) / driven.seconds
    await worker.stop()
    server, workers, rest = [(now - was) / driven.seconds for now, was in zip(after, before, strict=True)]
    others = max(0.0, all_busy - server - workers - rest)
    return Run(orders / driven.seconds, server, workers, rest, others)


def cores() -> list[int]:
    """The cores this machine gives us."""
    return list(range(psutil.cpu_count() or 1))


def _machine() -> float:
    """Seconds in which a core of this machine was busy, for whomever."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def _cpu(process: psutil.Process, *, with_children: bool) -> float:
    family = [process, *(process.children(recursive=True) if with_children else ())]
    return sum(float(member.cpu_times().user + member.cpu_times().system) for member in family)


async def measure(orders: int, folder: Path) -> Compared:
    """Start everything in a folder, and compare."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    async with Stack.start(folder, environ=environ) as stack:
        return await stack.with_everything_up(compared(stack, orders))


def main() -> bool:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="processes-") as folder:
        found = asyncio.run(measure(int(os.environ.get("ORDERS") or ORDERS), Path(folder)))
    Console(file=sys.stdout).print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
