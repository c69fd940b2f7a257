"""The consent ledger: what counts as a change, and a chain of them that shows what somebody tampered with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

Facts = Mapping[str, Any]
# Who changes something without a name of their own.
RECIPIENT, PROVIDER, OPERATOR = "recipient", "provider", "operator"


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and by what: a page, a command, a call, a provider's word."""

    actor: str
    source: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What can change. ``address`` is the keyed digest of the address it is about, if it is about one.

    What is said of an address holds for whoever has it, so it has no ``recipient_id``.
    """

    subject: str
    recipient_id: str | None = None
    address: str | None = None


State = Mapping[Topic, Facts]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was. None: it was not there before, or is not any more."""

    topic: Topic
    before: Facts | None
    after: Facts | None


def changes(before: State, after: State) -> list[Change]:
    """What is different, in the order in which it stands there."""
    topics = dict.fromkeys((*before, *after))
    found = (Change(topic, before.get(topic), after.get(topic)) for topic in topics)
    return [change for change in found if change.before != change.after]


@dataclass(frozen=True, slots=True)
class Consent:
    """One row of the ledger. ``digest`` seals all of it; ``previous`` is the digest of the row before."""

    number: int
    at: datetime
    recipient_id: str | None
    subject: str
    address: str | None
    actor: str
    source: str
    before: Facts | None
    after: Facts | None
    previous: str
    digest: str = ""

    @property
    def topic(self) -> Topic:
        """What it is about."""
        return Topic(self.subject, self.recipient_id, self.address)


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: the number and digest of its last row."""

    number: int = 0
    digest: str = "0" * 64


BEGINNING = End()


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain is not whole, in words for people."""

    number: int
    problem: str

    def __str__(self) -> str:
        return f"row {self.number} {self.problem}"


def written(made: Sequence[Change], by: By, at: datetime, end: End) -> list[Consent]:
    """The rows for changes, chained to what is there."""
    rows = []
    for change in made:
        topic = change.topic
        row = Consent(
            number=end.number + 1,
            at=at,
            recipient_id=topic.recipient_id,
            subject=topic.subject,
            address=topic.address,
            actor=by.actor,
            source=by.source,
            before=change.before,
            after=change.after,
            previous=end.digest,
        )
        end = End(row.number, digest_of(row))
        rows.append(replace(row, digest=end.digest))
    return rows


def digest_of(row: Consent) -> str:
    """The seal of a row: SHA-256 over all of it, the digest of the row before included, as JSON."""
    content = (
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.recipient_id,
        row.subject,
        row.address,
        row.actor,
        row.source,
        row.before,
        row.after,
        row.previous,
    )
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class Walk:
    """Goes along a chain from its beginning and finds the first place where it is not whole.

    ``begun_with`` is its end as noted beside it; ``noted`` a digest that it ended with once, kept elsewhere.
    """

    def __init__(self, begun_with: End, noted: str | None = None) -> None:
        self.end, self._begun_with, self._noted = BEGINNING, begun_with, noted
        self._met_noted = noted in (None, BEGINNING.digest)

    def goes_on_to(self, row: Consent) -> Break | None:
        """Take one more row; answers what is wrong with it, if anything is."""
        last = self.end
        if row.number != last.number + 1:
            return Break(last.number + 1, "was removed")
        if row.previous != last.digest:
            before = f"row {last.number}" if last.number else "the beginning"
            return Break(row.number, f"does not follow {before}: rows were reordered, put in or replaced")
        if row.digest != digest_of(row):
            return Break(row.number, "was changed")
        self.end = End(row.number, row.digest)
        self._met_noted = self._met_noted or row.digest == self._noted
        return None

    def ends(self, noted_now: End) -> End | Break:
        """Hold where the rows ended against what is noted: the chain may have grown meanwhile."""
        end, first = self.end, self._begun_with
        if end.number < first.number:
            return Break(end.number + 1, f"was cut off: the chain is noted to have {first.number} rows")
        if end.number > noted_now.number:
            return Break(noted_now.number + 1, "was put in at the end: the end is noted to be before it")
        if end.number == noted_now.number and end.digest != noted_now.digest:
            return Break(end.number, "is not the one that is noted as the end: the rows were written anew")
        if not self._met_noted:
            return Break(end.number + 1, "was cut off, or rows were written anew: none has the given digest")
        return end


def state_at(moment: datetime, rows: Sequence[Consent], now: State) -> State:
    """How things were at a moment. ``rows``: all about them, oldest first.

    What no row is about is as it is ``now``; what changed only later was as its first row found it.
    """
    then: dict[Topic, Facts | None] = dict(now)
    then.update((row.topic, row.before) for row in reversed(rows) if row.at > moment)
    then.update((row.topic, row.after) for row in rows if row.at <= moment)
    return {topic: facts for topic, facts in then.items() if facts is not None}
