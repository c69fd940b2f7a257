"""Dead letters: what a person has to decide on, until somebody has."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.recipients import AnyRow
from activities.store.tables import dead_letters
from domain.redriving import reason_group
from domain.telling import DeadLetter


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter as it is kept: in which group, and what was decided, if anybody has."""

    letter: DeadLetter
    group: str
    resolved_at: datetime | None
    resolution: str | None


BEGINNING = (datetime.min.replace(tzinfo=UTC), "")

_c = dead_letters.c
_IN_GROUP = or_(bindparam("any_group"), _c.reason_group == bindparam("reason_group"))
_AFTER = and_(
    _c.created_at >= bindparam("at"),
    or_(_c.created_at > bindparam("at"), _c.dead_letter_id > bindparam("after")),
)
_WAITING = (
    select(dead_letters)
    .where(_c.resolved_at.is_(None), _IN_GROUP, _AFTER)
    .order_by(_c.created_at, _c.dead_letter_id)
    .limit(bindparam("limit"))
)
_GROUPS = (
    select(_c.reason_group, func.count().label("letters"))
    .where(_c.resolved_at.is_(None))
    .group_by(_c.reason_group)
    .order_by(func.count().desc(), _c.reason_group)
)
_OF_ORDER = (
    select(dead_letters)
    .where(_c.order_id == bindparam("order_id"))
    .order_by(_c.created_at, _c.dead_letter_id)
    .limit(bindparam("limit"))
)
_BY_ID = select(dead_letters).where(_c.dead_letter_id == bindparam("which"))
_OPEN = update(dead_letters).where(_c.dead_letter_id == bindparam("which"), _c.resolved_at.is_(None))
_RESOLVE = _OPEN.values(resolved_at=bindparam("at"), resolution=bindparam("how")).returning(_c.dead_letter_id)
_GIVE_REASON = _OPEN.values(reason=bindparam("why"), reason_group=bindparam("group"))


async def keep(connection: AsyncConnection, letter: DeadLetter) -> None:
    """Keep a letter; one that was kept before stays as it was, resolved or not."""
    content = letter.content and letter.content.model_dump(mode="json", exclude_defaults=True)
    row = letter.model_dump(exclude={"at", "content"})
    row |= {"created_at": letter.at, "content": content, "reason_group": reason_group(letter)}
    await connection.execute(new_rows(connection, dead_letters), row)


async def waiting(
    connection: AsyncConnection,
    limit: int,
    group: str | None = None,
    after: tuple[datetime, str] = BEGINNING,
) -> tuple[KeptLetter, ...]:
    """Letters that nobody decided on yet, oldest first, of one group or of all."""
    asked = {"limit": limit, "any_group": group is None, "reason_group": group or ""}
    asked |= {"at": after[0], "after": after[1]}
    return tuple(_kept(row) for row in await connection.execute(_WAITING, asked))


async def of_order(connection: AsyncConnection, order_id: str, limit: int) -> tuple[KeptLetter, ...]:
    """The letters of an order, decided on or not, oldest first."""
    asked = {"order_id": order_id, "limit": limit}
    return tuple(_kept(row) for row in await connection.execute(_OF_ORDER, asked))


async def groups(connection: AsyncConnection) -> dict[str, int]:
    """How many letters wait in each group, the most first."""
    return {row.reason_group: row.letters for row in await connection.execute(_GROUPS)}


async def by_id(connection: AsyncConnection, dead_letter_id: str) -> KeptLetter | None:
    """One letter, decided on or not."""
    row = (await connection.execute(_BY_ID, {"which": dead_letter_id})).one_or_none()
    return None if row is None else _kept(row)


async def resolve(connection: AsyncConnection, dead_letter_id: str, resolution: str, at: datetime) -> bool:
    """Note what was decided; False when somebody else had already, or there is no such letter."""
    values = {"which": dead_letter_id, "how": resolution, "at": at}
    return (await connection.execute(_RESOLVE, values)).first() is not None


async def give_reason(connection: AsyncConnection, letter: DeadLetter) -> None:
    """Let a letter that was redriven in vain wait for the reasons of now."""
    values = {"which": letter.dead_letter_id, "why": letter.reason, "group": reason_group(letter)}
    await connection.execute(_GIVE_REASON, values)


def _kept(row: AnyRow) -> KeptLetter:
    letter = DeadLetter.model_validate({**row._mapping, "at": row.created_at})
    return KeptLetter(letter, row.reason_group, row.resolved_at, row.resolution)
