"""An order's timeline out of the ledger, for when no workflow answers for it any more."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import bindparam, select

from activities.store import notifications
from activities.store.database import Database
from activities.store.earlier import decisions
from activities.store.notifications import Notification
from activities.store.tables import dead_letters
from domain.channels import Channel
from domain.status import Status
from domain.telling import DeadLetter, Decision, Verdict
from domain.timeline import BATCHES_KEPT, DEAD_LETTERS_SHOWN, Line, Timeline, ToldBatch, not_sent

_c = dead_letters.c
_LETTERS = (
    select(_c.dead_letter_id, _c.order_id, _c.source, _c.reason, _c.field, _c.recipient_id, _c.batch)
    .add_columns(_c.created_at.label("at"))
    .where(_c.order_id == bindparam("order_id"))
    .order_by(_c.created_at.desc(), _c.dead_letter_id)
    .limit(DEAD_LETTERS_SHOWN)
)


class Timelines:
    """The timelines in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, order_id: str, *, is_open: bool) -> Timeline:
        """What was told of an order: nothing where the ledger has nothing of it.

        The ledger knows what was told and what reached nobody. What still waits, and which events were
        stale or duplicates, only the workflow knew.
        """
        async with self._database.reading() as connection:
            rows = await notifications.of_order(connection, order_id)
            found = (await connection.execute(_LETTERS, {"order_id": order_id})).all()
        letters = tuple(DeadLetter.model_validate(dict(row._mapping)) for row in reversed(found))
        return _timeline(order_id, rows, letters, is_open=is_open)


def _timeline(
    order_id: str, rows: Sequence[Notification], letters: tuple[DeadLetter, ...], *, is_open: bool
) -> Timeline:
    newest = max(rows, key=lambda row: row.moment, default=None)
    status = Status(newest.newest_status) if newest else None
    batches = _batches(rows)
    return Timeline(
        order_id=order_id,
        status=status,
        state=("ending" if status and status.rule.final else "open") if is_open else "over",
        batches=tuple(batches[-BATCHES_KEPT:]),
        earlier_batches=max(0, len(batches) - BATCHES_KEPT),
        waiting=(),
        stale=(),
        stale_in_all=0,
        duplicates=0,
        dead_letters=letters,
    )


def _batches(rows: Sequence[Notification]) -> list[ToldBatch]:
    def whose(row: Notification) -> tuple[int, str, str]:
        return row.batch, row.recipient_id, row.role

    together = groupby(sorted(rows, key=whose), whose)
    batches = [_batch(list(own)) for _, own in together]
    return sorted(batches, key=lambda batch: (batch.told_at, batch.batch))


def _batch(rows: Sequence[Notification]) -> ToldBatch:
    first = min(rows, key=lambda row: row.created_at)
    by_channel = {row.channel: row for row in rows}
    # A row may carry what was taken back before it: the shortest path is the batch's own.
    path = min((row.statuses for row in rows), key=len)
    return ToldBatch(
        batch=first.batch,
        recipient_id=first.recipient_id,
        role=first.role,
        statuses=path,
        told_at=first.created_at,
        priority=first.priority,
        deadline=first.deadline,
        channels=[
            _line(row) if (row := by_channel.get(channel)) else _not_sent(channel, decision, path)
            for channel, decision in decisions(rows).items()
        ],
    )


def _not_sent(channel: Channel, decision: Decision, path: tuple[Status, ...]) -> Line:
    verdict = decision.verdict
    return Line(channel=channel, verdict=verdict, statuses=decision.path or path, reason=not_sent(verdict))


def _line(row: Notification) -> Line:
    return Line(
        channel=row.channel,
        # One that took over was kept for that, as the workflow says too.
        verdict=row.verdict if row.instead_of is None else Verdict.HELD,
        status=row.status,
        statuses=row.statuses,
        reason=row.reason,
        provider=row.provider,
        message_id=row.message_id,
    )
