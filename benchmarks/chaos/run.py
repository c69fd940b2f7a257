"""Lets a plan happen: hands events over until the server has them, kills what is to be killed, then waits."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.service import RPCError

from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.gathering import gather, open_orders, unsettled
from benchmarks.chaos.parts import Parts, Trouble
from benchmarks.chaos.plan import Faults, Kill, Plan, Step
from domain.orders import OrderEvent, Rules
from order_service import NoWorker, OrderIsOver, OrderService

# Short, so that a run meets hundreds of windows and ends; the waits before retries are the product's own.
RULES = Rules(window_seconds=2, linger_seconds=10)
_HANDED_OVER_AGAIN_AFTER = 0.5
_LOOK_EVERY = 1.0
_SAY_EVERY = 30.0


@dataclass
class Deeds:
    """What was done in a run.

    ``again``: hand-overs that failed and were made again; ``unasked``: programs that ended though nobody
    killed them.
    """

    handed_over: set[str] = field(default_factory=set)
    too_late: int = 0
    again: int = 0
    twice: int = 0
    unasked: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    seconds: float = 0
    settled_after: float = 0

    def times(self, what: str) -> int:
        """How often something was killed or stopped."""
        return sum(trouble.what == what for trouble in self.troubles)


class Run:
    """One run of a plan on running parts."""

    def __init__(self, plan: Plan, parts: Parts, say: Callable[[str], None]) -> None:
        self._plan, self._parts, self._say = plan, parts, say
        self._clock, self._began = time.monotonic(), datetime.now(UTC)
        self.deeds = Deeds()

    async def happen(self) -> Evidence:
        """Let everything happen, wait until all is quiet, and answer what is left."""
        service = await self._parts.stack.order_service()
        async with self._parts.kept_up():
            async with asyncio.TaskGroup() as tasks:
                for steps in self._plan.orders:
                    tasks.create_task(self._play(service, steps))
                for kill in self._plan.kills:
                    tasks.create_task(self._kill(kill))
                tasks.create_task(self._fail(self._plan.faults))
            self.deeds.seconds = time.monotonic() - self._clock
            self._say(f"{self.deeds.seconds:.0f} s: all is handed over, nothing is killed any more")
            await self._until_settled()
            self.deeds.unasked = sum(kept.ended_by_itself for kept in self._parts.kept)
            return await gather(
                self._parts,
                self._events(),
                frozenset(self.deeds.handed_over),
                self._plan.people,
                self.deeds.troubles,
            )

    async def _play(self, service: OrderService, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._until(step.at)
            await self._hand_over(service, step.on(self._began))

    async def _hand_over(self, service: OrderService, event: OrderEvent) -> None:
        """As the contract says: with the same event id until the server has it, or the order is over."""
        while True:
            try:
                await service.announce(event, RULES)
            except OrderIsOver:
                self.deeds.too_late += event.event_id not in self.deeds.handed_over
                return
            except (RPCError, NoWorker):
                self.deeds.again += 1
                await asyncio.sleep(_HANDED_OVER_AGAIN_AFTER)
            else:
                self.deeds.twice += event.event_id in self.deeds.handed_over
                self.deeds.handed_over.add(event.event_id)
                return

    async def _kill(self, kill: Kill) -> None:
        await self._until(kill.at)
        if kill.what == "database":
            began = datetime.now(UTC)
            await self._parts.database.away(kill.for_s)
            trouble = Trouble("database", began, datetime.now(UTC))
        else:
            trouble = await self._parts.victim(kill.what).kill(kill.for_s)
        self.deeds.troubles.append(trouble)
        self._say(f"{kill.at:.0f} s: {trouble}")

    async def _fail(self, changes: Sequence[Faults]) -> None:
        for change in sorted(changes, key=lambda change: change.at):
            await self._until(change.at)
            await self._parts.set_faults(change.faults, self._plan.seed)

    async def _until_settled(self) -> None:
        """Wait until nothing is on its way and every order has ended, as long as patience lasts."""
        began = say_at = time.monotonic()
        engine = self._parts.database.engine()
        client = await Client.connect(self._parts.stack.address)
        try:
            async with asyncio.timeout(self._plan.size.patience):
                while left := await _left(engine, client):
                    if time.monotonic() > say_at:
                        self._say(f"  {left}")
                        say_at = time.monotonic() + _SAY_EVERY
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            self._say("patience is over")
        finally:
            engine.dispose()
            self.deeds.settled_after = time.monotonic() - began

    async def _until(self, second: float) -> None:
        await asyncio.sleep(max(self._clock + second - time.monotonic(), 0))

    def _events(self) -> list[OrderEvent]:
        """Every event of the plan once, as it was handed over."""
        steps = (step for steps in self._plan.orders for step in steps)
        return list({step.event.event_id: step.on(self._began) for step in steps}.values())


async def _left(engine: Engine, client: Client) -> str:
    """What is not quiet yet, empty when all is."""
    try:
        notifications, orders = unsettled(engine), len(await open_orders(client))
    except RPCError as problem:  # a server that has just come back may not know its namespace yet
        return f"the server does not say: {problem.message}"
    if not notifications and not orders:
        return ""
    return f"{notifications} notifications on their way, {orders} orders open"
