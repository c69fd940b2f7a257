"""One order, a burst of signals: are all of them heard, how long does it take, and how much memory.

``python -m benchmarks.burst`` sends 20,000; ``SIGNALS=`` says otherwise.
"""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from temporalio.service import RPCError, RPCStatusCode

from domain.status import Status
from leaving import leave
from tests.stage import City, OrderStory, Stage, open_stage

AT_ONCE = 200
_BUSY = (RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.UNAVAILABLE)


@dataclass(frozen=True)
class Burst:
    """What a burst came to. Seconds and MiB; ``lost`` are events in no row of the ledger and not stale."""

    signals: int
    lost: int
    batches: int
    runs: int
    ended: bool
    seconds: float
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
            f"{self.lost} lost, {self.batches} batches, {self.runs} runs, ended: {self.ended}, "
            f"memory {self.memory_before:.0f} MiB before, {self.memory_peak:.0f} MiB at most"
        )


async def burst(stage: Stage, signals: int) -> Burst:
    """Signal one order that many times as fast as it goes, deliver it, and look for every event."""
    city = City(stage, f"burst of {signals}")
    order = city.order(await city.customer(), window_seconds=1, linger_seconds=1)
    memory = Memory()
    await order.signal(order.event(Status.PLACED))
    began = time.monotonic()
    events = [order.event(Status.PREPARING) for _ in range(signals)]
    events.append(order.event(Status.DELIVERED))
    async with memory.watched():
        await in_parallel(AT_ONCE, [_signal(order, event) for event in events[:-1]])
        await _signal(order, events[-1])()
        ended = await _has_ended(order)
    heard = {event for row in await order.rows() for event in row.events}
    timeline = await order.timeline()
    lost = {event["event_id"] for event in events} - heard
    return Burst(
        signals=signals,
        lost=len(lost) - min(len(lost), timeline.stale_in_all),
        batches=timeline.earlier_batches + len(timeline.batches),
        runs=await _runs(stage, order),
        ended=ended,
        seconds=time.monotonic() - began,
        memory_before=memory.before,
        memory_peak=memory.peak,
    )


class Memory:
    """The resident memory of this process, worker included, in MiB."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.before = self.peak = self._now()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Remember the most there was."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._now())
            await asyncio.sleep(0.1)

    def _now(self) -> float:
        return float(self._process.memory_info().rss) / 2**20


async def in_parallel(at_once: int, calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Make all calls, so many at a time, in order."""
    todo = iter(calls)

    async def lane() -> None:
        for call in todo:
            await call()

    await asyncio.gather(*(lane() for _ in range(at_once)))


def _signal(order: OrderStory, event: dict[str, Any]) -> Callable[[], Awaitable[None]]:
    """Hand an event over; again, as the contract says, while the server refuses to take it.

    It does while a run that has its 10,000 signals is about to continue as new.
    """

    async def send() -> None:
        while True:
            try:
                await order.handle.signal("status_changed", {**event, "occurred_at": _now()})
            except RPCError as error:
                if "limit for signal events" not in str(error) and error.status not in _BUSY:
                    raise
                await asyncio.sleep(0.05)
            else:
                return

    return send


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def _has_ended(order: OrderStory) -> bool:
    async with asyncio.timeout(300):
        while (await order.status()) in ("RUNNING", "CONTINUED_AS_NEW"):  # noqa: ASYNC110 no event of ours
            await asyncio.sleep(0.2)
    return await order.status() == "COMPLETED"


async def _runs(stage: Stage, order: OrderStory) -> int:
    """How many runs the order took, counted by following each to the one before."""
    query = f"WorkflowId = 'order-{order.order_id}'"
    return (await stage.client.count_workflows(query)).count


async def main() -> bool:
    """Measure and print."""
    signals = int(os.environ.get("SIGNALS") or 20_000)
    with tempfile.TemporaryDirectory() as folder:
        async with open_stage(Path(folder)) as stage:
            found = await burst(stage, signals)
    Console().print(str(found), highlight=False)
    return found.holds


if __name__ == "__main__":
    leave(0 if asyncio.run(main()) else 1)
