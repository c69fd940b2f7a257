"""``make bridge-chaos``: kills the bridge again and again while orders run, and looks for what is missing.

SEED=n says when, EVENTS=n, ORDERS=n, KILLS=n and SECONDS=n how much. The broker is killed once, and Temporal
is away for half a minute. Providers do not fail here: that is what ``make chaos`` is for.
"""

import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

from benchmarks.bridge.broker import JetStream
from benchmarks.bridge.findings import Findings, handed_over_in, show
from benchmarks.chaos.gathering import gather, open_orders, unsettled
from benchmarks.chaos.parts import Kept, Parts
from domain.orders import OrderEvent
from domain.recipients import Recipient
from domain.status import Role, Status
from leaving import FAILED, leave
from simulator.programs import HOME

CUSTOMERS = 100
_LIFE = (
    Status.PLACED,
    *(status for status in (Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP) for _ in range(2)),
    Status.OUT_FOR_DELIVERY,
    Status.NEARBY,
    Status.DELIVERED,
)
# Short, so that orders end; the broker's restart is a kill as well.
_RULES = {"BRIDGE_WINDOW_SECONDS": "2", "BRIDGE_LINGER_SECONDS": "20"}
_BROKER_AWAY = 3.0
_PATIENCE = 1_800.0
_AT_WORK_WITHIN = 20.0


@dataclass(frozen=True)
class Plan:
    """What will happen, drawn from the seed: ``kills`` are seconds of the run."""

    seed: int
    events: Sequence[tuple[float, OrderEvent]]
    kills: Sequence[float]
    broker_at: float
    temporal_at: float
    temporal_away: float

    @classmethod
    def draw(cls, environ: Mapping[str, str]) -> Self:
        """Draw it: the same settings are the same plan."""
        seed, events, orders, kills, seconds, away = (
            int(environ.get(name) or usual)
            for name, usual in (
                ("SEED", 1), ("EVENTS", 5_000), ("ORDERS", 500), ("KILLS", 20), ("SECONDS", 300), ("AWAY", 30)
            )
        )  # fmt: skip
        chance = random.Random(seed)  # noqa: S311 chance that can be repeated is the point
        return cls(
            seed,
            sorted(_events(chance, seed, events, orders, seconds), key=lambda one: one[0]),
            sorted(chance.uniform(0.02, 0.98) * seconds for _ in range(kills)),
            chance.uniform(0.2, 0.5) * seconds,
            chance.uniform(0.5, 0.8) * seconds,
            away,
        )

    @property
    def orders(self) -> Mapping[str, Sequence[str]]:
        """The ids of each order's events, as they are published."""
        found: dict[str, list[str]] = {}
        for _, event in self.events:
            found.setdefault(event.order_id, []).append(event.event_id)
        return found


