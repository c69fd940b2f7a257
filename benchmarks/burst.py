"""One order, a burst of signals: are all of them heard, how long does it take, and how much memory.

``python -m benchmarks.burst`` sends 20,000; ``SIGNALS=`` says otherwise. The worker, Temporal's dev server
and we, the order service, are a process each: they share the seconds, the memory is the worker's alone.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.orders import ORDERS_QUEUE, WORKFLOW_TYPE, workflow_id
from domain.status import Status
from domain.timeline import Timeline
from leaving import leave
from simulator.stack import Stack

# The server takes the signals of one order one after the other: more at once only queue up in front of the
# worker's own calls.
AT_ONCE = 10
ORDER, CUSTOMER = "burst", "customer-of-burst"
# Seconds for the order to come to its end once everything was handed over.
PATIENCE = 300
# A refused signal is handed over again after this: a busy server is not helped by being asked at once.
AGAIN_AFTER = 1
_RULES = {"window_seconds": 1, "linger_seconds": 1}
_BUSY = (RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.UNAVAILABLE)

Order = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Burst:
    """What a burst came to. ``lost`` are events in no row of the ledger that were not found stale either.

    ``seconds`` are until the last signal was taken, ``seconds_in_all`` until the order had ended. Memory is
    in MiB. ``refused``: how often the server refused a signal and it was handed over again.
    """

    signals: int
    lost: int
    stale: int
    refused: int
    batches: int
    runs: int
    ended: bool
    seconds: float
    seconds_in_all: float
    memory_before: float
    memory_peak: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, the order continued as new where it had to, and it ended."""
        return self.lost == 0 and self.ended and (self.runs > 1 or self.signals < 3_000)

    def __str__(self) -> str:
        """The verdict in one line."""
        return (
            f"burst: {'HOLDS' if self.holds else 'FAILS'} {self.signals:,} signals in {self.seconds:.1f} s, "
            f"{self.lost} lost, {self.signals / self.seconds:,.0f} a second, {self.stale:,} stale, "
            f"{self.refused:,} handed over again, {self.batches} batches, {self.runs} runs, "
            f"ended: {self.ended} after {self.seconds_in_all:.1f} s, "
            f"worker's memory {self.memory_before:.0f} MiB before, {self.memory_peak:.0f} MiB at most"
        )


async def burst(stack: Stack, signals: int) -> Burst:
    """Signal one order that many times as fast as it goes, deliver it, and look for every event."""
    await stack.load(people(stack.folder))
    client = await Client.connect(stack.address)
    order, driver = await place(client), Driver()
    events = [event(number, Status.PREPARING) for number in range(signals)]
    delivered = event(signals, Status.DELIVERED)
    async with Memory.watched(stack["worker"].pid) as memory:
        began = time.monotonic()
        await in_parallel(AT_ONCE, [driver.signal(order, one) for one in events])
        seconds = time.monotonic() - began
        await driver.signal(order, delivered)()
        is_over = await has_ended(order)
        seconds_in_all = time.monotonic() - began
    timeline = Timeline.model_validate(await order.query("timeline"))
    missing = {one["event_id"] for one in (*events, delivered)} - in_the_ledger(stack)
    return Burst(
        signals=signals,
        lost=max(len(missing) - timeline.stale_in_all, 0),
        stale=timeline.stale_in_all,
        refused=driver.refused,
        batches=timeline.earlier_batches + len(timeline.batches),
        runs=await _runs(client),
        ended=is_over,
        seconds=seconds,
        seconds_in_all=seconds_in_all,
        memory_before=memory.before,
        memory_peak=memory.peak,
    )


class Memory:
    """The resident memory of a process, in MiB."""

    def __init__(self, pid: int | None) -> None:
        self._process = psutil.Process(pid)
        self.before = self.peak = self._now()

    @classmethod
    @contextlib.asynccontextmanager
    async def watched(cls, pid: int | None) -> AsyncIterator["Memory"]:
        """Remember the most there was."""
        memory = cls(pid)
        task = asyncio.create_task(memory._watch())
        try:
            yield memory
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._now())
            await asyncio.sleep(0.05)

    def _now(self) -> float:
        return float(self._process.memory_info().rss) / 2**20


