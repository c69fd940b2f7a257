"""Dead letters: what a person has to decide on, until somebody has."""

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.tables import dead_letters
from domain.telling import DeadLetter

_c = dead_letters.c
_WAITING = (
    select(dead_letters).where(_c.resolved_at.is_(None)).order_by(_c.created_at).limit(bindparam("limit"))
)
_RESOLVE = (
    update(dead_letters)
    .where(_c.dead_letter_id == bindparam("which"), _c.resolved_at.is_(None))
    .values(resolved_at=bindparam("at"), resolution=bindparam("how"))
    .returning(_c.dead_letter_id)
)


async def keep(connection: AsyncConnection, letter: DeadLetter) -> None:
    """Keep a letter; one that was kept before stays as it was, resolved or not."""
    row = letter.model_dump(exclude={"at"}) | {"created_at": letter.at}
    await connection.execute(new_rows(connection, dead_letters), row)


async def waiting(connection: AsyncConnection, limit: int) -> tuple[DeadLetter, ...]:
    """Letters that nobody decided on yet, oldest first."""
    rows = (await connection.execute(_WAITING, {"limit": limit})).mappings()
    return tuple(DeadLetter(**{**row, "at": row["created_at"]}) for row in rows)


async def resolve(connection: AsyncConnection, dead_letter_id: str, resolution: str, at: datetime) -> bool:
    """Note what was decided; False when somebody else had already, or there is no such letter."""
    values = {"which": dead_letter_id, "how": resolution, "at": at}
    return (await connection.execute(_RESOLVE, values)).first() is not None