def _events(
    chance: random.Random, seed: int, events: int, orders: int, seconds: float
) -> Iterator[tuple[float, OrderEvent]]:
    """Each order lives through all of its events within a part of the run."""
    began = datetime.now(UTC)
    each = events // orders
    life = [_LIFE[step * len(_LIFE) // each] for step in range(each)]
    for number in range(orders):
        first, last = sorted(chance.uniform(0, seconds) for _ in range(2))
        moments = sorted(chance.uniform(first, last) for _ in life)
        for step, (at, status) in enumerate(zip(moments, life, strict=True)):
            order_id = f"{seed}-{number}"
            yield (
                at,
                OrderEvent(
                    event_id=f"{order_id}-{step}",
                    order_id=order_id,
                    status=status,
                    occurred_at=began + timedelta(seconds=at),
                    customer_id=f"customer-{number % CUSTOMERS}",
                    facts={"merchant_name": "Burger Barn", "eta_minutes": each - step},
                ),
            )


def people() -> list[Recipient]:
    """Customers with a phone each, and no cap: what is held back would prove nothing."""
    return [
        Recipient.model_validate(
            {
                "recipient_id": f"customer-{number}",
                "role": Role.CUSTOMER,
                "devices": [{"platform": "android", "token": f"phone-of-{number}"}],
                "caps": {"push": 1_000},
            }
        )
        for number in range(CUSTOMERS)
    ]


@dataclass
class Run:
    """One run of a plan."""

    plan: Plan
    parts: Parts
    broker: JetStream
    bridge: Kept
    console: Console
    began: float = field(default_factory=time.monotonic)

    async def happen(self) -> Findings:
        """Let everything happen, wait until all is quiet, and look at what is left."""
        keeping = asyncio.create_task(self.bridge.keep_up())
        async with self.parts.kept_up():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish())
                tasks.create_task(self._kill())
                tasks.create_task(self._restart_the_broker())
                tasks.create_task(self._take_temporal_away())
            self._say("all is published, nothing is killed any more")
            client = await self._until_quiet()
            findings = await self._findings(client)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await self.bridge.program.kill()
        return findings

    async def _publish(self) -> None:
        """In their order; what waits for a broker that is away is published when it is back."""
        lanes = {order: asyncio.Lock() for order in self.plan.orders}

        async def one(event: OrderEvent) -> None:
            async with lanes[event.order_id]:
                await self.broker.publish(event.model_dump(mode="json"))

        async with asyncio.TaskGroup() as tasks:
            for at, event in self.plan.events:
                await self._until(at)
                tasks.create_task(one(event))

    async def _kill(self) -> None:
        for number, at in enumerate(self.plan.kills, 1):
            await self._until(at)
            await self._until_at_work()
            trouble = await self.bridge.kill(0)
            away = (trouble.ended - trouble.began).total_seconds()
            self._say(f"bridge killed, {number} of {len(self.plan.kills)}: away for {away:.1f} s")

    async def _until_at_work(self) -> None:
        """Wait until it is in the midst of handing over: a kill that meets nothing shows nothing."""
        before = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AT_WORK_WITHIN):
                while not 0 <= (left := await self.broker.left()) < before - 2:
                    before = left
                    await asyncio.sleep(0.02)

    async def _restart_the_broker(self) -> None:
        await self._until(self.plan.broker_at)
        await self.broker.server.kill()
        await asyncio.sleep(_BROKER_AWAY)
        await self.broker.server.start()
        self._say("the broker was killed, and is back")

    async def _take_temporal_away(self) -> None:
        await self._until(self.plan.temporal_at)
        trouble = await self.parts.server.kill(self.plan.temporal_away)
        self._say(f"Temporal: {trouble}")

    async def _until_quiet(self) -> Client:
        client = await Client.connect(self.parts.stack.address)
        engine = self.parts.database.engine()
        async with asyncio.timeout(_PATIENCE):
            while not await self._is_quiet(engine, client):  # noqa: ASYNC110 - servers have to be asked
                await asyncio.sleep(2)
        engine.dispose()
        self._say("all is quiet")
        return client

    async def _is_quiet(self, engine: Engine, client: Client) -> bool:
        if await self.broker.left() or unsettled(engine):
            return False
        return not await open_orders(client)

    async def _findings(self, client: Client) -> Findings:
        events = [event for _, event in self.plan.events]
        published = frozenset(event.event_id for event in events)
        evidence = await gather(self.parts, events, published, people(), [])
        signals = {order: await handed_over_in(client, order) for order in self.plan.orders}
        return Findings(self.plan.orders, signals, evidence)

    async def _until(self, second: float) -> None:
        await asyncio.sleep(max(self.began + second - time.monotonic(), 0))

    def _say(self, line: str) -> None:
        self.console.print(f"{time.monotonic() - self.began:4.0f} s: {line}", highlight=False)


async def chaos(plan: Plan, folder: Path, console: Console) -> Findings:
    """Start everything, let the plan happen, and stop it."""
    async with JetStream.start(folder) as broker, Parts.start(folder, "sqlite", people()) as parts:
        command = [sys.executable, str(HOME / "starter.py"), "bridge"]
        settings: dict[str, Any] = {**broker.settings, **_RULES}
        program = parts.stack.program("bridge", command, ready="bridge: ready", **settings)
        return await Run(plan, parts, broker, Kept("worker", program), console).happen()


def main() -> int:
    """Run, print, and exit with 0 only if it holds."""
    console = Console(width=150)
    plan = Plan.draw(os.environ)
    # While the server is down Temporal's client says so several times a second.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig("error"))))
    with tempfile.TemporaryDirectory(prefix="bridge-chaos-") as folder:
        findings = asyncio.run(chaos(plan, Path(folder), console))
    done = f"{len(plan.kills)} kills, 1 broker restart, Temporal away for {plan.temporal_away:.0f} s"
    show(findings, f"seed {plan.seed}", done, console)
    return 0 if findings.holds else FAILED


if __name__ == "__main__":
    leave(main())
