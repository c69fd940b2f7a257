"""The whole stack as separate processes, each of which can be killed and is started again."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx

from benchmarks.chaos.database import Database, a_database
from benchmarks.chaos.plan import Disturbed
from benchmarks.stand_ins import stand_ins
from domain.recipients import Recipient
from simulator.faults import Fault, FaultPlan
from simulator.programs import Program, ProgramError
from simulator.stack import Stack

WORKERS = ("worker", "worker-2")
_OURS = ("FCM_", "APNS_", "TWILIO_", "SMTP_", "SES_", "TEMPORAL_", "DATABASE_", "METRICS_", "PROVIDER_RATE_")
_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Trouble:
    """Something was away from one moment to another."""

    what: Disturbed
    began: datetime
    ended: datetime

    def __str__(self) -> str:
        return f"{self.what} away for {(self.ended - self.began).total_seconds():.1f} s"


@dataclass
class Kept:
    """A program that somebody starts again whenever it is down, unless it has to ``rest`` a while."""

    what: Disturbed
    program: Program
    rest_until: float = 0
    is_up: asyncio.Event = field(default_factory=asyncio.Event)
    ended_by_itself: int = 0

    async def keep_up(self) -> None:
        """Start it again and again, as a supervisor would: it may need what is down itself."""
        while True:
            if self.program.pid is None:
                self.ended_by_itself += self.is_up.is_set()
                self.is_up.clear()
                await self._start()
            await asyncio.sleep(_LOOK_EVERY)

    async def kill(self, rest: float) -> Trouble:
        """Kill it with -9 while it is up; answers when it was back."""
        while not self.is_up.is_set():  # two may have waited for it, and one killed it already
            await self.is_up.wait()
        self.is_up.clear()
        self.rest_until, began = time.monotonic() + rest, datetime.now(UTC)
        await self.program.kill()
        await self.is_up.wait()
        return Trouble(self.what, began, datetime.now(UTC))

    async def _start(self) -> None:
        await asyncio.sleep(max(self.rest_until - time.monotonic(), 0))
        try:
            await self.program.start()
        except ProgramError:
            # Half-started is not up: the next look finds it gone.
            await self.program.kill()
        else:
            self.is_up.set()


class Parts:
    """Everything that runs. See :meth:`start`."""

    def __init__(self, stack: Stack, database: Database, simulator: str) -> None:
        self.stack, self.database = stack, database
        self.workers = [Kept("worker", stack[name]) for name in WORKERS]
        self.server = Kept("server", stack["temporal"])
        self.kept = (*self.workers, self.server)
        for kept in self.kept:
            kept.is_up.set()
        self._http = httpx.AsyncClient(base_url=simulator)

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, kind: str, people: Sequence[Recipient]) -> AsyncIterator[Self]:
        """Run it all until the block ends, its files in ``folder``."""
        async with AsyncExitStack() as exits:
            database = await exits.enter_async_context(a_database(kind, folder))
            url, simulated = await exits.enter_async_context(stand_ins(folder))
            environ = {
                **{name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
                **simulated,
                "DATABASE_URL": database.url,
            }
            stack = await exits.enter_async_context(Stack.start(folder, environ=environ, keep_orders=True))
            await stack.start_worker(WORKERS[1])
            await _load(stack, folder, people)
            parts = cls(stack, database, url)
            exits.push_async_callback(parts._http.aclose)
            yield parts

    def victim(self, what: Disturbed) -> Kept:
        """The program to kill: the server, or a worker that is up, if one is, and was longest."""
        if what == "server":
            return self.server
        return min(self.workers, key=lambda kept: (not kept.is_up.is_set(), kept.rest_until))

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Start again what is down, until the block ends."""
        keeping = [asyncio.create_task(kept.keep_up()) for kept in self.kept]
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)

    async def set_faults(self, faults: Sequence[Fault], seed: int) -> None:
        """Let the providers fail like this from now on."""
        plan = FaultPlan(seed=seed, faults=faults).model_dump(mode="json", exclude_unset=True)
        answer = await self._http.put("/faults", json=plan)
        answer.raise_for_status()

    async def received(self) -> list[dict[str, Any]]:
        """What the providers say that people received, in order of arrival."""
        answer = await self._http.get("/received", timeout=60)
        received: list[dict[str, Any]] = answer.raise_for_status().json()
        return received


async def _load(stack: Stack, folder: Path, people: Sequence[Recipient]) -> None:
    file = folder / "people.json"
    dumped = [person.model_dump(mode="json") for person in people]
    file.write_text(json.dumps(dumped))
    await stack.load(file)
