"""What the reference order costs on Temporal, held against the least that Temporal allows: ``make cost``.

The product as it ships, next to the bare workflow and the count by hand of ``benchmarks/floor.py``.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import floor
from benchmarks.history import UNITS, Cost, Unit
from benchmarks.reference_order import BATCHES, CUSTOMER, play
from domain.orders import workflow_id
from leaving import leave
from order_service import OrderService
from tests.stage import Stage, open_stage

LIMIT = 1.25
# The median of these: two things that coincide can save a workflow task, a slow moment can add one.
ORDERS = 3


@dataclass(frozen=True)
class Result:
    """The cost of the product's median order, and of the bare workflow's; ``told`` as the customer saw it."""

    product: Cost
    bare: Cost
    told: int

    @property
    def is_counted_right(self) -> bool:
        """Whether the count by hand is what the bare workflow needs."""
        is_same = self.bare.events == floor.events_by_hand()
        return is_same and self.bare.total("actions") == floor.actions_by_hand()

    @property
    def is_all_told(self) -> bool:
        """Whether the customer got every push and in-app message: silence would be cheap."""
        return self.told == ORDERS * BATCHES * 2

    @property
    def holds(self) -> bool:
        """Whether everything is within the limit, and what it is held against is right."""
        return self.is_all_told and self.is_counted_right and all(self.ratio(unit) <= LIMIT for unit in UNITS)

    def ratio(self, unit: Unit) -> float:
        """How many times the least the product takes."""
        return self.product.total(unit) / self.bare.total(unit)

    def verdict(self) -> str:
        """The last line."""
        if not self.is_counted_right:
            return "cost: FAILS, the count by hand is not what the bare workflow needs"
        if not self.is_all_told:
            return f"cost: FAILS, the customer got {self.told} messages of {ORDERS * BATCHES * 2}"
        ratios = ", ".join(
            f"{unit} {self.product.total(unit)}/{self.bare.total(unit)} = {self.ratio(unit):.3f}"
            for unit in UNITS
        )
        return f"cost: {'HOLDS' if self.holds else 'FAILS'} {ratios}; limit {LIMIT}"


async def measure(stage: Stage) -> Result:
    """Play the reference order on the product and on the bare workflow."""
    await stage.store.load([CUSTOMER])
    service = OrderService(stage.client)
    product, bare = [], []
    async with floor.serving(stage.client):
        for order in (f"cost-{number}" for number in range(1, ORDERS + 1)):
            announce = partial(floor.announce, stage.client)
            product.append(Cost.of(await play(stage, order, workflow_id(order), service.announce)))
            bare.append(Cost.of(await play(stage, order, floor.workflow_id(order), announce)))
    return Result(_median(product), _median(bare), await _told(stage))


async def _told(stage: Stage) -> int:
    devices = {device.token for device in CUSTOMER.devices}
    pushes = [received for received in stage.simulator.received if received.address in devices]
    return len(pushes) + len(await stage.store.inbox(CUSTOMER.recipient_id))


def _median(costs: Sequence[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: [cost.total(unit) for unit in UNITS])[len(costs) // 2]


def show(result: Result, console: Console) -> None:
    """Print how the least is counted, where the product differs from it, and the verdict."""
    for table in (_by_hand(), _by_event_type(result), _by_action(result)):
        console.print(table)
    console.print(result.verdict(), soft_wrap=True, highlight=False)


def _by_hand() -> Table:
    table = _table("The least, counted by hand", "why", "times", "events each", "events", "actions")
    for line in floor.BY_HAND:
        each = len(line.events)
        table.add_row(line.why, *map(str, (line.times, each, line.times * each, line.actions)))
    events = sum(floor.events_by_hand().values())
    table.add_row("together", "", "", str(events), str(floor.actions_by_hand()), style="bold")
    return table


def _by_event_type(result: Result) -> Table:
    """Where the bytes go: the greatest difference first."""
    table = _table("Events and bytes: product / least", "event type", "events", "", "bytes", "", "more")
    product, bare = result.product, result.bare
    more = Counter(product.bytes)
    more.subtract(bare.bytes)
    for kind in sorted(more, key=lambda kind: (-more[kind], kind)):
        events = product.events.get(kind, 0), bare.events.get(kind, 0)
        size = product.bytes.get(kind, 0), bare.bytes.get(kind, 0)
        table.add_row(kind.lower().replace("_", " "), *map(str, (*events, *size, more[kind])))
    _add_totals(table, result, "events", "bytes")
    return table


def _by_action(result: Result) -> Table:
    table = _table("Actions: product / least", "kind", "actions", "", "more")
    product, bare = result.product.actions, result.bare.actions
    for kind in sorted({*product, *bare}, key=lambda kind: (bare.get(kind, 0) - product.get(kind, 0), kind)):
        pair = product.get(kind, 0), bare.get(kind, 0)
        table.add_row(kind, *map(str, (*pair, pair[0] - pair[1])))
    _add_totals(table, result, "actions")
    return table


def _table(title: str, first: str, *rest: str) -> Table:
    table = Table(first, title=title, title_justify="left")
    for name in rest:
        table.add_column(name, justify="right")
    return table


def _add_totals(table: Table, result: Result, *units: Unit) -> None:
    totals = [(result.product.total(unit), result.bare.total(unit)) for unit in units]
    figures = [figure for pair in totals for figure in pair]
    table.add_row("together", *map(str, (*figures, totals[-1][0] - totals[-1][1])), style="bold")


async def _measured() -> Result:
    with tempfile.TemporaryDirectory() as folder:
        async with open_stage(Path(folder)) as stage:
            return await measure(stage)


def main() -> None:
    """Measure, print, and exit with 0 only if the limit holds."""
    result = asyncio.run(_measured())
    show(result, Console(file=sys.stdout))
    leave(0 if result.holds else 1)


if __name__ == "__main__":
    main()
