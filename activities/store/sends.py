"""The ledger as a send has it: reads a row with its recipient, and writes what came of an attempt."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from activities.store.columns import is_any_of, moment
from activities.store.live_activities import of_order as live_activities_of
from activities.store.notifications import status_of
from activities.store.recipients import IN_ORDER, PERSON, AnyRow, recipient_from, with_addresses
from activities.store.tables import notifications, recipients
from domain.channels import Channel
from domain.ledger import MAY_COME_FROM, NotificationStatus
from domain.messages import Attempt, Envelope
from domain.recipients import unknown_recipient
from domain.status import Role

_N = NotificationStatus
_c = notifications.c
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
            sent_at=func.coalesce(_c.sent_at, moment("sent")),
            delivered_at=func.coalesce(_c.delivered_at, moment("delivered")),
            failing_since=func.coalesce(_c.failing_since, moment("failing")),
            is_in_doubt=or_(_c.is_in_doubt, bindparam("in_doubt")),
        )
        .returning(_c.status)
    )


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
        moved = await status_of(connection, message_id)
    if moved is None:
        raise LookupError(f"no notification {message_id}")
    return NotificationStatus(moved)


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
