"""What a chaos run of the bridge left behind: what is lost, doubled to anybody, or out of its order."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from benchmarks.chaos.accounting import Violation, endings, unaccounted
from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.seen import Seen
from domain.channels import Channel
from domain.orders import workflow_id

LOST, DOUBLED, OUT_OF_ORDER = "lost", "doubled", "out of order"


async def handed_over_in(client: Client, order_id: str) -> list[str]:
    """The ids of an order's events as its history has them, each as often as it was handed over."""
    history = await client.get_workflow_handle(workflow_id(order_id)).fetch_history()
    signals = (one.workflow_execution_signaled_event_attributes for one in history.events)
    return [json.loads(one.input.payloads[0].data)["event_id"] for one in signals if one.signal_name]


@dataclass(frozen=True)
class Findings:
    """``published`` and ``handed_over`` are event ids by order, in their order."""

    published: Mapping[str, Sequence[str]]
    handed_over: Mapping[str, Sequence[str]]
    evidence: Evidence

    @cached_property
    def violations(self) -> Sequence[Violation]:
        """Everything that must not be."""
        return [*self._lost(), *self._doubled(), *self._out_of_order()]

    @property
    def holds(self) -> bool:
        """Whether there is nothing that must not be."""
        return not self.violations

    @property
    def repeats(self) -> int:
        """How often an event was handed over again, and dropped: each a kill that met something in flight."""
        return sum(len(ids) - len(set(ids)) for ids in self.handed_over.values())

    @property
    def replaced(self) -> int:
        """Pushes that were sent again under the same collapse id: the phone shows one."""
        pushes = Counter(row.message_id for copy, row in self._seen.pairs if copy.channel is Channel.PUSH)
        return sum(times - 1 for times in pushes.values())

    @cached_property
    def _seen(self) -> Seen:
        return Seen(self.evidence)

    def _lost(self) -> Iterator[Violation]:
        for order, ids in self.published.items():
            for missing in sorted(set(ids) - set(self.handed_over.get(order, ()))):
                yield Violation(LOST, order, f"{missing} is not in its order's history")
        for one in unaccounted(self.evidence):
            yield Violation(LOST, one.order_id, f"{one.what}: {one.detail}")

    def _doubled(self) -> Iterator[Violation]:
        told: dict[tuple[str, Channel, str], str] = {}
        arrived: Counter[str] = Counter()
        for copy, row in self._seen.pairs:
            arrived[row.message_id] += row.channel is not Channel.PUSH
            for event in row.events:
                first = told.setdefault((copy.address, row.channel, event), row.message_id)
                if first != row.message_id:
                    yield Violation(DOUBLED, row.order_id, f"{event} by {row.channel}", row.channel)
        for message, times in arrived.items():
            if times > 1:
                yield Violation(DOUBLED, "", f"{message} arrived {times} times")

    def _out_of_order(self) -> Iterator[Violation]:
        """Each where it came first: what is handed over again later changes nothing."""
        for order, ids in self.published.items():
            first = list(dict.fromkeys(self.handed_over.get(order, ())))
            if first != [one for one in ids if one in set(first)]:
                yield Violation(OUT_OF_ORDER, order, " ".join(first))
        for one in self._seen.out_of_order():
            yield Violation(OUT_OF_ORDER, one.order_id, one.detail, one.channel)


def show(findings: Findings, what: str, done: str, console: Console) -> None:
    """The tables, and one line that says whether it holds."""
    table = Table("what became of an event for a person", "times")
    for ending, times in endings(findings.evidence).most_common():
        table.add_row(ending, str(times))
    console.print(table)
    for one in findings.violations[:50]:
        console.print(f"[red]{one.what}[/]: order {one.order_id}: {one.detail}", highlight=False)
    kinds = Counter(one.what for one in findings.violations)
    found = ", ".join(f"{kinds[kind]} {kind}" for kind in (LOST, DOUBLED, OUT_OF_ORDER))
    events = sum(len(ids) for ids in findings.published.values())
    console.print(
        f"{findings.repeats} events were handed over again and dropped, "
        f"{findings.replaced} pushes replaced by themselves; load {os.getloadavg()[0]:.1f}"
    )
    verdict = f"bridge-chaos {'HOLDS' if findings.holds else 'FAILS'} {what}"
    orders = len(findings.published)
    console.print(f"{verdict}: {events:,} events of {orders} orders, {found}; {done}")
