"""The ledger: writes its rows, moves them forward and reads them. ``domain.ledger`` says what is allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.columns import moment
from activities.store.inserting import new_rows
from activities.store.tables import inbox, notifications
from domain.channels import Channel
from domain.ledger import MAY_BE_REOPENED, MAY_COME_FROM, UNSETTLED, NotificationStatus
from domain.orders import Fact, Receipt
from domain.status import Role, Status
from domain.telling import Settle, Verdict

_N = NotificationStatus
_RECEIPTS = {"delivered": _N.DELIVERED, "read": _N.READ, "undelivered": _N.FAILED, "bounced": _N.FAILED}


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

# Every statement that moves rows is made from this: no move without its condition.
_MOVE = update(notifications).where(_c.status.in_(bindparam("may_come_from", expanding=True)))
_RECEIPT = _MOVE.where(_c.message_id == bindparam("which")).values(
    status=bindparam("new"),
    reason=bindparam("why"),
    updated_at=bindparam("at"),
    delivered_at=func.coalesce(_c.delivered_at, moment("delivered")),
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


async def status_of(connection: AsyncConnection, message_id: str) -> NotificationStatus | None:
    """The status of one row, or None where there is none."""
    return (await connection.execute(_STATUS, {"message_id": message_id})).scalar_one_or_none()


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
    return await status_of(connection, receipt.message_id)


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
