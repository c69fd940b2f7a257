"""What waits in the store, as every worker asks every few seconds: two short reads, each by an index."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import dead_letters, notifications


@dataclass(frozen=True, slots=True)
class Standing:
    """Unsettled notifications, when the oldest of them was last written to, and dead letters by source."""

    unsettled: int
    oldest: datetime | None
    dead_letters: Mapping[str, int]


# Spelt as in the partial index, or neither database would use it.
UNSETTLED = select(
    func.count().label("unsettled"), func.min(notifications.c.updated_at).label("oldest")
).where(text("status IN ('PENDING', 'RETRYING')"))
LETTERS = (
    select(dead_letters.c.source, func.count().label("letters"))
    .where(dead_letters.c.resolved_at.is_(None))
    .group_by(dead_letters.c.source)
)


async def standing(connection: AsyncConnection) -> Standing:
    """What waits now."""
    rows = (await connection.execute(UNSETTLED)).one()
    letters = await connection.execute(LETTERS)
    return Standing(rows.unsettled, rows.oldest, {row.source: row.letters for row in letters})
