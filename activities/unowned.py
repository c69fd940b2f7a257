"""What becomes of a notification that nobody may be about to end, and the dead letter of one that is lost."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from domain.channels import Channel
from domain.ledger import TOLD, UNSETTLED, NotificationStatus, dead_letter_id, message_id
from domain.news import News
from domain.redriving import BY_SWEEP
from domain.status import Status
from domain.sweeping import Account
from domain.telling import Batch, DeadLetter, Settle

if TYPE_CHECKING:
    # By name only: a workflow refers to the sweep, and must not load the store.
    from activities.store.notifications import Notification

_N = NotificationStatus
_GONE = "its order's workflow was gone"


def by_its_order(
    row: "Notification", account: Account, rows: "Sequence[Notification]", now: datetime
) -> Settle | None:
    """How a notification ended, by what its order's workflow says; None when that will yet end it."""
    line = account.lines.get(row.message_id)
    if line and line.status and line.status not in UNSETTLED:
        why = f": {line.reason}" if line.reason else ""
        return _settled(row, line.status, f"as its order's workflow has it{why}", rows)
    if account.is_open and (line or row.batch < account.remembers_from):
        return None
    return without_an_owner(row, rows, now)


def without_an_owner(row: "Notification", rows: "Sequence[Notification]", now: datetime) -> Settle:
    """How a notification ended whose workflow is not there to end it."""
    if now >= row.deadline:
        return _settled(row, _N.EXPIRED, _GONE, rows)
    if _told_instead_of(row, rows):
        return _settled(row, _N.SUPERSEDED, f"{_GONE}; newer news was told", rows)
    if row.is_in_doubt:
        # Not FAILED: a receipt may still say that it arrived, and sending it again might tell it twice.
        return _settled(row, _N.UNKNOWN, f"{_GONE} after an attempt that may have arrived", rows)
    return _settled(row, _N.FAILED, _GONE, rows)


def _settled(
    row: "Notification", status: NotificationStatus, reason: str, rows: "Sequence[Notification]"
) -> Settle:
    by = _told_instead_of(row, rows) if status is _N.SUPERSEDED else None
    return Settle(message_ids=(row.message_id,), status=status, reason=reason, superseded_by=by)


def is_lost(row: "Notification", end: Settle | None) -> bool:
    """Whether nobody knows of a notification's end but us. One that was redriven has its letter already."""
    if end is None or row.redriven_by:
        return False
    return (end.status, end.reason) == (_N.FAILED, _GONE)


def letter_for(rows: "Sequence[Notification]", now: datetime) -> DeadLetter:
    """One dead letter for all that a batch could not tell."""
    first = rows[0]
    why = "; ".join(f"{row.channel}: {row.reason or 'not tried'}" for row in rows)
    return DeadLetter(
        dead_letter_id=letter_id(first, BY_SWEEP),
        order_id=first.order_id,
        source=BY_SWEEP,
        reason=f"{_GONE} before {first.role} {first.recipient_id} was told: {why}",
        recipient_id=first.recipient_id,
        batch=first.batch,
        content=_newest_news_of(first),
        at=now,
    )


def letter_id(row: "Notification", source: str) -> str:
    """The id of the dead letter of a row's batch."""
    in_app = message_id(row.order_id, row.recipient_id, Channel.IN_APP, row.events[-1])
    return dead_letter_id(row.order_id, source, in_app)


def _told_instead_of(row: "Notification", rows: "Sequence[Notification]") -> str | None:
    """The message that told the same recipient something newer: on the same channel if there is one."""
    if row.channel is Channel.EMAIL and any(status.rule.record for status in row.statuses):
        return None  # theirs to keep, whatever happened since
    newer = [
        other
        for other in rows
        if (other.recipient_id, other.role) == (row.recipient_id, row.role)
        and other.status in TOLD
        and other.moment > row.moment
    ]
    newer.sort(key=lambda other: other.channel is not row.channel)
    return newer[0].message_id if newer else None


def by_batch(rows: "Iterable[Notification]") -> "Sequence[Sequence[Notification]]":
    """The rows of each batch."""
    batches: dict[tuple[str, str], list[Notification]] = {}
    for row in rows:
        batches.setdefault((row.recipient_id, row.events[-1]), []).append(row)
    return list(batches.values())


def _newest_news_of(row: "Notification") -> Batch:
    """A batch to tell instead: rows do not say when older news happened, and the newest says where we are."""
    newest = News(event_id=row.events[-1], status=Status(row.newest_status), at=row.newest_at)
    return Batch(
        order_id=row.order_id,
        number=row.batch,
        recipient_id=row.recipient_id,
        role=row.role,
        news=(newest,),
        facts=dict(row.facts),
        told_at=row.created_at,
    )
