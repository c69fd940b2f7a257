"""What providers told us later, each of their messages once."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.tables import receipts
from domain.orders import Receipt

_KNOWN = select(receipts.c.receipt_id).where(receipts.c.receipt_id == bindparam("receipt_id"))


async def is_known(connection: AsyncConnection, receipt_id: str) -> bool:
    """Whether this very message of a provider's was taken in before."""
    return (await connection.execute(_KNOWN, {"receipt_id": receipt_id})).first() is not None


async def remember(
    connection: AsyncConnection, receipt_id: str, provider: str, receipt: Receipt, now: datetime
) -> None:
    """Remember a message that was taken in."""
    row = {
        "receipt_id": receipt_id,
        "message_id": receipt.message_id,
        "provider": provider,
        "state": receipt.state,
        "code": receipt.code,
        "at": receipt.at or now,
    }
    await connection.execute(new_rows(connection, receipts), row)
