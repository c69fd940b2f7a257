"""Settles what no workflow owns any more: the database was restored, or a workflow terminated by hand."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.channels import Channel
from domain.ledger import TOLD, UNSETTLED, NotificationStatus, dead_letter_id, message_id
from domain.sweeping import IDLE_FOR, Account, Progress, Swept
from domain.telling import DeadLetter, Settle

if TYPE_CHECKING:
    # By name only: a workflow refers to this module, and must not load the store.
    from activities.store.notifications import Notification

_N = NotificationStatus
_PAGE = 100
_LEFT = "left alone"
_GONE = "its order's workflow was gone"


class SweepingLedger(Protocol):
    """The store as a sweep sees it. Every method is one transaction and may safely run twice."""

    async def unsettled(
        self, before: datetime, limit: int, after: tuple[datetime, str]
    ) -> "Sequence[Notification]":
        """Notifications under way, last written to before ``before``: oldest first, from ``after`` on."""

    async def history(self, order_id: str) -> "Sequence[Notification]":
        """All rows of an order."""

    async def settle(self, request: Settle) -> None:
        """Close notifications that are still unsettled."""

    async def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter."""


class Orders(Protocol):
    """The orders' workflows as a sweep sees them."""

    async def account_of(self, order_id: str) -> Account | None:
        """What an order's workflow says of its notifications; None when it is not to be asked now."""


@dataclass(frozen=True)
class Sweeping:
    """The activity behind the sweep."""

    ledger: SweepingLedger
    orders: Orders
    now: Callable[[], datetime]

    @activity.defn
    async def sweep(self) -> Swept:
        """Look at every notification that nothing was written to for long; settle those without an owner."""
        progress, looked_at = _progress_of_the_last_attempt(), set[str]()
        counts, letters = Counter(progress.swept.notifications), progress.swept.dead_letters
        idle_since = self.now() - IDLE_FOR
        async for row in self._idle_rows(idle_since, progress):
            if row.order_id not in looked_at:
                looked_at.add(row.order_id)
                ends, kept = await self._look_after(row.order_id, idle_since)
                counts, letters = counts + ends, letters + kept
            swept = Swept(notifications=dict(counts), dead_letters=letters)
            _note(Progress(updated_at=row.updated_at, message_id=row.message_id, swept=swept))
        return Swept(notifications=dict(counts), dead_letters=letters)

    async def _idle_rows(self, idle_since: datetime, progress: Progress) -> "AsyncIterator[Notification]":
        """All of them, page by page: those that are left alone must not hide those behind them."""
        after = (progress.updated_at, progress.message_id)
        while page := await self.ledger.unsettled(idle_since, _PAGE, after):
            for row in page:
                yield row
            after = (page[-1].updated_at, page[-1].message_id)

    async def _look_after(self, order_id: str, idle_since: datetime) -> tuple[Counter[str], int]:
        """Settle the idle rows of one order; answers how they ended, and how many dead letters there are."""
        account = await self.orders.account_of(order_id)
        rows = await self.ledger.history(order_id)
        idle = [row for row in rows if row.status in UNSETTLED and row.updated_at < idle_since]
        if account is None:
            return Counter({_LEFT: len(idle)}), 0
        ends = {row.message_id: _end_of(row, account, rows, self.now()) for row in idle}
        # First the letters: a sweep that dies in between must not lose the news.
        letters = [
            self._letter(lost) for lost in _by_batch(row for row in idle if _is_lost(ends[row.message_id]))
        ]
        for letter in letters:
            await self.ledger.keep(letter)
        for end in filter(None, ends.values()):
            await self.ledger.settle(end)
        return Counter(end.status if end else _LEFT for end in ends.values()), len(letters)

    def _letter(self, rows: "Sequence[Notification]") -> DeadLetter:
        """One dead letter for all that a batch could not tell."""
        first = rows[0]
        in_app = message_id(first.order_id, first.recipient_id, Channel.IN_APP, first.events[-1])
        why = "; ".join(f"{row.channel}: {row.reason or 'not tried'}" for row in rows)
        return DeadLetter(
            dead_letter_id=dead_letter_id(first.order_id, "sweep", in_app),
            order_id=first.order_id,
            source="sweep",
            reason=f"{_GONE} before {first.role} {first.recipient_id} was told: {why}",
            recipient_id=first.recipient_id,
            batch=first.batch,
            at=self.now(),
        )


def _end_of(
    row: "Notification", account: Account, rows: "Sequence[Notification]", now: datetime
) -> Settle | None:
    """How a notification ended, by what its order's workflow says; None when that will yet end it."""
    line = account.lines.get(row.message_id)
    if line and line.status and line.status not in UNSETTLED:
        why = f": {line.reason}" if line.reason else ""
        return _settled(row, line.status, f"as its order's workflow has it{why}", rows)
    if account.is_open and (line or row.batch < account.remembers_from):
        return None
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


def _is_lost(end: Settle | None) -> bool:
    """Whether nobody knows of a notification's end but us."""
    return end is not None and end.status is _N.FAILED and end.reason == _GONE


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


def _by_batch(rows: "Iterable[Notification]") -> "Iterable[Sequence[Notification]]":
    batches: dict[tuple[str, str], list[Notification]] = {}
    for row in rows:
        batches.setdefault((row.recipient_id, row.events[-1]), []).append(row)
    return batches.values()


def _progress_of_the_last_attempt() -> Progress:
    details = activity.info().heartbeat_details
    return Progress.model_validate(details[0]) if details else Progress()


def _note(progress: Progress) -> None:
    """Leave word of how far we are; a worker that stops hands the rest to another."""
    activity.heartbeat(progress)
    if activity.is_worker_shutdown():
        raise ApplicationError("the worker stops", type="Stopped", category=ApplicationErrorCategory.BENIGN)
