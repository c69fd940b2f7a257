"""``make bench``: the job on the product and on the floor, in turn, on one Temporal server.

ORDERS=n, LANES=n and ROUNDS=n say how much. CPU is of the worker and of Temporal's server; the driver and the
provider, which are this process, are left out. The product's database is SQLite, in the worker's process.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.store import Store
from benchmarks.bench import bare
from benchmarks.bench.driver import Announce, Arrivals, Drive
from benchmarks.bench.job import BATCHES, WINDOW_SECONDS, customers
from domain.orders import OrderEvent, Rules
from leaving import leave
from simulator.programs import HOME
from simulator.stack import Stack
from starter import OrderIsOver, OrderService

ORDERS, LANES, ROUNDS = 150, 60, 3
WARM_UP = 10
LEAST_CPU, LEAST_RATE, LEAST_P99 = 1.15, 0.9, 1.3
_RULES = Rules(window_seconds=WINDOW_SECONDS, linger_seconds=1)


@dataclass(frozen=True)
class Figures:
    """What one run came to. CPU in milliseconds an order, latency in seconds, memory in MiB."""

    worker_cpu: float
    server_cpu: float
    rate: float
    p50: float
    p99: float
    events: float
    size: float
    memory: float
    lost: int
    doubled: int

    @property
    def cpu(self) -> float:
        """Worker and server together."""
        return self.worker_cpu + self.server_cpu


@dataclass(frozen=True)
class System:
    """One of the two: how its orders are announced, the program that works for it, and its workflows' ids."""

    name: str
    program: str
    announce: Announce
    workflow_id: str


async def run(
    stack: Stack, system: System, arrivals: Arrivals, prefix: str, orders: int, lanes: int
) -> Figures:
    """Drive orders through a system; its worker is started for it and stopped afterwards."""
    worker = stack[system.program]
    await worker.start()
    try:
        await _warm_up(system, arrivals, f"warm-{prefix}", lanes)
        parts = [psutil.Process(worker.pid), psutil.Process(stack["temporal"].pid)]
        before = [_cpu(part) for part in parts]
        drive = Drive(prefix, system.announce, arrivals)
        await drive.run(orders, lanes)
        used = [(_cpu(part) - was) / orders * 1000 for part, was in zip(parts, before, strict=True)]
        memory = parts[0].memory_info().rss / 2**20
    finally:
        await worker.stop()
    events, size = await _history(stack, system, prefix, orders)
    messages = drive.messages(orders)
    return Figures(
        worker_cpu=used[0],
        server_cpu=used[1],
        rate=orders / drive.seconds,
        p50=_quantile(drive.latencies, 0.5),
        p99=_quantile(drive.latencies, 0.99),
        events=events,
        size=size,
        memory=memory,
        lost=sum(max(len(BATCHES) - told, 0) for told in messages),
        doubled=sum(max(told - len(BATCHES), 0) for told in messages),
    )


async def _warm_up(system: System, arrivals: Arrivals, prefix: str, lanes: int) -> None:
    """Let caches, connections and pollers be there before anything is counted."""
    await Drive(prefix, system.announce, arrivals).run(WARM_UP, min(lanes, WARM_UP))


