"""News and the path it tells: what is waiting, in which order it happened, and which of it is still true."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from domain.orders import Fact, Identifier, Wire
from domain.status import Role, Stage, Status


class News(Wire):
    """One order event as far as telling it is concerned. ``at`` is when it occurred."""

    event_id: Identifier
    status: Status
    at: datetime
    facts: dict[str, Fact] = {}

    @property
    def moment(self) -> tuple[datetime, int]:
        """Orders news by when it occurred, then by the order of statuses."""
        return self.at, self.status.rank

    @property
    def deadline(self) -> datetime:
        """After this, telling it is of no use."""
        return self.at + self.status.rule.useful_for


def in_order(news: Iterable[News]) -> list[News]:
    """News as it happened, whatever order it arrived in."""
    return sorted(news, key=lambda piece: piece.moment)


def path_of(statuses: Iterable[Status]) -> tuple[Status, ...]:
    """The way an order went, as one batch tells it: no repeats, and nothing beside a cancellation.

    What seems to follow a cancellation is of a clock that is off, unless it is an end of its own.
    """
    path = list(statuses)
    if any(status.rule.silences for status in path):
        path = [status for status in path if status.rule.final][-1:]
    return tuple(status for status, _ in groupby(path))


def still_true(path: Sequence[Status], wanted: Iterable[Status]) -> tuple[Status, ...]:
    """The wanted part of a path, without what a later stage, wanted or not, made untrue.

    A recipient who switched DELIVERED off must not be told "on its way" once it was delivered.
    """
    if not path:
        return ()
    stage: Stage = path[-1].rule.stage
    kept = set(wanted)
    return path_of(
        status for status in path if status in kept and (status.rule.stage == stage or path[-1] in kept)
    )


def priority_of(statuses: Iterable[Status], role: Role) -> int:
    """Temporal's priority of a batch: that of its most urgent status. 1 is the most urgent."""
    return min(status.rule.told[role].priority for status in statuses)


def useful_until(news: Sequence[News]) -> datetime:
    """One deadline for a batch: that of its newest news."""
    return in_order(news)[-1].deadline
