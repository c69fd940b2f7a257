"""What a batch may still tell, given the rows its order already has: from earlier runs, or from a crash.

A worker that dies between the commit and its report plans the same batch again, maybe at a later time, and
maybe with news that has come in since. A run that follows a terminated one knows nothing of what was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.store.notifications import Notification
from domain.channels import Channel
from domain.ledger import UNSETTLED, NotificationStatus
from domain.news import News
from domain.telling import Batch, Decision, Plan, Verdict, Withdrawn

_WITHOUT_A_REASON = frozenset({Verdict.SEND, Verdict.TOLD})
_UNFINISHED = UNSETTLED | {NotificationStatus.FAILED}
_TOLD_NOBODY = frozenset({NotificationStatus.SUPERSEDED, NotificationStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Remaining:
    """The part of a batch that is news to its recipient, under the number the ledger has for it."""

    batch: Batch
    already_told: tuple[str, ...]


def overtaken(batch: Batch, already_told: Sequence[str], rows: Sequence[Notification]) -> tuple[str, ...]:
    """Events that are not told because newer news was, and that therefore no row names."""
    if not already_told:
        return ()
    theirs = (row for row in rows if row.recipient_id == batch.recipient_id)
    named = {event for row in theirs for event in row.events}
    return tuple(event for event in already_told if event not in named)


def what_remains(batch: Batch, rows: Sequence[Notification]) -> Plan | Remaining:
    """What is left to decide on, or the plan itself where there is nothing to decide any more."""
    theirs = [row for row in rows if row.recipient_id == batch.recipient_id]
    if own := _rows_of(batch, theirs):
        return _plan_it_got(batch, own)
    if not batch.first_of_run:
        theirs = [row for row in theirs if _is_left_by_a_crash(row, batch)]
    number = _number(batch, rows) if batch.first_of_run else batch.number
    standing = [row for row in theirs if row.status not in _TOLD_NOBODY]
    news = _untold(batch.news, standing)
    if not news:
        return Plan(number=max(row.batch for row in standing), already_told=_events(batch))
    withdrawn = (*left_behind(standing, with_records=True), *batch.withdrawn)
    left = batch.model_copy(update={"news": news, "number": number, "withdrawn": withdrawn})
    kept = set(_events(left))
    return Remaining(left, tuple(event for event in _events(batch) if event not in kept))


def _rows_of(batch: Batch, rows: Sequence[Notification]) -> list[Notification]:
    ids = {batch.message_id(channel) for channel in Channel}
    return [row for row in rows if row.message_id in ids]


def _is_left_by_a_crash(row: Notification, batch: Batch) -> bool:
    """Whether a row is of this batch as it was before more news came in. Any other may be under way."""
    return row.batch == batch.number and set(row.events) < set(_events(batch))


def _plan_it_got(batch: Batch, own: Sequence[Notification]) -> Plan:
    """The plan as it was made, for whoever has to carry it out; none where an earlier run has done so.

    A send of what has left is settled by its row, so a plan too many tells nobody twice, but one too few
    would leave a fallback untried.
    """
    is_same_call = any(row.created_at == batch.told_at for row in own)
    is_unfinished = any(row.status in _UNFINISHED for row in own)
    if batch.first_of_run and not is_same_call and not is_unfinished:
        return Plan(number=own[0].batch, already_told=_events(batch))
    told = {event for row in own for event in row.events}
    return Plan(
        channels=decisions(own),
        number=own[0].batch,
        already_told=tuple(event for event in _events(batch) if event not in told),
    )


def decisions(own: Sequence[Notification]) -> dict[Channel, Decision]:
    """What was decided on every channel, by the rows of one batch."""
    found = {channel: Decision(verdict=Verdict.OFF) for channel in Channel}
    for row in own:
        for channel, path in row.held.items():
            found[Channel(channel)] = Decision(verdict=Verdict.HELD, path=tuple(path))
    found.update({row.channel: decision_in(row) for row in own if row.instead_of is None})
    return found


def decision_in(row: Notification) -> Decision:
    """The decision that a row was written for, whatever became of it since."""
    reason = None if row.verdict in _WITHOUT_A_REASON else row.reason
    return Decision(verdict=row.verdict, reason=reason, path=row.statuses)


def _number(batch: Batch, rows: Sequence[Notification]) -> int:
    """Continues after what the order's earlier runs wrote. A batch told at the same moment is of this run."""
    highest = max((row.batch for row in rows if row.created_at < batch.told_at), default=0)
    return batch.number if batch.number > highest else highest + batch.number


def _untold(news: Sequence[News], standing: Sequence[Notification]) -> tuple[News, ...]:
    if not standing:
        return tuple(news)
    told = {event for row in standing for event in row.events}
    newest = max(row.moment for row in standing)
    return tuple(piece for piece in news if piece.event_id not in told and piece.moment > newest)


def left_behind(standing: Sequence[Notification], *, with_records: bool = False) -> list[Withdrawn]:
    """Rows that the new batch carries because nobody is going to send them any more.

    A record by e-mail is not taken from whoever still sends it; ``with_records``: nobody does.
    """
    return [
        Withdrawn(message_id=row.message_id, channel=row.channel, statuses=row.statuses)
        for row in standing
        if row.status in UNSETTLED and (with_records or not _is_kept_record(row))
    ]


def _is_kept_record(row: Notification) -> bool:
    return row.channel is Channel.EMAIL and any(status.rule.record for status in row.statuses)


def _events(batch: Batch) -> tuple[str, ...]:
    return tuple(piece.event_id for piece in batch.news)
