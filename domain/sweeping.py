"""What becomes of notifications that were left unsettled: what a sweep looks for, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.orders import Wire
from domain.timeline import Line, Timeline

# The longest wait between two attempts is 11 minutes, jitter included, and each attempt writes to its row.
# What waits longer, for a rate limit or a provider's own wait, has a workflow that says so.
IDLE_FOR = timedelta(minutes=15)
# An order that has just begun may not be known to everybody yet.
SHOWN_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Account:
    """What an order's workflow says of its notifications, by message id. No workflow says nothing.

    Of batches before ``remembers_from`` it has forgotten everything.
    """

    is_open: bool = False
    lines: Mapping[str, Line] = field(default_factory=dict)
    remembers_from: int = 0

    @classmethod
    def given_by(cls, told: Timeline, *, is_open: bool) -> "Account":
        """The account in a timeline."""
        lines = {
            line.message_id: line for batch in told.batches for line in batch.channels if line.message_id
        }
        oldest = min((batch.batch for batch in told.batches), default=0)
        return cls(is_open, lines, oldest if told.earlier_batches else 0)


class Swept(Wire):
    """What a sweep came to: how many notifications ended how, or were left alone. Shown in the UI.

    ``shown``: orders that are over and that Live Activities still show. ``shown_to_erased``: orders, over or
    not, on the lock screens of people who were erased.
    """

    notifications: dict[str, int]
    dead_letters: int
    shown: tuple[str, ...] = ()
    shown_to_erased: tuple[str, ...] = ()


class Progress(Wire):
    """How far a sweep has come, by the last row it looked at: it rides on the heartbeat."""

    updated_at: datetime = datetime.min.replace(tzinfo=UTC)
    message_id: str = ""
    swept: Swept = Swept(notifications={}, dead_letters=0)
