"""What was told, by the ledger: for every batch and channel what was decided, and in which words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.messages import Words
from domain.status import Role, Status
from domain.telling import Decision, Verdict

if TYPE_CHECKING:
    from activities.store.notifications import Notification
    from activities.wording import FluentWording

_SAID = frozenset({Verdict.SEND, Verdict.TOLD})
_CAME_TO_NOTHING = frozenset(
    {NotificationStatus.SUPERSEDED, NotificationStatus.FAILED, NotificationStatus.EXPIRED}
)
# Told in the very same words; a text has its own.
_ALIKE = (Channel.PUSH, Channel.EMAIL)


class Key(NamedTuple):
    """Names a batch, whoever tells it: its recipient and the event of its newest news."""

    recipient_id: str
    role: Role
    event_id: str


@dataclass(frozen=True)
class Said:
    """One channel of a batch. ``words``: None where none were told, or nobody kept them."""

    decision: Decision
    path: tuple[Status, ...] = ()
    words: Words | None = None

    @property
    def is_told(self) -> bool:
        """Whether the recipient hears something on this channel."""
        return self.decision.verdict in _SAID


@dataclass(frozen=True)
class Telling:
    """One batch. ``rows`` are the ledger's, of the plan and of channels that took over: none in a new one.

    ``number``, also the ledger's, finds the plan in the history.
    """

    key: Key
    priority: int
    deadline: datetime
    newest: Status
    channels: Mapping[Channel, Said]
    events: tuple[str, ...]
    told_at: datetime
    number: int = 0
    rows: "Sequence[Notification]" = field(default=(), repr=False)


class Language(NamedTuple):
    """What tells how something was put into words: the catalogues of that time, and whose they were."""

    wording: "FluentWording"
    locales: Mapping[str, str]


def tellings(
    rows: "Iterable[Notification]", kept: Mapping[str, Words], language: Language | None
) -> dict[Key, Telling]:
    """The batches in an order's rows. ``kept`` are words by message id; ``language`` puts all into words."""
    ordered = sorted(rows, key=_key)
    batches = {key: list(own) for key, own in groupby(ordered, key=_key)}
    found = [_telling(key, own, kept, language) for key, own in batches.items()]
    return {told.key: told for told in sorted(found, key=lambda told: (told.told_at, told.number))}


def rows_of_run(
    rows: "Sequence[Notification]", began: datetime, ended: datetime, events: Collection[str]
) -> "tuple[list[Notification], list[Notification]]":
    """The rows that earlier runs of an order wrote, and those of the run that heard of these events."""
    so_far = [row for row in rows if row.created_at <= ended + timedelta(milliseconds=1)]
    own = [row for row in so_far if row.created_at >= began and row.events[-1] in events]
    ids = {row.message_id for row in own}
    return [_as_it_was(row, began) for row in so_far if row.message_id not in ids], own


def _as_it_was(row: "Notification", at: datetime) -> "Notification":
    """A row as it was at a moment: what came to nothing later was under way."""
    if row.status in _CAME_TO_NOTHING and row.verdict is Verdict.SEND and row.updated_at >= at:
        return replace(row, status=NotificationStatus.PENDING)
    return row


def _key(row: "Notification") -> Key:
    return Key(row.recipient_id, row.role, row.events[-1])


def _telling(
    key: Key, own: "Sequence[Notification]", kept: Mapping[str, Words], language: Language | None
) -> Telling:
    from activities.store.earlier import decisions  # noqa: PLC0415 loads the store's libraries

    first = min(own, key=lambda row: row.created_at)
    by_channel = {row.channel: row for row in own}
    inbox = by_channel.get(Channel.IN_APP)
    channels = {
        channel: _said(decision, by_channel.get(channel), inbox, kept, language)
        for channel, decision in decisions(own).items()
    }
    return Telling(
        key=key,
        priority=first.priority,
        deadline=first.deadline,
        newest=Status(first.newest_status),
        channels=channels,
        events=tuple(first.events),
        told_at=first.created_at,
        number=first.batch,
        rows=own,
    )


def _said(
    decision: Decision,
    row: "Notification | None",
    inbox: "Notification | None",
    kept: Mapping[str, Words],
    language: Language | None,
) -> Said:
    """A channel that took over stays one that was held, and has the words that it told."""
    if row is None or row.verdict not in _SAID:
        return Said(decision, decision.path)
    return Said(decision, row.statuses, _words(row, inbox, kept, language))


def _words(
    row: "Notification", inbox: "Notification | None", kept: Mapping[str, Words], language: Language | None
) -> Words | None:
    if language:
        locale = language.locales.get(row.recipient_id, "en")
        return language.wording.words(locale, row.role, row.channel, row.statuses, row.facts, row.variant)
    if row.channel is Channel.IN_APP:
        return kept.get(row.message_id)
    if inbox and row.channel in _ALIKE and (row.statuses, row.variant) == (inbox.statuses, inbox.variant):
        return kept.get(inbox.message_id)
    return None
