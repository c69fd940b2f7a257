"""The ledger: writes its rows, moves them forward and reads them. ``domain.ledger`` says what is allowed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import BindParameter, and_, bindparam, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from activities.store.columns import UtcDateTime, is_any_of
from activities.store.inserting import new_rows
from activities.store.live_activities import of_order as live_activities_of
from activities.store.recipients import IN_ORDER, PERSON, AnyRow, recipient_from, with_addresses
from activities.store.tables import inbox, notifications, recipients
from domain.channels import Channel
from domain.ledger import MAY_BE_REOPENED, MAY_COME_FROM, TOLD, UNSETTLED, NotificationStatus
from domain.messages import Attempt, Envelope
from domain.orders import Fact, Receipt
from domain.recipients import unknown_recipient
from domain.status import STATUS_RULES, Role, Status
from domain.telling import Settle, Verdict

_N = NotificationStatus
_RECEIPTS = {"delivered": _N.DELIVERED, "read": _N.READ, "undelivered": _N.FAILED, "bounced": _N.FAILED}
_ARRIVED_OR_MAY_HAVE = (*TOLD, _N.UNKNOWN)
_HOUR = timedelta(hours=1)
# Nothing is of use for longer than this: an older row has been sent, if ever, before the last hour.
OLDEST_ON_ITS_WAY = _HOUR + max(rule.useful_for for rule in STATUS_RULES.values())


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of the ledger as plain facts, named as its columns are: see ``tables.NotificationRow``."""

    message_id: str
    order_id: str
    recipient_id: str
    role: Role
    channel: Channel
    statuses: tuple[Status, ...]
    batch: int
    status: NotificationStatus
    reason: str | None
    retry_count: int
    provider: str | None
    provider_reference: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    deadline: datetime
    events: Sequence[str]
    newest_status: str
    newest_at: datetime
    facts: Mapping[str, Fact]
    priority: int
    failing_since: datetime | None
    is_in_doubt: bool
    superseded_by: str | None
    verdict: Verdict
    held: Mapping[Channel, Sequence[Status]]
    instead_of: Channel | None
    redriven_by: str | None
    variant: str | None
    choices: Mapping[Channel, Mapping[Status, str]] | None

    @property
    def moment(self) -> tuple[datetime, int]:
        """The moment of the newest news it tells, to be compared with that of other news."""
        return self.newest_at, Status(self.newest_status).rank


_c = notifications.c
_ROW = select(*(_c[field.name] for field in fields(Notification)))
_BY_ID = _ROW.where(_c.message_id == bindparam("message_id"))
_OF_ORDER = _ROW.where(_c.order_id == bindparam("order_id")).order_by(_c.created_at, _c.batch, _c.channel)
_UNSETTLED = (
    # Spelt as in the partial index, or neither database would use it.
    _ROW.where(
        text("status IN ('PENDING', 'RETRYING')"),
        _c.updated_at < bindparam("before"),
        _c.updated_at >= bindparam("at"),
        or_(_c.updated_at > bindparam("at"), _c.message_id > bindparam("after")),
    )
    .order_by(_c.updated_at, _c.message_id)
    .limit(bindparam("limit"))
)
_STATUS = select(_c.status).where(_c.message_id == bindparam("message_id"))
_COUNTS = (
    select(_c.channel, func.count().label("messages"))
    .where(
        _c.recipient_id == bindparam("recipient_id"),
        _c.channel.in_(bindparam("channels", expanding=True)),
        _c.created_at > bindparam("oldest"),
        or_(
            and_(_c.status.in_(tuple(UNSETTLED)), _c.deadline > bindparam("now")),
            and_(
                _c.status.in_(_ARRIVED_OR_MAY_HAVE),
                func.coalesce(_c.sent_at, _c.delivered_at, _c.updated_at) > bindparam("since"),
            ),
        ),
        _c.message_id.not_in(bindparam("but", expanding=True)),
    )
    .group_by(_c.channel)
)
# No more than a send needs: there is a row for each address, and each column of each is read.
_OF_A_SEND = (
    *(_c.message_id, _c.order_id, _c.recipient_id, _c.role, _c.channel, _c.statuses, _c.facts, _c.priority),
    *(_c.deadline, _c.status, _c.reason, _c.provider, _c.retry_count, _c.failing_since, _c.is_in_doubt),
    *(_c.variant, _c.redriven_by, _c.newest_at),
)
_ENVELOPE = (
    select(*_OF_A_SEND, *PERSON)
    .select_from(
        with_addresses(notifications.outerjoin(recipients, recipients.c.recipient_id == _c.recipient_id))
    )
    .where(_c.message_id == bindparam("message_id"))
    .order_by(*IN_ORDER)
)


