"""Accounts for every event that was accepted: who was told of it, or why they were not."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from benchmarks.chaos.evidence import Evidence, Row
from domain.channels import Channel, Reach
from domain.orders import OrderEvent
from domain.recipients import Recipient, unknown_recipient
from domain.status import Role

TOLD = frozenset({"SENT", "DELIVERED", "READ"})
UNSETTLED = frozenset({"PENDING", "RETRYING"})
# What became of an event is the best that became of any of its notifications to a person.
_BEST_FIRST = (TOLD, {"UNKNOWN"}, {"SUPERSEDED"}, {"SUPPRESSED"}, {"EXPIRED"})


@dataclass(frozen=True)
class Violation:
    """Something that must not be."""

    what: str
    order_id: str
    detail: str
    channel: Channel | None = None


@dataclass(frozen=True)
class Books:
    """The evidence, ordered by who was to hear of what."""

    evidence: Evidence

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        """The ledger by order and recipient."""
        rows = defaultdict(list)
        for row in self.evidence.rows:
            rows[row.order_id, row.recipient_id].append(row)
        return rows

    @cached_property
    def people(self) -> Mapping[str, Recipient]:
        """Recipients by their id."""
        return {person.recipient_id: person for person in self.evidence.people}

    @cached_property
    def letters(self) -> frozenset[tuple[str, str | None, int | None]]:
        """Batches that are dead letters."""
        return frozenset((one.order_id, one.recipient_id, one.batch) for one in self.evidence.letters)

    def ending(self, event: OrderEvent, role: Role, recipient_id: str) -> str | None:
        """What became of an event for one person, None where nothing says so."""
        theirs = self.rows.get((event.order_id, recipient_id), ())
        if about := [row for row in theirs if event.event_id in row.events]:
            return self._best(about)
        if event.event_id in self.evidence.stale and self._has_newer(event):
            return "stale"
        return None if self._is_wanted(event, role, recipient_id) else "switched off"

    def _best(self, rows: Sequence[Row]) -> str | None:
        has = {row.status for row in rows}
        if has & UNSETTLED:
            return "unsettled"
        if not has & TOLD and any(
            (row.order_id, row.recipient_id, row.batch) in self.letters for row in rows
        ):
            return "dead letter"
        return next((_name(best & has) for best in _BEST_FIRST if best & has), None)

    def _has_newer(self, event: OrderEvent) -> bool:
        """Whether somebody was told something newer of the order: else it was not stale at all."""
        moment = event.occurred_at, event.status.rank
        told = (row for row in self.evidence.rows if row.order_id == event.order_id)
        return any(row.moment > moment for row in told)

    def _is_wanted(self, event: OrderEvent, role: Role, recipient_id: str) -> bool:
        person = self.people.get(recipient_id) or unknown_recipient(recipient_id, role)
        return any(person.reach(event.status, channel, role) is Reach.ON for channel in Channel)


def endings(evidence: Evidence) -> Counter[str]:
    """What became of the events, counted by person."""
    books = Books(evidence)
    return Counter(
        books.ending(event, role, person) or "unaccounted"
        for event in evidence.accepted
        for role, person in concerned(event)
    )


def unaccounted(evidence: Evidence) -> Iterator[Violation]:
    """Everything that an event or a notification lacks to be accounted for."""
    known = {event.event_id for event in evidence.accepted}
    for lost in sorted(evidence.handed_over - known):
        yield Violation("lost by the server", lost.rpartition("-")[0], f"event {lost} was taken and is gone")
    books = Books(evidence)
    for event in evidence.accepted:
        for role, person in concerned(event):
            if books.ending(event, role, person) is None:
                yield Violation("unaccounted", event.order_id, _whom(event, role, person))
    for order in evidence.open_orders:
        yield Violation("never ended", order, "the order's workflow is still open")
    ids = {row.message_id for row in evidence.rows}
    for row in evidence.rows:
        yield from _lacks(row, ids)


def concerned(event: OrderEvent) -> Iterator[tuple[Role, str]]:
    """Who is to hear of an event, as far as it says itself who they are."""
    for role in event.status.rule.told:
        if person := event.recipient(role):
            yield role, person


def _lacks(row: Row, ids: set[str]) -> Iterator[Violation]:
    if row.status in UNSETTLED:
        yield Violation("unsettled", row.order_id, f"{told(row)} is {row.status} ({row.reason})")
    elif row.status not in TOLD and not row.reason:
        yield Violation("without a reason", row.order_id, f"{told(row)} is {row.status}")
    if row.status == "SUPERSEDED" and row.superseded_by not in ids:
        yield Violation("superseded by nothing", row.order_id, f"{told(row)} by {row.superseded_by}")


def told(row: Row) -> str:
    """Name a notification."""
    path = " > ".join(row.statuses)
    return f"{path} to {row.recipient_id} by {row.channel} ({row.message_id})"


def _whom(event: OrderEvent, role: Role, person: str) -> str:
    at: datetime = event.occurred_at
    return f"{event.status} of {at:%H:%M:%S} ({event.event_id}) for {role} {person}"


def _name(statuses: frozenset[str] | set[str]) -> str:
    return "told" if statuses & TOLD else next(iter(statuses)).lower()
