"""The inbox of a recipient as they see it: one card for each order, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.orders import Fact
from domain.status import Role, Status


class Mark(StrEnum):
    """What a recipient does with a card. Reading one is seeing it, too."""

    SEEN = "seen"
    READ = "read"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


@dataclass(frozen=True, slots=True)
class CardMessage:
    """One message of a card. ``number`` is its place in the inbox, ``change`` moves with each mark on it."""

    message_id: str
    number: int
    change: int
    title: str
    text: str
    statuses: tuple[Status, ...]
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Card:
    """What a recipient was told of one order, newest first. The newest message is what the card says.

    A mark is always on the newest message, whichever others have it too: so news on an archived card brings
    it back, unseen and unread.
    """

    order_id: str
    role: Role
    facts: Mapping[str, Fact]
    messages: Sequence[CardMessage]

    @property
    def newest(self) -> CardMessage:
        """What the card says."""
        return self.messages[0]

    @property
    def number(self) -> int:
        """Its place in the inbox: the higher, the newer."""
        return self.newest.number

    @property
    def change(self) -> int:
        """The number of its newest change."""
        return self.newest.change

    @property
    def is_seen(self) -> bool:
        """Whether it was on a screen as it is."""
        return self.newest.seen_at is not None

    @property
    def is_read(self) -> bool:
        """Whether it was read as it is."""
        return self.newest.read_at is not None

    @property
    def is_archived(self) -> bool:
        """Whether it was put away."""
        return self.newest.archived_at is not None

    @property
    def status(self) -> Status:
        """The newest status told."""
        return self.newest.statuses[-1]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cards nobody saw or read, of those that are not archived."""

    unseen: int
    unread: int


class Progress(StrEnum):
    """Where an order is, seen from one of its steps."""

    PASSED = "passed"
    NOW = "now"
    AHEAD = "ahead"
    STOPPED = "stopped"


def steps(card: Card) -> Sequence[tuple[Status, Progress]]:
    """How far an order is, by all that its reader is ever told. One that was called off goes no further."""
    told = [status for status in Status if card.role in status.rule.told and not status.rule.silences]
    if card.status.rule.silences:
        known = [status for message in card.messages for status in message.statuses]
        furthest = max((status.rank for status in known if status in told), default=-1)
        passed = [(status, Progress.PASSED) for status in told if status.rank <= furthest]
        return [*passed, (card.status, Progress.STOPPED)]
    return [(status, _progress(status, card.status)) for status in told]


def _progress(step: Status, now: Status) -> Progress:
    if step is now:
        return Progress.NOW
    return Progress.PASSED if step.rank < now.rank else Progress.AHEAD
