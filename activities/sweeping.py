"""Settles what no workflow owns any more: the database was restored, or a workflow terminated by hand."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.unowned import by_batch, by_its_order, is_lost, letter_for, letter_id, without_an_owner
from domain.ledger import UNSETTLED
from domain.redriving import BY_DELIVERY, BY_SWEEP
from domain.sweeping import IDLE_FOR, SHOWN_FOR, Account, Progress, Swept
from domain.telling import DeadLetter, Settle

if TYPE_CHECKING:
    # By name only: a workflow refers to this module, and must not load the store.
    from activities.store.notifications import Notification

_PAGE = 100
_LEFT = "left alone"


class SweepingLedger(Protocol):
    """The store as a sweep sees it. Every method is one transaction and may safely run twice."""

    async def unsettled(
        self, before: datetime, limit: int, after: tuple[datetime, str]
    ) -> "Sequence[Notification]":
        """Notifications under way, last written to before ``before``: oldest first, from ``after`` on."""

    async def history(self, order_id: str) -> "Sequence[Notification]":
        """All rows of an order."""

    async def orders_shown(self, before: datetime, after: str, limit: int) -> Sequence[str]:
        """Orders that Live Activities show since before a moment, by id, from ``after`` on."""

    async def orders_shown_to_erased(self, limit: int) -> Sequence[str]:
        """Orders that Live Activities show to people who were erased since."""

    async def settle(self, request: Settle) -> None:
        """Close notifications that are still unsettled."""

    async def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter."""


class Orders(Protocol):
    """The orders' workflows as a sweep sees them."""

    async def account_of(self, order_id: str) -> Account | None:
        """What an order's workflow says of its notifications; None when it is not to be asked now."""

    async def is_redriving(self, dead_letter_id: str) -> bool:
        """Whether a dead letter is being redriven at this moment."""

    async def is_open(self, order_id: str) -> bool:
        """Whether an order's workflow is running, and will end what it shows."""


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
        return Swept(
            notifications=dict(counts),
            dead_letters=letters,
            shown=await self._still_shown(),
            shown_to_erased=tuple(await self.ledger.orders_shown_to_erased(_PAGE)),
        )

    async def _still_shown(self) -> tuple[str, ...]:
        """Orders that are over, however they ended, and that a lock screen somewhere still shows."""
        found: list[str] = []
        after, before = "", self.now() - SHOWN_FOR
        while page := await self.ledger.orders_shown(before, after, _PAGE):
            found += [order_id for order_id in page if not await self.orders.is_open(order_id)]
            after = page[-1]
            activity.heartbeat(Progress())
        return tuple(found[:_PAGE])

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
        ends = {row.message_id: await self._end_of(row, account, rows) for row in idle}
        lost = by_batch(row for row in idle if is_lost(row, ends[row.message_id]))
        # First the letters: a sweep that dies in between must not lose the news.
        for rows_of_batch in lost:
            await self.ledger.keep(letter_for(rows_of_batch, self.now()))
        for end in filter(None, ends.values()):
            await self.ledger.settle(end)
        return Counter(end.status if end else _LEFT for end in ends.values()), len(lost)

    async def _end_of(
        self, row: "Notification", account: Account, rows: "Sequence[Notification]"
    ) -> Settle | None:
        """How a notification ended; None when somebody will yet end it."""
        if not row.redriven_by:
            return by_its_order(row, account, rows, self.now())
        letters = [letter_id(row, source) for source in (BY_DELIVERY, BY_SWEEP)]
        if any([await self.orders.is_redriving(letter) for letter in letters]):
            return None
        return without_an_owner(row, rows, self.now())


def _progress_of_the_last_attempt() -> Progress:
    details = activity.info().heartbeat_details
    return Progress.model_validate(details[0]) if details else Progress()


def _note(progress: Progress) -> None:
    """Leave word of how far we are; a worker that stops hands the rest to another."""
    activity.heartbeat(progress)
    if activity.is_worker_shutdown():
        raise ApplicationError("the worker stops", type="Stopped", category=ApplicationErrorCategory.BENIGN)