async def _history(stack: Stack, system: System, prefix: str, orders: int) -> tuple[float, float]:
    client = await Client.connect(stack.address)
    lengths, sizes = [], []
    for number in range(0, orders, max(1, orders // 20)):
        handle = client.get_workflow_handle(f"{system.workflow_id}{prefix}-{number}")
        info = (await handle.describe()).raw_description.workflow_execution_info
        lengths.append(info.history_length)
        sizes.append(info.history_size_bytes)
    return statistics.mean(lengths), statistics.mean(sizes)


def _cpu(process: psutil.Process) -> float:
    """User and system seconds of a process and its children."""
    family = [process, *process.children(recursive=True)]
    return sum(member.cpu_times().user + member.cpu_times().system for member in family)


def _quantile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


async def measure(orders: int, lanes: int, rounds: int) -> dict[str, list[Figures]]:
    """Both systems in turn, so that what else the machine does falls on both."""
    figures: dict[str, list[Figures]] = {"product": [], "floor": []}
    with tempfile.TemporaryDirectory() as name:
        async with Stack.start(Path(name)) as stack:
            systems = await _systems(stack)
            arrivals = Arrivals(stack.simulator)
            following = asyncio.create_task(arrivals.follow())
            async with Store(f"sqlite:///{name}/order-notifications.db") as store:
                for number in range(rounds):
                    for system in systems:
                        prefix = f"{system.name[0]}{number}"
                        await store.load(customers(prefix, orders))
                        await store.load(customers(f"warm-{prefix}", WARM_UP))
                        figures[system.name].append(await run(stack, system, arrivals, prefix, orders, lanes))
            following.cancel()
    return figures


async def _systems(stack: Stack) -> Sequence[System]:
    await stack["worker"].stop()
    stack.program(
        "bare",
        (sys.executable, "-m", "benchmarks.bench.bare_worker"),
        ready="bare: ready",
        PYTHONPATH=str(HOME),
    )
    service = await stack.order_service()
    client = await Client.connect(stack.address, data_converter=pydantic_data_converter)
    return (
        System("product", "worker", partial(_announce, service), "order-"),
        System("floor", "bare", partial(bare.announce, client, _RULES), "bare-"),
    )


async def _announce(service: OrderService, event: OrderEvent) -> None:
    try:
        await service.announce(event, _RULES)
    except OrderIsOver:
        return


def show(figures: dict[str, list[Figures]], console: Console) -> bool:
    """Print the medians and the verdict; whether it holds."""
    product, floor = (_medians(figures[name]) for name in ("product", "floor"))
    table = Table("", "product", "floor", "ratio", title=f"Medians of {len(figures['product'])} runs")
    rows = (
        ("CPU ms an order, worker and server", "cpu"),
        ("  worker", "worker_cpu"),
        ("  Temporal server", "server_cpu"),
        ("orders a second", "rate"),
        ("critical event to provider, p50 s", "p50"),
        ("critical event to provider, p99 s", "p99"),
        ("history events an order", "events"),
        ("history bytes an order", "size"),
        ("worker's memory at the end, MiB", "memory"),
    )
    for title, name in rows:
        ours, least = getattr(product, name), getattr(floor, name)
        table.add_row(title, _said(ours), _said(least), f"{ours / least:.2f}")
    table.add_row("lost", str(product.lost), str(floor.lost), "")
    table.add_row("doubled", str(product.doubled), str(floor.doubled), "")
    console.print(table)
    holds = _holds(product, floor)
    console.print(
        f"bench: {'HOLDS' if holds else 'FAILS'} CPU {product.cpu / floor.cpu:.2f} of the floor's "
        f"(limit {LEAST_CPU}), orders a second {product.rate / floor.rate:.2f} (least {LEAST_RATE}), "
        f"p99 {product.p99 / floor.p99:.2f} (limit {LEAST_P99}), events {product.events - floor.events:+.1f} "
        f"(limit +{len(BATCHES)}), lost {product.lost}, doubled {product.doubled}",
        soft_wrap=True,
        highlight=False,
    )
    return holds


def _holds(product: Figures, floor: Figures) -> bool:
    return (
        product.lost == product.doubled == 0
        and product.cpu <= LEAST_CPU * floor.cpu
        and product.rate >= LEAST_RATE * floor.rate
        and product.p99 <= LEAST_P99 * floor.p99
        and product.events <= floor.events + len(BATCHES)
    )


def _medians(runs: Sequence[Figures]) -> Figures:
    fields = Figures.__dataclass_fields__
    worst = {name: max(getattr(run, name) for run in runs) for name in ("lost", "doubled")}
    medians = {name: statistics.median(getattr(run, name) for run in runs) for name in fields}
    return Figures(**{**medians, **worst})


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """Measure, print, and exit with 0 only if every limit holds."""
    orders, lanes, rounds = (
        int(os.environ.get(name, default))
        for name, default in (("ORDERS", ORDERS), ("LANES", LANES), ("ROUNDS", ROUNDS))
    )
    figures = asyncio.run(measure(orders, lanes, rounds))
    leave(0 if show(figures, Console(file=sys.stdout)) else 1)


if __name__ == "__main__":
    main()
