"""The secrets that our own links are signed with. They live with the data that the links give access to."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.tables import signing_keys

_ALL = select(signing_keys.c.secret).order_by(signing_keys.c.key_id)


async def signing_secrets(connection: AsyncConnection, now: datetime) -> Sequence[str]:
    """All secrets, the one that signs last. The first caller ever makes the first one."""
    found = (await connection.execute(_ALL)).scalars().all()
    if found:
        return found
    first = {"key_id": 1, "secret": secrets.token_urlsafe(32), "created_at": now}
    await connection.execute(new_rows(connection, signing_keys), first)
    return (await connection.execute(_ALL)).scalars().all()
