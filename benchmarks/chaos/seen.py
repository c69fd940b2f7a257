"""What people saw on their devices, held against the ledger: nothing twice, nothing old after new."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from benchmarks.chaos.accounting import TOLD, Violation, told
from benchmarks.chaos.evidence import Copy, Evidence, Row
from domain.channels import Channel

# A call and the writing of what came of it are over within this, or somebody's death cut them short.
_A_CALL = timedelta(seconds=5)
_MAY_HAVE_ARRIVED = TOLD | {"UNKNOWN"}

Pair = tuple[Copy, Row]


@dataclass(frozen=True)
class Doubled:
    """A message that somebody got more than once although nobody could know better: DESIGN, After unknown."""

    order_id: str
    channel: Channel
    detail: str


@dataclass(frozen=True)
class Seen:
    """Every arrival with the notification that it is of."""

    evidence: Evidence

    @cached_property
    def pairs(self) -> Sequence[Pair]:
        """Arrivals in their order, those in the inbox too, with their rows."""
        copies = [*self.evidence.received, *self.evidence.inbox]
        return [(copy, row) for copy in copies if (row := self._row_of(copy))]

    def strangers(self) -> Iterator[Violation]:
        """Arrivals that no notification of ours accounts for."""
        for copy in self.evidence.received:
            if not self._row_of(copy):
                yield Violation("received, not in the ledger", "?", f"{copy.channel}: {copy.text!r}")

    def never_arrived(self) -> Iterator[Violation]:
        """Notifications that the ledger says were sent, and nobody has."""
        arrived = {row.message_id for _, row in self.pairs}
        for row in self.evidence.rows:
            if row.status in TOLD and row.message_id not in arrived:
                yield Violation("sent, never received", row.order_id, told(row))

    def arrived_unnoticed(self) -> Iterator[tuple[Row, bool]]:
        """Notifications that arrived although the ledger says that they did not, and if it could know."""
        for copy, row in self.pairs:
            if row.status not in _MAY_HAVE_ARRIVED:
                yield row, self._is_in_doubt(copy, row)

    def out_of_order(self) -> Iterator[Violation]:
        """Older news of an order after newer news at the same address, but for records by e-mail."""
        newest: dict[tuple[str, str, Channel], Row] = {}
        for copy, row in self.pairs:
            if row.is_record:
                continue
            place = (row.order_id, copy.address, row.channel)
            before = newest.get(place)
            if before and row.moment < before.moment:
                detail = f"{told(row)} after {' > '.join(before.statuses)}, at {copy.at:%H:%M:%S.%f}"
                yield Violation("old after new", row.order_id, detail)
            else:
                newest[place] = row

    def doubled(self) -> Iterator[Violation | Doubled]:
        """What somebody was told twice. The same push again replaces the first, and is seen once."""
        yield from self._same_event_twice()
        for pairs in self._alike().values():
            keys = {copy.key for copy, _ in pairs}
            if len(pairs) < 2 or (pairs[0][0].channel is Channel.PUSH and len(keys) < 2):
                continue
            (first, row), (_, again) = pairs[0], pairs[1]
            detail = f"{told(again)}, {len(pairs)} times"
            if row.message_id == again.message_id and self._may_be_repeated(first, row):
                yield Doubled(row.order_id, row.channel, detail)
            else:
                yield Violation("told twice", row.order_id, detail, row.channel)

    def _same_event_twice(self) -> Iterator[Violation]:
        """The same event told at the same address by two notifications, whatever their words."""
        by: dict[tuple[str, Channel, str], Row] = {}
        for copy, row in self.pairs:
            for event in row.events:
                first = by.setdefault((copy.address, row.channel, event), row)
                if first.message_id != row.message_id:
                    detail = f"{event}: {told(first)} and {told(row)}"
                    yield Violation("told twice", row.order_id, detail, row.channel)

    def _alike(self) -> Mapping[tuple[Channel, str, str, str], Sequence[Pair]]:
        """Arrivals of the same words about the same order at the same address."""
        alike = defaultdict(list)
        for copy, row in self.pairs:
            alike[copy.channel, copy.address, row.order_id, copy.text].append((copy, row))
        return alike

    def _may_be_repeated(self, first: Copy, row: Row) -> bool:
        is_worth_it = row.is_record or (row.channel is Channel.SMS and row.priority == 1)
        return is_worth_it and self._is_in_doubt(first, row)

    def _is_in_doubt(self, copy: Copy, row: Row) -> bool:
        """Whether nobody could know that it arrived: no answer came, or who heard it died before telling."""
        until = copy.at + _A_CALL
        return row.is_in_doubt or any(
            trouble.began <= until and trouble.ended >= copy.at for trouble in self.evidence.troubles
        )

    def _row_of(self, copy: Copy) -> Row | None:
        if copy.channel is Channel.SMS:
            return self._by_reference.get(copy.key) or self._by_words.get((copy.address, copy.text))
        return self._by_id.get(copy.key)

    @cached_property
    def _by_id(self) -> Mapping[str, Row]:
        return {row.message_id: row for row in self.evidence.rows}

    @cached_property
    def _by_reference(self) -> Mapping[str, Row]:
        return {row.provider_reference: row for row in self.evidence.rows if row.provider_reference}

    @cached_property
    def _by_words(self) -> Mapping[tuple[str, str], Row]:
        """Text messages whose answer nobody heard: of the same words as another, or the row in doubt."""
        texts = [copy for copy in self.evidence.received if copy.channel is Channel.SMS]
        known = {
            (copy.address, copy.text): row for copy in texts if (row := self._by_reference.get(copy.key))
        }
        unheard = sorted(filter(_is_unheard_text, self.evidence.rows), key=lambda row: not row.is_in_doubt)
        for copy in texts:
            row = next((row for row in unheard if self._may_be(copy, row)), None)
            if row and (copy.address, copy.text) not in known:
                known[copy.address, copy.text] = row
                unheard.remove(row)
        return known

    def _may_be(self, copy: Copy, row: Row) -> bool:
        """Whether a text can be of a row: an order's name is in all its words."""
        words = copy.text.replace(".", " ").replace(",", " ").split()
        return row.order_id in words and self._phones.get(row.recipient_id) == copy.address

    @cached_property
    def _phones(self) -> Mapping[str, str | None]:
        return {person.recipient_id: person.phone for person in self.evidence.people}


def _is_unheard_text(row: Row) -> bool:
    return row.channel is Channel.SMS and row.provider_reference is None and row.status != "SUPPRESSED"
