"""How much somebody was told of late: what caps are counted by."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.columns import is_any_of
from activities.store.tables import notifications
from domain.channels import Channel
from domain.deciding import HOURLY_CAPS
from domain.ledger import TOLD, UNSETTLED, NotificationStatus
from domain.status import STATUS_RULES

ARRIVED_OR_MAY_HAVE = (*TOLD, NotificationStatus.UNKNOWN)
HOUR = timedelta(hours=1)
# Nothing is of use for longer than this: an older row has been sent, if ever, before the last hour.
OLDEST_ON_ITS_WAY = HOUR + max(rule.useful_for for rule in STATUS_RULES.values())

_c = notifications.c
_COUNTS = (
    select(_c.channel, func.count().label("messages"))
    .where(
        _c.recipient_id == bindparam("recipient_id"),
        is_any_of(_c.channel, HOURLY_CAPS),
        _c.created_at > bindparam("oldest"),
        or_(
            and_(is_any_of(_c.status, UNSETTLED), _c.deadline > bindparam("now")),
            and_(
                is_any_of(_c.status, ARRIVED_OR_MAY_HAVE),
                func.coalesce(_c.sent_at, _c.delivered_at, _c.updated_at) > bindparam("since"),
            ),
        ),
        _c.message_id.not_in(bindparam("but", expanding=True)),
    )
    .group_by(_c.channel)
)


async def told_in_last_hour(
    connection: AsyncConnection, recipient_id: str, now: datetime, but: Collection[str]
) -> dict[Channel, int]:
    """Messages that were sent in the last hour or are on their way, by channel, over all orders.

    ``but``: message ids that do not count.
    """
    rows = await connection.execute(
        _COUNTS,
        {
            "recipient_id": recipient_id,
            "now": now,
            "since": now - HOUR,
            "oldest": now - OLDEST_ON_ITS_WAY,
            "but": list(but),
        },
    )
    return {row.channel: row.messages for row in rows}
