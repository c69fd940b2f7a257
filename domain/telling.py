"""What passes between the workflow, which decides, and the activities, which do: wire types only grow."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from domain.channels import Channel
from domain.ledger import NotificationStatus, message_id
from domain.news import News, path_of, priority_of, useful_until
from domain.orders import Fact, Wire
from domain.status import Role, Status


class Withdrawn(Wire):
    """A notification taken back before it left, whose news the next batch carries."""

    message_id: str
    channel: Channel
    statuses: tuple[Status, ...]


class Batch(Wire):
    """News for one recipient, told together as one message per channel.

    ``redriven_by``: the run that tells it again after it reached nobody. ``merchant_id``: whose order it is,
    so that the sends of one merchant do not crowd out those of another. ``held_for``: channels whose queues
    were behind, for which it was merged for longer.
    """

    order_id: str
    number: int
    recipient_id: str
    role: Role
    news: tuple[News, ...]
    facts: dict[str, Fact] = {}
    told_at: datetime
    withdrawn: tuple[Withdrawn, ...] = ()
    first_of_run: bool = False
    redriven_by: str | None = None
    merchant_id: str | None = None
    held_for: tuple[Channel, ...] = ()

    @property
    def newest(self) -> News:
        """The piece of news that names the batch."""
        return self.news[-1]

    @property
    def path(self) -> tuple[Status, ...]:
        """The statuses told, oldest first."""
        return path_of(piece.status for piece in self.news)

    @property
    def deadline(self) -> datetime:
        """After this, no part of the batch is sent anywhere."""
        return useful_until(self.news)

    @property
    def priority(self) -> int:
        """Temporal's priority, 1 the most urgent."""
        return priority_of(self.path, self.role)

    def message_id(self, channel: Channel) -> str:
        """The id of this batch's one message on ``channel``."""
        return message_id(self.order_id, self.recipient_id, channel, self.newest.event_id)

    def path_on(self, channel: Channel) -> tuple[Status, ...]:
        """The path on one channel: what was withdrawn there, then what is new."""
        carried = [
            status for taken in self.withdrawn if taken.channel is channel for status in taken.statuses
        ]
        return path_of([*carried, *self.path])


class Verdict(StrEnum):
    """What is done with a batch on one channel."""

    SEND = "send"
    TOLD = "told"
    HELD = "held"
    OFF = "off"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


class Decision(Wire):
    """A verdict on one channel, with the reason where there is one to give. No ``path``: the batch's own."""

    verdict: Verdict
    reason: str | None = None
    path: tuple[Status, ...] = ()


class Plan(Wire):
    """The answer to a batch: a decision per channel, already in the ledger.

    ``already_told`` holds the event ids of the batch that an earlier run told: when that is all of
    them there are no decisions. ``overtaken`` are those among them that no row names, because newer news
    was told before them. ``number`` is the batch's number as the ledger has it. ``live``: a Live Activity
    may show the order from now on, and has to be ended. ``behind``: channels it is sent on whose queues are
    behind.
    """

    channels: dict[Channel, Decision] = {}
    number: int
    already_told: tuple[str, ...] = ()
    overtaken: tuple[str, ...] = ()
    live: bool = False
    behind: tuple[Channel, ...] = ()


class AskQueues(Wire):
    """Whether one of the queues of these channels is still behind."""

    channels: tuple[Channel, ...]


class EndLiveActivities(Wire):
    """End everything that shows an order on a lock screen. What it last shows is in the ledger.

    ``only_of_erased``: of people who were erased, and nobody else's.
    """

    order_id: str
    only_of_erased: bool = False


class TakeOver(Wire):
    """The next channel takes a batch over from ``failed``: it gets its row before its first attempt.

    ``at``: when it takes over, None from an older worker: then it counts as told with the batch.
    """

    batch: Batch
    channel: Channel
    failed: Channel
    reason: str
    at: datetime | None = None


class Send(Wire):
    """Send one notification. Everything else about it is in the ledger and the store.

    ``waits``: seconds before each further attempt. ``fall_back_after``: seconds from the first failure
    until the next channel takes over, None where there is none to take over or no hurry. ``has_next``:
    whether there is a next channel at all.
    """

    message_id: str
    channel: Channel
    waits: tuple[float, ...]
    fall_back_after: float | None = None
    has_next: bool = False


class Settled(Wire):
    """How a notification ended as far as we know: its row says the same."""

    status: NotificationStatus
    reason: str | None = None
    provider: str | None = None


class Settle(Wire):
    """Close notifications that did not leave: superseded by another, expired, or given up."""

    message_ids: tuple[str, ...]
    status: NotificationStatus
    reason: str
    superseded_by: str | None = None


class DeadLetter(Wire):
    """Something kept for a person to decide on. ``field`` and ``raw`` are of an event we could not read.

    ``source`` tells where it came from: the signal's name, or ``delivery`` for a batch that reached nobody,
    which is kept whole in ``content``.
    """

    dead_letter_id: str
    order_id: str
    source: str
    reason: str
    field: str | None = None
    raw: str | None = None
    recipient_id: str | None = None
    batch: int | None = None
    content: Batch | None = None
    at: datetime


Facts = Mapping[str, Fact]
