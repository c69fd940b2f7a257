"""``make bench-priority``: the urgent go first and merchants have their turn, however much is queued.

BACKLOG pushes of priority 5, of one merchant, wait behind a provider that takes RATE a second. While they
leave, URGENT orders of priority 1 and SMALL ones of another merchant, of priority 5 as well, come one by one.
Each crowd was measured alone before. The name of each is a setting that says how many.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from activities.store import Store
from benchmarks.load.crowd import ORDERS_OF_ONE, Crowd, announce_all, latencies, quantile
from benchmarks.load.evidence import LEDGER, WELL, drains, endings, limit, planned, settled
from domain.channels import Channel
from domain.status import Status
from leaving import leave
from order_service import OrderService
from simulator.stack import Stack
from workflows.policy import SEND_QUEUES

BACKLOG, URGENT, SMALL, RATE = 20_000, 200, 400, 200.0
# So many orders a second of those that are measured: few enough to be no backlog of their own on two cores.
PACE = 5.0
TIMES_ALONE, URGENT_WITHIN = 3.0, 2.0
# Seconds for a measured order to be told, and for each order of the backlog to be planned and sent.
PATIENCE, PATIENCE_EACH = 120, 0.2
PUSHES = SEND_QUEUES[Channel.PUSH]
# As good as none: the server wants a number above nothing.
_HELD = 0.001
# Seconds in which the server hands out at once what we held back: that is our own burst, and no limit's.
_STEADY_AFTER = 5


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    backlog: int = BACKLOG
    urgent: int = URGENT
    small: int = SMALL
    rate: float = RATE
    pace: float = PACE


@dataclass(frozen=True)
class Turns:
    """What came of it: seconds from event to provider, at the 99th percentile, and the backlog's endings.

    ``missing``: measured orders that nobody was told of. ``waited``: how much of the backlog was still
    queued when the last measured order was told; without any, nothing was shown.
    """

    sizes: Sizes
    urgent_alone: float
    urgent: float
    small_alone: float
    small: float
    missing: int
    waited: int
    ended: Counter[str]
    load: float = 0.0

    @property
    def lost(self) -> int:
        """Orders of the backlog that were neither told nor superseded nor expired."""
        return self.sizes.backlog - sum(self.ended[status] for status in WELL)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, the urgent were fast, and the small merchant was not starved."""
        is_all_there = self.lost == 0 and self.missing == 0 and self.waited > 0
        is_fast = self.urgent <= min(TIMES_ALONE * self.urgent_alone, URGENT_WITHIN)
        return is_all_there and is_fast and self.small <= TIMES_ALONE * self.small_alone

    def __str__(self) -> str:
        """The verdict in one line."""
        ended = ", ".join(f"{count:,} {status}" for status, count in self.ended.most_common())
        return (
            f"priority: {'HOLDS' if self.holds else 'FAILS'} behind {self.sizes.backlog:,} at "
            f"{self.sizes.rate:g} a second, p99 of urgent news {self.urgent:.3f} s, "
            f"{self.urgent_alone:.3f} s alone (limits {TIMES_ALONE:g} times and {URGENT_WITHIN:g} s), "
            f"of a small merchant {self.small:.3f} s, {self.small_alone:.3f} s alone "
            f"(limit {TIMES_ALONE:g} times), {self.missing} missing, "
            f"{self.waited:,} still queued then; the backlog: {ended}, {self.lost} lost; load {self.load:.1f}"
        )


async def turns(stack: Stack, sizes: Sizes) -> Turns:
    """Measure alone, queue a backlog, measure beside it, and wait for the backlog's end."""
    service = await stack.order_service()
    big = Crowd("big", "m-big", Status.ACCEPTED, sizes.backlog, each=ORDERS_OF_ONE)
    await _warm_up(stack, service, sizes.pace)
    alone = await _measured(stack, service, "alone", sizes)
    await _load(stack, big)
    await limit(service.client, PUSHES, _HELD)
    await announce_all(service, big)
    await planned(stack.folder, big.name, sizes.backlog, PATIENCE + PATIENCE_EACH * sizes.backlog)
    await limit(service.client, PUSHES, None)
    await drains(stack.folder, big.name, PATIENCE)
    await asyncio.sleep(_STEADY_AFTER)
    beside = await _measured(stack, service, "beside", sizes)
    waited = endings(stack.folder, big.name)["PENDING"]
    load = os.getloadavg()[0]
    await settled(stack.folder, big.name, PATIENCE + PATIENCE_EACH * sizes.backlog)
    return Turns(
        sizes=sizes,
        urgent_alone=quantile(alone[0], 0.99),
        urgent=quantile(beside[0], 0.99),
        small_alone=quantile(alone[1], 0.99),
        small=quantile(beside[1], 0.99),
        missing=2 * (sizes.urgent + sizes.small) - sum(map(len, (*alone, *beside))),
        waited=waited,
        ended=endings(stack.folder, big.name),
        load=load,
    )


async def _warm_up(stack: Stack, service: OrderService, pace: float) -> None:
    """Let connections, caches and pollers be there before anything counts."""
    first = Crowd("first", "m-first", Status.OUT_FOR_DELIVERY, 20)
    await _load(stack, first)
    await latencies(service, stack.simulator, first, pace, PATIENCE)


async def _measured(
    stack: Stack, service: OrderService, name: str, sizes: Sizes
) -> tuple[list[float], list[float]]:
    """Latencies of the urgent crowd, then of the small merchant's."""
    urgent = Crowd(f"urgent-{name}", "m-urgent", Status.OUT_FOR_DELIVERY, sizes.urgent)
    small = Crowd(f"small-{name}", "m-small", Status.ACCEPTED, sizes.small)
    await _load(stack, urgent, small)
    return (
        await latencies(service, stack.simulator, urgent, sizes.pace, PATIENCE),
        await latencies(service, stack.simulator, small, sizes.pace, PATIENCE),
    )


async def _load(stack: Stack, *crowds: Crowd) -> None:
    async with Store(f"sqlite:///{stack.folder / LEDGER}") as store:
        for crowd in crowds:
            await store.load(crowd.people())


async def measure(sizes: Sizes, folder: Path) -> Turns:
    """Start everything in a folder, with the provider's limit, and measure."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # A queue has a limit once every provider of its channel has one: together they are the limit.
    limits = dict.fromkeys(("PROVIDER_RATE_FCM", "PROVIDER_RATE_APNS"), str(sizes.rate / 2))
    async with Stack.start(folder, environ={**environ, **limits}) as stack:
        return await stack.with_everything_up(turns(stack, sizes))


def main() -> bool:
    """Measure and print."""
    usual = asdict(Sizes())
    asked = Sizes(**{name: type(size)(os.environ.get(name.upper()) or size) for name, size in usual.items()})
    with tempfile.TemporaryDirectory(prefix="priority-") as folder:
        found = asyncio.run(measure(asked, Path(folder)))
    Console(file=sys.stdout).print(str(found), highlight=False, soft_wrap=True)
    return found.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
