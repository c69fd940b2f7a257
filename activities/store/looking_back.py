"""Looks back at how things stood when an order was told, for whoever decides on it again; writes nothing."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from activities.store.caps import ARRIVED_OR_MAY_HAVE, HOUR, OLDEST_ON_ITS_WAY
from activities.store.database import Database
from activities.store.recipients import AnyRow
from activities.store.tables import inbox, notifications
from domain.channels import Channel
from domain.deciding import HOURLY_CAPS
from domain.ledger import UNSETTLED
from domain.messages import Words
from domain.telling import Verdict

_c = notifications.c
_KEPT = select(inbox.c.message_id, inbox.c.title, inbox.c.text).where(
    inbox.c.order_id == bindparam("order_id")
)
_MAY_COUNT = select(
    *(_c.message_id, _c.channel, _c.status, _c.deadline, _c.updated_at, _c.sent_at, _c.delivered_at)
).where(
    _c.recipient_id == bindparam("recipient_id"),
    _c.channel.in_(tuple(HOURLY_CAPS)),
    _c.created_at > bindparam("oldest"),
    _c.created_at <= bindparam("at"),
    # What never was to leave counts for nothing, whatever became of its row.
    or_(_c.verdict == Verdict.SEND, _c.redriven_by.is_not(None)),
)


class LookingBack:
    """One database as it was. Nothing is kept of how a row went on its way: only how it began and ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def inbox_words(self, order_id: str) -> Mapping[str, Words]:
        """The words that an order was told in in-app, by message id: the only ones that are kept."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_KEPT, {"order_id": order_id})
            return {row.message_id: Words(row.title, row.text) for row in rows}

    async def told_in_last_hour(
        self, recipient_id: str, at: datetime, but: Collection[str]
    ) -> Mapping[Channel, int]:
        """What counted against the caps at a moment in the past: sent in the hour before, or on its way.

        ``but``: message ids that do not count.
        """
        values = {"recipient_id": recipient_id, "at": at, "oldest": at - OLDEST_ON_ITS_WAY}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_MAY_COUNT, values)).all()
        return Counter(row.channel for row in rows if row.message_id not in but and _counted(row, at))


def _counted(row: AnyRow, at: datetime) -> bool:
    settled = row.sent_at or row.delivered_at or row.updated_at
    if row.status in ARRIVED_OR_MAY_HAVE:
        return bool(settled > at - HOUR)
    is_on_its_way = row.status in UNSETTLED or row.updated_at > at
    return bool(is_on_its_way and row.deadline > at)
