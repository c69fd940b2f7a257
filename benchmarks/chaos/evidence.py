"""What is left after a chaos run, from every side: Temporal's histories, the ledger, and people's devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.chaos.parts import Trouble
from domain.channels import Channel
from domain.orders import OrderEvent
from domain.recipients import Recipient
from domain.status import Status


@dataclass(frozen=True)
class Row:
    """One row of the ledger."""

    message_id: str
    order_id: str
    recipient_id: str
    channel: Channel
    batch: int
    status: str
    priority: int
    created_at: datetime
    newest_status: Status
    newest_at: datetime
    statuses: Sequence[Status]
    events: Sequence[str]
    reason: str | None = None
    provider_reference: str | None = None
    superseded_by: str | None = None
    is_in_doubt: bool = False

    @property
    def moment(self) -> tuple[datetime, int]:
        """Orders notifications by their newest news."""
        return self.newest_at, self.newest_status.rank

    @property
    def is_record(self) -> bool:
        """Whether it is an e-mail that the recipient keeps."""
        return self.channel is Channel.EMAIL and any(status.rule.record for status in self.statuses)


@dataclass(frozen=True)
class Copy:
    """One arrival of a message somewhere. ``key`` is the message id, or an SMS's sid."""

    n: int
    at: datetime
    channel: Channel
    address: str
    text: str
    key: str


@dataclass(frozen=True)
class Letter:
    """A dead letter."""

    order_id: str
    recipient_id: str | None
    batch: int | None
    raw: str


@dataclass(frozen=True)
class Evidence:
    """Everything to account by. ``stale`` says by event id why an event was not told to anyone.

    ``accepted`` are the events that Temporal has, ``handed_over`` the ids of those it said it had taken.
    ``inbox`` are copies too, whose address is the recipient; ``open_orders`` did not come to their end.
    """

    accepted: Sequence[OrderEvent]
    handed_over: frozenset[str]
    people: Sequence[Recipient]
    rows: Sequence[Row]
    received: Sequence[Copy]
    inbox: Sequence[Copy]
    letters: Sequence[Letter]
    stale: Mapping[str, str] = field(default_factory=dict)
    open_orders: Sequence[str] = ()
    troubles: Sequence[Trouble] = ()
