"""What an explanation is made of: sentences for every batch and channel, each with the rule it follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Role, Status
from domain.telling import Verdict


class Rule(StrEnum):
    """The rules by their names in docs/how-it-works.md."""

    AT_ONCE = "at-once"
    WINDOW = "window"
    BEHIND = "behind"
    PATH = "path"
    USEFUL_FOR = "useful-for"
    DEFAULT = "default"
    OWN_CHOICE = "own-choice"
    OPT_OUT = "opt-out"
    NEVER_UNTRUE = "never-untrue"
    FALLBACK = "fallback"
    UNREACHABLE = "unreachable"
    QUIET_HOURS = "quiet-hours"
    CAP = "cap"
    INBOX = "inbox"
    SENDING = "sending"
    PROVIDER = "provider"
    RETRIES = "retries"
    IN_DOUBT = "in-doubt"
    RECEIPT = "receipt"
    SUPERSESSION = "supersession"
    EXPERIMENT = "experiment"
    REDRIVE = "redrive"
    TOLD_BEFORE = "told-before"
    STALE = "stale"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead-letter"


class Because(BaseModel):
    """One reason, and the rule it follows from."""

    rule: Rule
    says: str


class ExplainedChannel(BaseModel):
    """What became of a batch on one channel, and why: the first reason says how it ended.

    No ``status``: nothing was to be sent there.
    """

    channel: Channel
    status: NotificationStatus | None = None
    message_id: str | None = None
    because: list[Because]


class ExplainedBatch(BaseModel):
    """News for one recipient, told together."""

    batch: int
    recipient_id: str
    role: Role
    statuses: list[Status]
    told_at: datetime
    priority: int
    because: list[Because]
    channels: list[ExplainedChannel]


class Explanation(BaseModel):
    """Why an order was told as it was. ``known_from``: what it was found out from, and what is missing there.

    ``events`` are those that were not told, or not yet.
    """

    order_id: str
    status: Status | None = None
    state: str | None = None
    known_from: str
    batches: list[ExplainedBatch]
    events: list[Because]
    dead_letters: list[Because]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of the order."""
        return not (self.status or self.batches or self.events or self.dead_letters)


def moment(at: datetime) -> str:
    """A moment as it is read."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


class Row(BaseModel):
    """A row of the ledger as far as it explains something, named as the ledger's columns are.

    ``choices``: the recipient's own wishes when it was decided, None where they were not written down.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    message_id: str
    recipient_id: str
    role: Role
    channel: Channel
    statuses: Sequence[Status]
    batch: int
    status: NotificationStatus
    reason: str | None = None
    retry_count: int = 0
    provider: str | None = None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    newest_status: str
    newest_at: datetime
    deadline: datetime
    priority: int
    superseded_by: str | None = None
    verdict: Verdict
    held: Mapping[Channel, Sequence[Status]] = {}
    instead_of: Channel | None = None
    redriven_by: str | None = None
    variant: str | None = None
    choices: Mapping[Channel, Mapping[Status, str]] | None = None


class Letter(BaseModel):
    """A dead letter as far as it explains something. ``resolution``: what was decided on it, if anything."""

    dead_letter_id: str
    reason: str
    at: datetime
    resolution: str | None = None