def _moment(name: str) -> BindParameter[datetime]:
    """A moment inside a function, where nothing else says that it is one: SQLite's own text does not sort."""
    return bindparam(name, type_=UtcDateTime())


# Every statement that moves rows is made from this: no move without its condition.
_MOVE = update(notifications).where(_c.status.in_(bindparam("may_come_from", expanding=True)))


@cache
def _attempt_that_ends_as(new: NotificationStatus) -> ReturningUpdate[str]:
    """Written out for each status: a list that is filled in later costs each send as much as its row does."""
    return (
        update(notifications)
        .where(_c.message_id == bindparam("which"), is_any_of(_c.status, MAY_COME_FROM[new]))
        .values(
            status=new,
            reason=bindparam("why"),
            retry_count=bindparam("failures"),
            provider=func.coalesce(bindparam("by"), _c.provider),
            provider_reference=func.coalesce(bindparam("reference"), _c.provider_reference),
            updated_at=bindparam("at"),
            sent_at=func.coalesce(_c.sent_at, _moment("sent")),
            delivered_at=func.coalesce(_c.delivered_at, _moment("delivered")),
            failing_since=func.coalesce(_c.failing_since, _moment("failing")),
            is_in_doubt=or_(_c.is_in_doubt, bindparam("in_doubt")),
        )
        .returning(_c.status)
    )


_RECEIPT = _MOVE.where(_c.message_id == bindparam("which")).values(
    status=bindparam("new"),
    reason=bindparam("why"),
    updated_at=bindparam("at"),
    delivered_at=func.coalesce(_c.delivered_at, _moment("delivered")),
)
_READ_IN_INBOX = _MOVE.where(
    _c.message_id.in_(
        select(inbox.c.message_id).where(
            inbox.c.recipient_id == bindparam("recipient"), inbox.c.change > bindparam("since")
        )
    )
).values(
    status=_N.READ, updated_at=bindparam("at"), delivered_at=func.coalesce(_c.delivered_at, bindparam("at"))
)
_SETTLE = _MOVE.where(_c.message_id.in_(bindparam("which", expanding=True))).values(
    status=bindparam("new"),
    reason=bindparam("why"),
    superseded_by=bindparam("by"),
    updated_at=bindparam("at"),
)

# What is in doubt stays so: an earlier attempt may have arrived.
_REOPEN = (
    _MOVE.where(_c.message_id == bindparam("which"))
    .values(
        status=_N.PENDING,
        reason=None,
        retry_count=0,
        failing_since=None,
        sent_at=None,
        statuses=bindparam("path"),
        verdict=Verdict.SEND,
        redriven_by=bindparam("by"),
        updated_at=bindparam("at"),
    )
    .returning(_c.message_id)
)