class Driver:
    """Hands events over; again, as the contract says, while the server refuses to take them.

    It does while a run that has its 10,000 signals, or that tried to end, is about to continue as new.
    """

    def __init__(self) -> None:
        self.refused = 0

    def signal(self, order: Order, one: dict[str, Any]) -> Callable[[], Awaitable[None]]:
        """A call that hands one event over, which occurs then."""

        async def send() -> None:
            occurring = {**one, "occurred_at": datetime.now(UTC).isoformat()}
            while not await self._is_taken(order, occurring):  # noqa: ASYNC110 no event of ours
                await asyncio.sleep(AGAIN_AFTER)

        return send

    async def _is_taken(self, order: Order, event: dict[str, Any]) -> bool:
        try:
            await order.signal("status_changed", event)
        except RPCError as error:
            if "limit for signal events" not in str(error) and error.status not in _BUSY:
                raise
            self.refused += 1
            return False
        return True


async def in_parallel(at_once: int, calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Make all calls, so many at a time, in order."""
    todo = iter(calls)

    async def lane() -> None:
        for call in todo:
            await call()

    await asyncio.gather(*(lane() for _ in range(at_once)))


def people(folder: Path) -> Path:
    """A file with the one recipient there is."""
    file = folder / "people-of-burst.json"
    devices = [{"platform": "android", "token": f"token-of-{CUSTOMER}"}]
    file.write_text(json.dumps([{"recipient_id": CUSTOMER, "role": "customer", "devices": devices}]))
    return file


async def place(client: Client) -> Order:
    """Announce the order, and have whichever run of it is the newest."""
    placed = {**event(-1, Status.PLACED), "occurred_at": datetime.now(UTC).isoformat()}
    await client.start_workflow(
        WORKFLOW_TYPE,
        {"order_id": ORDER, "rules": _RULES},
        id=workflow_id(ORDER),
        task_queue=ORDERS_QUEUE,
        start_signal="status_changed",
        start_signal_args=[placed],
    )
    return client.get_workflow_handle(workflow_id(ORDER))


def event(number: int, status: Status) -> dict[str, Any]:
    """An order event without the time it occurs."""
    return {
        "event_id": f"{ORDER}-{number}",
        "order_id": ORDER,
        "status": str(status),
        "customer_id": CUSTOMER,
    }


async def has_ended(order: Order, patience: float = PATIENCE) -> bool:
    """Whether it completes within so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while (status := (await order.describe()).status) in _UNDER_WAY:  # noqa: ASYNC110 as above
                await asyncio.sleep(0.1)
            return status is WorkflowExecutionStatus.COMPLETED
    return False


_UNDER_WAY = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


def in_the_ledger(stack: Stack) -> set[str]:
    """Ids of the events that were told, read past the product's own code."""
    with contextlib.closing(sqlite3.connect(stack.folder / "order-notifications.db")) as ledger:
        rows = ledger.execute("SELECT events FROM notifications WHERE order_id = ?", (ORDER,)).fetchall()
    return {told for (events,) in rows for told in json.loads(events)}


async def _runs(client: Client) -> int:
    """How many runs the order took, counted by following each to the one before."""
    runs, run_id = 0, (await client.get_workflow_handle(workflow_id(ORDER)).describe()).run_id
    while run_id:
        runs += 1
        handle = client.get_workflow_handle(workflow_id(ORDER), run_id=run_id)
        first = await anext(handle.fetch_history_events(page_size=1))
        run_id = first.workflow_execution_started_event_attributes.continued_execution_run_id
    return runs


async def measure(signals: int, folder: Path) -> Burst:
    """Start everything in a folder, and let one order have its burst."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    async with Stack.start(folder, environ=environ) as stack:
        return await stack.with_everything_up(burst(stack, signals))


def main() -> bool:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="burst-") as folder:
        found = asyncio.run(measure(int(os.environ.get("SIGNALS") or 20_000), Path(folder)))
    Console().print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
