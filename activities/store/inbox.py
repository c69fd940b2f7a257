"""The inbox: in-app news in the words it was told in."""

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from activities.store.inserting import added_rows
from activities.store.tables import inbox, inbox_heads
from domain.channels import Channel
from domain.messages import Words
from domain.telling import Batch


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message in a recipient's inbox."""

    message_id: str
    order_id: str
    title: str
    text: str
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None


_PUT = insert(inbox)
_LIST = (
    select(*(inbox.c[field.name] for field in fields(InboxMessage)))
    .where(inbox.c.recipient_id == bindparam("recipient_id"))
    .order_by(inbox.c.number.desc())
    .limit(bindparam("limit"))
)


# Kept: what is made anew is compiled anew, and every batch of news takes its turn.
@cache
def _next_turn(dialect: str) -> ReturningInsert[int]:
    return added_rows(dialect, inbox_heads, "changes").returning(inbox_heads.c.changes)


async def take_turn(connection: AsyncConnection, recipient_id: str, changes: int = 1) -> int:
    """Wait until nobody else tells this recipient anything, until the end of the transaction.

    Answers the number of the next change to their inbox, of the last one of several ``changes``.
    """
    row = {"recipient_id": recipient_id, "changes": changes}
    turn: int = (await connection.execute(_next_turn(connection.dialect.name), row)).scalar_one()
    return turn


async def stand_in_line(connection: AsyncConnection, recipient_id: str) -> None:
    """Wait likewise, for what tells somebody something and changes no inbox."""
    await connection.execute(
        added_rows(connection.dialect.name, inbox_heads, "changes"),
        {"recipient_id": recipient_id, "changes": 0},
    )


async def put(connection: AsyncConnection, batch: Batch, channel: Channel, words: Words, turn: int) -> None:
    """Deliver a message; its row in the ledger is written by the same transaction."""
    row = {
        "message_id": batch.message_id(channel),
        "recipient_id": batch.recipient_id,
        "order_id": batch.order_id,
        "title": words.title,
        "text": words.text,
        "created_at": batch.told_at,
        "number": turn,
        "change": turn,
    }
    await connection.execute(_PUT, row)


async def newest(connection: AsyncConnection, recipient_id: str, limit: int) -> tuple[InboxMessage, ...]:
    """The newest messages of a recipient, newest first."""
    rows = await connection.execute(_LIST, {"recipient_id": recipient_id, "limit": limit})
    return tuple(InboxMessage(*row) for row in rows)
