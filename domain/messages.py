"""What is handed to a provider, and what the ledger knows of a notification when its turn comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.live_activities import LiveActivity
from domain.orders import Fact, Wire
from domain.recipients import Recipient
from domain.status import Role, Status

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Words:
    """A message in words. ``title`` is a push title or an e-mail subject.

    ``language`` is the tag of what they are in, which is English where the recipient's has no words, and
    ``direction`` the way it is read. ``footer``, of an e-mail, is what the link to the preferences is called.
    """

    title: str
    text: str
    language: str = "en"
    direction: Direction = "ltr"
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a recipient changes what they are sent, by URLs of ours that are signed for them alone.

    ``unsubscribe`` takes the one click of RFC 8058; a message that cannot be unsubscribed from has None.
    """

    preferences: str = field(repr=False)
    unsubscribe: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One notification as a provider gets it.

    ``seconds_left`` is the provider's expiry: how long it is still useful, at least 1.
    ``is_repeat``: an earlier attempt may have arrived. ``order_id`` groups what belongs together.
    ``register``: where an app hands in the token of the Live Activity that this message starts.
    """

    message_id: str
    order_id: str
    words: Words
    path: tuple[Status, ...]
    priority: int
    seconds_left: int
    is_repeat: bool = False
    role: Role = Role.CUSTOMER
    facts: Mapping[str, Fact] = field(default_factory=dict)
    links: Links | None = None
    register: str | None = field(default=None, repr=False)

    @property
    def is_record(self) -> bool:
        """Whether it is a record that the recipient keeps: worth sending twice, and nothing to opt out of."""
        return any(status.rule.record for status in self.path)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A notification's row together with the recipient it is for, as read before an attempt.

    ``failures`` and ``first_failed_at`` are of the attempts that were recorded so far; ``is_in_doubt`` says
    that one of them may have arrived. ``activities`` are the Live Activities that show this order to the
    recipient, or did. ``variant`` is the wording it is told in, where several are being compared. ``news_at``
    is when its newest news occurred; None for what is told again out of a dead letter, long after.
    """

    message_id: str
    order_id: str
    recipient: Recipient
    role: Role
    channel: Channel
    path: tuple[Status, ...]
    facts: Mapping[str, Fact]
    priority: int
    deadline: datetime
    status: NotificationStatus
    reason: str | None
    provider: str | None
    failures: int
    first_failed_at: datetime | None
    is_in_doubt: bool = False
    activities: Sequence[LiveActivity] = ()
    variant: str | None = None
    news_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to, as it is written into the notification's row.

    ``failures`` counts failed attempts including this one. ``reference`` is the provider's own id.
    ``is_in_doubt``: the call left and no answer came.
    """

    status: NotificationStatus
    at: datetime
    failures: int
    reason: str | None = None
    provider: str | None = None
    reference: str | None = None
    is_in_doubt: bool = False


class Noted(Wire):
    """What one attempt leaves for the next when it cannot write it down: it rides on the heartbeat.

    ``harmless``: attempts of this send so far that certainly called no provider. With a ``reference``, the
    provider has accepted the message and only the writing is left to do. ``failures_before``: those that the
    row had when this send began, of an earlier run's send.
    """

    harmless: int = 0
    failures_before: int = 0
    reference: str | None = None
    provider: str | None = None
