"""How fast news reaches open inboxes, and whether any is lost or told twice when connections are cut.

``python -m benchmarks.streams`` opens 2,000 streams on one API process, ``STREAMS=`` says how many, and tells
``NEWS=`` pieces of news at ``RATE=`` a second, by the planning of the product, while connections are cut.
"""

import asyncio
import contextlib
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from activities.store import Store
from activities.wording import FluentWording
from benchmarks.burst import Memory
from benchmarks.stream_reader import StreamReader
from domain.channels import Channel
from domain.deciding import decide
from domain.links import SignedLinks
from domain.news import News
from domain.status import Role, Status
from domain.telling import Batch
from leaving import leave
from simulator.stack import Stack

WITHIN = 1.0
# Streams are opened so many at a time: the listener's queue is not endless.
OPENED_AT_ONCE = 50
# Seconds for all that was told to arrive, and for all streams to open.
PATIENCE = 120.0
_FILES_BESIDE = 512


@dataclass(frozen=True)
class Plan:
    """How much is done. ``rate`` is by the second; two of ``cut_every`` pieces find their reader cut off."""

    streams: int = 2_000
    news: int = 1_500
    rate: float = 50
    cut_every: int = 10


@dataclass(frozen=True)
class Followed:
    """What it came to. ``delivery``: seconds from the commit of the news to its event at the reader.

    News of somebody who was cut off, then or before it arrived, is counted in ``resumed`` alone. Memory is
    in MiB.
    """

    plan: Plan
    delivery: Sequence[float]
    resumed: int
    cuts: int
    missed: int
    twice: int
    refused: int
    memory: tuple[float, float]

    @property
    def p99(self) -> float:
        """What 99 of 100 do not exceed."""
        return statistics.quantiles(self.delivery, n=100)[98]

    @property
    def is_whole(self) -> bool:
        """Whether everything came, and nothing twice."""
        return self.missed == 0 and self.twice == 0 and self.refused == 0

    @property
    def holds(self) -> bool:
        """Whether it came in time, too."""
        return self.is_whole and self.p99 <= WITHIN

    def __str__(self) -> str:
        """The verdict in one line."""
        before, peak = self.memory
        return (
            f"streams: {'HOLDS' if self.holds else 'FAILS'} {self.plan.streams:,} streams, "
            f"{self.plan.news:,} news at {self.plan.rate:.0f} a second, delivered after "
            f"p50 {statistics.median(self.delivery):.3f} s, p99 {self.p99:.3f} s, "
            f"max {max(self.delivery):.3f} s; "
            f"{self.cuts:,} cuts, {self.resumed:,} news after one, {self.missed} missed, {self.twice} twice, "
            f"{self.refused} refused, API's memory {before:.0f} MiB before, {peak:.0f} MiB at most"
        )


async def follow(url: str, store: Store, plan: Plan, pid: int | None = None) -> Followed:
    """Open the streams of an API, tell news and cut connections, then look at who heard what and when."""
    links = SignedLinks(url, await store.signing_secrets())
    ids = [f"c-{number}" for number in range(plan.streams)]
    readers = [StreamReader(url, one, links.recipient_token(one)) for one in ids]
    async with Memory.watched(pid) as memory, _reading(readers):
        told = await _tell(store, plan, readers)
        await _arrive(told, readers)
    return _compared(plan, told, readers, (memory.before, memory.peak))


# By order: whose it is, when it was committed, and after how many cuts, None while they were cut off.
Told = dict[str, tuple[StreamReader, float, int | None]]


@contextlib.asynccontextmanager
async def _reading(readers: Sequence[StreamReader]) -> AsyncIterator[None]:
    """Everybody reads, until the block ends."""
    tasks: list[asyncio.Task[None]] = []
    try:
        async with asyncio.timeout(PATIENCE):
            for begin in range(0, len(readers), OPENED_AT_ONCE):
                some = readers[begin : begin + OPENED_AT_ONCE]
                tasks += [asyncio.create_task(reader.read()) for reader in some]
                while not all(reader.is_open for reader in some):  # noqa: ASYNC110 no event of ours
                    await asyncio.sleep(0.01)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(store: Store, plan: Plan, readers: Sequence[StreamReader]) -> Told:
    """One piece of news after the other to whomever chance picks, at a steady rate.

    Some have lost their connection just before it is told, some lose it before it can arrive.
    """
    told: Told = {}
    deciding, wording = partial(decide, carried=frozenset[Channel]()), FluentWording()
    began = time.monotonic()
    for number in range(plan.news):
        await asyncio.sleep(began + number / plan.rate - time.monotonic())
        reader = random.choice(readers)  # noqa: S311 not for secrets
        batch = _batch(f"order-{number}", reader.recipient_id)
        if number % plan.cut_every == 0:
            reader.cut()
        await store.plan(batch, deciding, wording)
        told[batch.order_id] = (reader, time.monotonic(), reader.cuts if reader.is_open else None)
        if number % plan.cut_every == 1:
            reader.cut()
    return told


def _batch(order_id: str, recipient_id: str) -> Batch:
    now = datetime.now(UTC)
    news = (News(event_id=f"{order_id}-1", status=Status.PLACED, at=now),)
    return Batch(
        order_id=order_id,
        number=1,
        recipient_id=recipient_id,
        role=Role.CUSTOMER,
        news=news,
        facts={"merchant_name": "Burger Barn"},
        told_at=now,
    )


async def _arrive(told: Told, readers: Sequence[StreamReader]) -> None:
    """Wait until everything has arrived, and a while longer for what might come twice."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while sum(len(reader.arrived) for reader in readers) < len(told):  # noqa: ASYNC110 as above
                await asyncio.sleep(0.05)
    await asyncio.sleep(2)


def _compared(
    plan: Plan, told: Told, readers: Sequence[StreamReader], memory: tuple[float, float]
) -> Followed:
    delivery, resumed, missed = list[float](), 0, 0
    for order_id, (reader, committed, cuts) in told.items():
        if not (arrivals := reader.arrived.get(order_id)):
            missed += 1
        elif arrivals[0][1] == cuts:
            delivery.append(max(0.0, arrivals[0][0] - committed))
        else:
            resumed += 1
    return Followed(
        plan=plan,
        delivery=delivery,
        resumed=resumed,
        cuts=sum(reader.cuts for reader in readers),
        missed=missed,
        twice=sum(len(times) - 1 for reader in readers for times in reader.arrived.values()),
        refused=sum(reader.refused for reader in readers),
        memory=memory,
    )


def allow_files(streams: int) -> None:
    """Let this process, and those it starts, have as many connections open as are needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = streams + _FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


async def measure(plan: Plan, folder: Path) -> Followed:
    """Start everything in a folder, the API as a process of its own, and follow."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    async with Stack.start(folder, environ=environ, with_api=True) as stack:
        assert stack.public_url  # noqa: S101 providers are the simulator's, so it has one
        async with Store(f"sqlite:///{folder}/order-notifications.db") as store:
            following = follow(stack.public_url, store, plan, stack["api"].pid)
            return await stack.with_everything_up(following)


def main() -> bool:
    """Measure and print."""
    given = os.environ.get
    plan = Plan(
        streams=int(given("STREAMS") or Plan.streams),
        news=int(given("NEWS") or Plan.news),
        rate=float(given("RATE") or Plan.rate),
    )
    allow_files(plan.streams)
    with tempfile.TemporaryDirectory(prefix="streams-") as folder:
        found = asyncio.run(measure(plan, Path(folder)))
    Console().print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
