"""Reads inboxes as cards: one for each order, by page or by what changed, within bounded work."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ARRAY, Row, Select, String, any_, bindparam, case, exists, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.columns import OutsideText
from activities.store.tables import inbox, inbox_heads, notifications
from domain.inbox import Card, CardMessage, Counts

# An order tells a dozen; one that tells thousands is a mistake of somebody's, and shows its newest.
MESSAGES_ON_A_CARD = 50
# People read "99+" as many.
COUNTED_UP_TO = 100
NEWEST = 2**62

_c = inbox.c
_newer = inbox.alias("newer")
_HAS_NEWER = exists(literal(1)).where(
    _newer.c.recipient_id == _c.recipient_id,
    _newer.c.order_id == _c.order_id,
    _newer.c.number > _c.number,
    _newer.c.number <= bindparam("as_of"),
)
# Spelt as in the partial indexes, or neither database would use them.
SHOWN, ARCHIVED = text("inbox.archived_at IS NULL"), text("inbox.archived_at IS NOT NULL")
UNREAD = text("inbox.read_at IS NULL")
# Somebody may ask for an order that no database could know: they are told that there is none.
THAT_ORDER = _c.order_id == bindparam("order", type_=OutsideText())
# The newest message of each order stands for its card.
HEADS = select(_c.order_id, _c.number, _c.change).where(
    _c.recipient_id == bindparam("recipient"), ~_HAS_NEWER
)
_FIRST = HEADS.where(_c.number <= bindparam("upto")).order_by(_c.number.desc()).limit(bindparam("limit"))


def _whole(heads: Select[Any], *, by_change: bool = False) -> Select[Any]:
    """The cards that ``heads`` chooses, with their messages."""
    chosen = heads.subquery("chosen")
    nth = func.row_number().over(partition_by=_c.order_id, order_by=_c.number.desc())
    message = (
        select(
            *(_c[name] for name in CardMessage.__dataclass_fields__ if name != "statuses"),
            notifications.c.statuses,
            notifications.c.role,
            notifications.c.facts,
            _c.order_id,
            (chosen.c.change if by_change else -chosen.c.number).label("place"),
            nth.label("nth"),
        )
        .join(chosen, chosen.c.order_id == _c.order_id)
        .join(notifications, notifications.c.message_id == _c.message_id)
        .where(_c.recipient_id == bindparam("recipient"))
        .subquery("message")
    )
    return (
        select(message)
        .where(message.c.nth <= MESSAGES_ON_A_CARD)
        .order_by(message.c.place, message.c.order_id, message.c.nth)
    )


_PAGE = {False: _whole(_FIRST.where(SHOWN)), True: _whole(_FIRST.where(ARCHIVED))}
_ONE = _whole(HEADS.where(THAT_ORDER))
_CHANGED = _whole(
    HEADS.where(_c.change > bindparam("since")).order_by(_c.change).limit(bindparam("limit")), by_change=True
)
_unread = (
    HEADS.with_only_columns(_c.seen_at)
    .where(UNREAD, SHOWN)
    .order_by(_c.number.desc())
    .limit(COUNTED_UP_TO)
    .subquery("unread")
)
_COUNTS = select(
    func.coalesce(func.sum(case((_unread.c.seen_at.is_(None), 1), else_=0)), 0), func.count()
).select_from(_unread)
_h = inbox_heads.c
_LAST_CHANGES = select(_h.recipient_id, _h.changes)
# Thousands of parameters are what SQLite takes, and what takes PostgreSQL's driver longer than the rest.
_OF_THESE = {
    "sqlite": _LAST_CHANGES.where(_h.recipient_id.in_(bindparam("these", expanding=True))),
    "postgresql": _LAST_CHANGES.where(_h.recipient_id == any_(bindparam("these", type_=ARRAY(String)))),
}


async def page(
    connection: AsyncConnection, recipient_id: str, *, archived: bool, as_of: int, upto: int, limit: int
) -> list[tuple[int, Card]]:
    """So many cards from the place ``upto`` on, newest first, with the places they had ``as_of`` a change."""
    asked = {"recipient": recipient_id, "as_of": as_of, "upto": upto, "limit": limit}
    rows = (await connection.execute(_PAGE[archived], asked)).all()
    places = {row.order_id: -row.place for row in rows}
    return [(places[card.order_id], card) for card in _cards(rows)]


async def one(connection: AsyncConnection, recipient_id: str, order_id: str) -> Card | None:
    """The card of an order, None where the recipient has none."""
    asked = {"recipient": recipient_id, "as_of": NEWEST, "order": order_id}
    return next(iter(_cards(await connection.execute(_ONE, asked))), None)


async def changes_since(
    connection: AsyncConnection, recipient_id: str, change: int, limit: int
) -> Sequence[Card]:
    """Cards that changed since, in the order of their newest change. One statement: one moment."""
    asked = {"recipient": recipient_id, "as_of": NEWEST, "since": change, "limit": limit}
    return _cards(await connection.execute(_CHANGED, asked))


async def counts(connection: AsyncConnection, recipient_id: str) -> Counts:
    """How many cards are unseen and unread, up to :data:`COUNTED_UP_TO`."""
    row = (await connection.execute(_COUNTS, {"recipient": recipient_id, "as_of": NEWEST})).one()
    return Counts(unseen=row[0], unread=row[1])


async def last_changes(connection: AsyncConnection, recipient_ids: Collection[str]) -> Mapping[str, int]:
    """The number of the newest change of each inbox that ever had one."""
    asked = {"these": list(recipient_ids)}
    rows = await connection.execute(_OF_THESE[connection.dialect.name], asked)
    return {row.recipient_id: row.changes for row in rows}


def _cards(rows: Iterable[Row[Any]]) -> list[Card]:
    return [_card(list(group)) for _, group in groupby(rows, attrgetter("order_id"))]


def _card(rows: Sequence[Row[Any]]) -> Card:
    names = CardMessage.__dataclass_fields__
    messages = [CardMessage(**{name: getattr(row, name) for name in names}) for row in rows]
    return Card(rows[0].order_id, rows[0].role, rows[0].facts, messages)
