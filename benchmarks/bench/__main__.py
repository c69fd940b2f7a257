"""``make bench``: the job on the product and on the floor, in turn, on one Temporal server.

ORDERS=n, LANES=n and ROUNDS=n say how much; PLOT=FILE draws it. CPU is of the worker and of Temporal's
server; the driver and the provider, which are this process, are left out. The product's database is SQLite,
in the worker's process.
The floor is run twice: with the workflow sandbox as the product ships, and with it on.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.store import Store
from benchmarks.bench import bare
from benchmarks.bench.driver import Announce, Arrivals, Drive
from benchmarks.bench.job import BATCHES, WINDOW_SECONDS, customers
from benchmarks.bench.plot import draw
from benchmarks.bench.report import FLOOR, PRODUCT, SANDBOXED, Figures, show
from domain.orders import OrderEvent, Rules
from leaving import leave
from order_service import OrderIsOver, OrderService
from simulator.ports import Ports, a_free_port
from simulator.programs import HOME
from simulator.stack import Stack

ORDERS, LANES, ROUNDS = 150, 60, 3
WARM_UP = 10
_RULES = Rules(window_seconds=WINDOW_SECONDS, linger_seconds=1)


@dataclass(frozen=True)
class System:
    """One of them: how its orders are announced, the program that works for it, and its workflows' ids."""

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
    """All systems in turn, each first as often as last: a server slows down with what it has kept."""
    figures: dict[str, list[Figures]] = {name: [] for name in (PRODUCT, FLOOR, SANDBOXED)}
    with tempfile.TemporaryDirectory() as name:
        with_metrics = replace(Ports.free(), metrics=a_free_port())
        async with Stack.start(Path(name), ports=with_metrics) as stack:
            systems = await _systems(stack)
            arrivals = Arrivals(stack.simulator)
            following = asyncio.create_task(arrivals.follow())
            async with Store(f"sqlite:///{name}/order-notifications.db") as store:
                for number in range(rounds):
                    for system in (*systems[number % len(systems) :], *systems[: number % len(systems)]):
                        prefix = f"{system.program}{number}"
                        await store.load(customers(prefix, orders))
                        await store.load(customers(f"warm-{prefix}", WARM_UP))
                        figures[system.name].append(await run(stack, system, arrivals, prefix, orders, lanes))
            following.cancel()
    return figures


async def _systems(stack: Stack) -> Sequence[System]:
    await stack["worker"].stop()
    for name, sandbox in (("bare", "off"), ("boxed", "on")):
        stack.program(
            name,
            (sys.executable, "-m", "benchmarks.bench.bare_worker"),
            ready="bare: ready",
            PYTHONPATH=str(HOME),
            WORKFLOW_SANDBOX=sandbox,
        )
    service = await stack.order_service()
    client = await Client.connect(stack.address, data_converter=pydantic_data_converter)
    announce_bare = partial(bare.announce, client, _RULES)
    return (
        System(PRODUCT, "worker", partial(_announce, service), "order-"),
        System(FLOOR, "bare", announce_bare, "bare-"),
        System(SANDBOXED, "boxed", announce_bare, "bare-"),
    )


async def _announce(service: OrderService, event: OrderEvent) -> None:
    try:
        await service.announce(event, _RULES)
    except OrderIsOver:
        return


def main() -> None:
    """Measure, print, and exit with 0 only if every limit holds."""
    orders, lanes, rounds = (
        int(os.environ.get(name, default))
        for name, default in (("ORDERS", ORDERS), ("LANES", LANES), ("ROUNDS", ROUNDS))
    )
    figures = asyncio.run(measure(orders, lanes, rounds))
    if plot := os.environ.get("PLOT"):
        draw(figures, Path(plot))
    leave(0 if show(figures, Console(file=sys.stdout)) else 1)


if __name__ == "__main__":
    main()