async def insert(connection: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> bool:
    """Write new rows; False when any of them was there before, which stays as it is."""
    statement = new_rows(connection, notifications)
    if connection.dialect.name == "sqlite":
        return (await connection.execute(statement, rows)).rowcount == len(rows)
    # Whose driver counts none of several, and hears of all of them at once.
    return len((await connection.execute(statement.returning(_c.message_id), rows)).all()) == len(rows)


async def by_id(connection: AsyncConnection, message_id: str) -> Notification | None:
    """One row, or None."""
    row = (await connection.execute(_BY_ID, {"message_id": message_id})).one_or_none()
    return None if row is None else Notification(*row)


async def of_order(connection: AsyncConnection, order_id: str) -> list[Notification]:
    """All rows of an order, oldest first."""
    return [Notification(*row) for row in await connection.execute(_OF_ORDER, {"order_id": order_id})]


async def unsettled(
    connection: AsyncConnection, before: datetime, limit: int, after: tuple[datetime, str]
) -> list[Notification]:
    """Rows that nothing was written to since ``before`` although they are not settled, oldest first."""
    at, message_id = after
    values = {"before": before, "limit": limit, "at": at, "after": message_id}
    return [Notification(*row) for row in await connection.execute(_UNSETTLED, values)]


async def told_in_last_hour(
    connection: AsyncConnection,
    recipient_id: str,
    channels: Collection[Channel],
    now: datetime,
    but: Collection[str],
) -> dict[Channel, int]:
    """Messages that were sent in the last hour or are on their way, by channel, over all orders.

    ``but``: message ids that do not count.
    """
    rows = await connection.execute(
        _COUNTS,
        {
            "recipient_id": recipient_id,
            "channels": list(channels),
            "now": now,
            "since": now - _HOUR,
            "oldest": now - OLDEST_ON_ITS_WAY,
            "but": list(but),
        },
    )
    return {row.channel: row.messages for row in rows}


async def envelope(connection: AsyncConnection, message_id: str) -> Envelope | None:
    """A row with its recipient and the addresses that work, in one statement, but for Live Activities."""
    rows = (await connection.execute(_ENVELOPE, {"message_id": message_id})).all()
    if not rows:
        return None
    found = _envelope(rows)
    if found.channel is Channel.PUSH and any(
        device.live_activity_token for device in found.recipient.devices
    ):
        activities = await live_activities_of(connection, found.order_id, found.recipient.recipient_id)
        return replace(found, activities=activities)
    return found


async def record(connection: AsyncConnection, message_id: str, attempt: Attempt) -> NotificationStatus:
    """Write an attempt if the row may move that way; the status it then has, by whoever came first."""
    statement = _attempt_that_ends_as(attempt.status)
    moved = (await connection.execute(statement, _attempt(message_id, attempt))).scalar_one_or_none()
    if moved is None:
        moved = (await connection.execute(_STATUS, {"message_id": message_id})).scalar_one_or_none()
    if moved is None:
        raise LookupError(f"no notification {message_id}")
    return NotificationStatus(moved)


async def record_receipt(
    connection: AsyncConnection, receipt: Receipt, now: datetime
) -> NotificationStatus | None:
    """Move a row forward by what its provider told us; the status it then has, None for an unknown id."""
    new, at = _RECEIPTS[receipt.state], receipt.at or now
    is_failure = new is _N.FAILED
    values = {
        "which": receipt.message_id,
        "new": new,
        "why": (receipt.code or receipt.state) if is_failure else None,
        "at": at,
        "delivered": None if is_failure else at,
        "may_come_from": list(MAY_COME_FROM[new]),
    }
    await connection.execute(_RECEIPT, values)
    return (await connection.execute(_STATUS, {"message_id": receipt.message_id})).scalar_one_or_none()


async def record_reading(connection: AsyncConnection, recipient_id: str, since: int, now: datetime) -> None:
    """Move everything forward that was read in an inbox since a change of it."""
    may_come_from = list(MAY_COME_FROM[_N.READ])
    values = {"recipient": recipient_id, "since": since, "at": now, "may_come_from": may_come_from}
    await connection.execute(_READ_IN_INBOX, values)


async def settle(connection: AsyncConnection, request: Settle, now: datetime) -> None:
    """Close rows that did not leave. What has left since is not ours to close."""
    values = {
        "which": list(request.message_ids),
        "new": request.status,
        "why": request.reason,
        "by": request.superseded_by,
        "at": now,
        "may_come_from": list(MAY_COME_FROM[request.status] & UNSETTLED),
    }
    await connection.execute(_SETTLE, values)


async def reopen(
    connection: AsyncConnection, message_id: str, path: Sequence[Status], redrive: str, at: datetime
) -> bool:
    """Let a failed row begin again, as a redrive wants it; False where none has failed."""
    values = {
        "which": message_id,
        "path": path,
        "by": redrive,
        "at": at,
        "may_come_from": list(MAY_BE_REOPENED | UNSETTLED),
    }
    return (await connection.execute(_REOPEN, values)).first() is not None


def _attempt(message_id: str, attempt: Attempt) -> dict[str, object]:
    is_failure = attempt.failures > 0 and attempt.status is not _N.SENT
    return {
        "which": message_id,
        "why": attempt.reason,
        "failures": attempt.failures,
        "by": attempt.provider,
        "reference": attempt.reference,
        "at": attempt.at,
        "sent": attempt.at if attempt.status is _N.SENT else None,
        "delivered": attempt.at if attempt.status is _N.DELIVERED else None,
        "failing": attempt.at if is_failure else None,
        "in_doubt": attempt.is_in_doubt,
    }


def _envelope(rows: Sequence[AnyRow]) -> Envelope:
    row = rows[0]
    return Envelope(
        message_id=row.message_id,
        order_id=row.order_id,
        recipient=recipient_from(rows) or unknown_recipient(row.recipient_id, row.role),
        role=Role(row.role),
        channel=row.channel,
        path=row.statuses,
        facts=row.facts,
        priority=row.priority,
        deadline=row.deadline,
        status=row.status,
        reason=row.reason,
        provider=row.provider,
        failures=row.retry_count,
        first_failed_at=row.failing_since,
        is_in_doubt=row.is_in_doubt,
        variant=row.variant,
        news_at=None if row.redriven_by else row.newest_at,
    )
