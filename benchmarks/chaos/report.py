"""What a chaos run found, as tables, and the verdict in one line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.accounting import Violation, endings, told, unaccounted
from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.run import Deeds
from benchmarks.chaos.seen import Doubled, Seen
from domain.channels import Channel

UNACCOUNTED = ("unaccounted", "unsettled", "never ended", "lost by the server")


@dataclass(frozen=True)
class Report:
    """The whole of it."""

    plan: Plan
    evidence: Evidence
    deeds: Deeds
    database: str = ""

    @cached_property
    def violations(self) -> Sequence[Violation]:
        """Everything that must not be; a run that did less than it was to do has shown nothing."""
        return [*violations(self.evidence), *self._undone()]

    @cached_property
    def doubled(self) -> Sequence[Doubled]:
        """What was told twice, as it may be."""
        return [one for one in Seen(self.evidence).doubled() if isinstance(one, Doubled)]

    @property
    def holds(self) -> bool:
        """Whether there is nothing that must not be."""
        return not self.violations

    def verdict(self) -> str:
        """The last line."""
        verdict = f"chaos: {'HOLDS' if self.holds else 'FAILS'} seed {self.plan.seed}"
        line = f"{verdict}: {', '.join(self._found())}; {', '.join(self._done())}"
        return line if self.holds else f"{line}; {len(self.violations)} violations in all, listed above"

    def _found(self) -> list[str]:
        kinds = Counter(one.what for one in self.violations)
        loud = Counter(one.channel for one in self.violations if one.what == "told twice")
        allowed = Counter(one.channel for one in self.doubled)
        listed = " (listed above)" if allowed else ""
        return [
            f"{len(self.evidence.accepted):,} events",
            f"{sum(kinds[kind] for kind in UNACCOUNTED)} unaccounted",
            f"{loud[Channel.PUSH] + loud[Channel.IN_APP]} doubled on push and in-app",
            f"{allowed[Channel.SMS]} sms and {allowed[Channel.EMAIL]} e-mails"
            f" doubled as the rules of unknown allow{listed}",
            f"{kinds['old after new']} out of order",
        ]

    def _done(self) -> list[str]:
        kinds = {"worker": "worker kills", "server": "server kills", "database": "database outages"}
        return [f"{self.deeds.times(what)} {words}" for what, words in kinds.items()]

    def _undone(self) -> list[Violation]:
        planned = Counter(kill.what for kill in self.plan.kills)
        done = {what: self.deeds.times(what) for what in planned}
        return [
            Violation("not done", "-", f"{what}: {done[what]} of {times}")
            for what, times in planned.items()
            if done[what] < times
        ]


def violations(evidence: Evidence) -> list[Violation]:
    """Everything in the evidence that must not be."""
    seen = Seen(evidence)
    return [
        *unaccounted(evidence),
        *seen.strangers(),
        *seen.never_arrived(),
        *(
            Violation("arrived, not noted", row.order_id, f"{told(row)} is {row.status} ({row.reason})")
            for row, may_be in seen.arrived_unnoticed()
            if not may_be
        ),
        *(one for one in seen.doubled() if isinstance(one, Violation)),
        *seen.out_of_order(),
    ]


def show(report: Report, console: Console) -> None:
    """Print everything, the verdict last."""
    for table in (_done(report), _ends(report), _ledger(report), _doubled(report), _wrong(report)):
        if table.row_count:
            console.print(table)
    console.print(report.verdict(), soft_wrap=True, highlight=False)


def _done(report: Report) -> Table:
    table, deeds = Table("what was done", "", title=f"Chaos, seed {report.plan.seed}"), report.deeds
    lines = {
        "orders": len(report.plan.orders),
        "events the server has": len(report.evidence.accepted),
        "events handed over twice on purpose": deeds.twice,
        "hand-overs that failed and were made again": deeds.again,
        "events after their order's end, refused": deeds.too_late,
        "worker kills": deeds.times("worker"),
        "server kills": deeds.times("server"),
        "programs that ended though nobody killed them": deeds.unasked,
        f"database outages ({report.database})": deeds.times("database"),
        "seconds of chaos": f"{deeds.seconds:.0f}",
        "seconds until all was settled": f"{deeds.settled_after:.0f}",
    }
    for what, figure in lines.items():
        table.add_row(what, str(figure))
    return table


def _ends(report: Report) -> Table:
    table = Table("what became of an event for a person", "times")
    for ending, times in endings(report.evidence).most_common():
        table.add_row(ending, str(times))
    return table


def _ledger(report: Report) -> Table:
    """The ledger's rows, and what arrived."""
    table = Table("ledger", *Channel)
    rows = Counter((row.status, row.channel) for row in report.evidence.rows)
    for status in sorted({status for status, _ in rows}):
        table.add_row(status, *(str(rows[status, channel]) for channel in Channel))
    copies = Counter(copy.channel for copy in [*report.evidence.received, *report.evidence.inbox])
    table.add_row("arrived", *(str(copies[channel]) for channel in Channel), style="bold")
    noted = [row for row, may_be in Seen(report.evidence).arrived_unnoticed() if may_be]
    unnoticed = Counter(row.channel for row in noted)
    table.add_row("arrived unnoticed", *(str(unnoticed[channel]) for channel in Channel))
    return table


def _doubled(report: Report) -> Table:
    table = Table("doubled, as the rules of unknown allow", "order", "")
    for one in report.doubled:
        table.add_row(one.channel, one.order_id, one.detail)
    return table


def _wrong(report: Report) -> Table:
    table = Table("violation", "order", "")
    for one in report.violations:
        table.add_row(one.what, one.order_id, one.detail, style="red")
    return table
