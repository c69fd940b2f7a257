"""Marks cards of an inbox: each card that a mark changes gets a number of its own, in their order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, TextClause, Update, bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import notifications
from activities.store.inbox import take_turn
from activities.store.inbox_cards import ARCHIVED, HEADS, NEWEST, SHOWN, THAT_ORDER, UNREAD
from activities.store.tables import inbox
from domain.inbox import Mark

Condition = TextClause | ColumnElement[bool]

_c = inbox.c
_AT: BindParameter[datetime] = bindparam("at")
_LACKS: Mapping[Mark, Condition] = {
    Mark.SEEN: _c.seen_at.is_(None),
    Mark.READ: UNREAD,
    Mark.ARCHIVE: SHOWN,
    Mark.UNARCHIVE: ARCHIVED,
}
_SETS: Mapping[Mark, Mapping[str, Any]] = {
    Mark.SEEN: {"seen_at": _AT},
    Mark.READ: {"read_at": _AT, "seen_at": func.coalesce(_c.seen_at, _AT)},
    Mark.ARCHIVE: {"archived_at": _AT},
    Mark.UNARCHIVE: {"archived_at": None},
}
# Not when newer news came meanwhile: nobody can have read that, or mean to put it away.
_THAT_CARD = (THAT_ORDER, _c.number <= bindparam("upto"))


def _statement(mark: Mark, *which: Condition) -> Update:
    """Mark all messages that lack the mark, of those cards of ``which`` whose newest message lacks it."""
    lacks = _LACKS[mark]
    nth = func.row_number().over(order_by=_c.number)
    change = bindparam("before", type_=BigInteger) + nth
    cards = (
        HEADS.with_only_columns(_c.order_id, change.label("change")).where(lacks, *which).subquery("cards")
    )
    return (
        update(inbox)
        .where(_c.recipient_id == bindparam("recipient"), _c.order_id == cards.c.order_id, lacks)
        .values(**_SETS[mark], change=cards.c.change)
        .returning(_c.change)
    )


_MARK_ONE = {mark: _statement(mark, *_THAT_CARD) for mark in Mark}
_MARK_ALL = {mark: _statement(mark, ARCHIVED if mark is Mark.UNARCHIVE else SHOWN) for mark in Mark}


async def put_mark(
    connection: AsyncConnection, recipient_id: str, mark: Mark, now: datetime, card: tuple[str, int] | None
) -> None:
    """Mark a card, given by its order and the newest message that its reader knows of, or all there are."""
    before = await take_turn(connection, recipient_id, 0)
    asked = {"recipient": recipient_id, "before": before, "as_of": NEWEST, "at": now}
    if card is None:
        marked = await connection.execute(_MARK_ALL[mark], asked)
    else:
        order_id, upto = card
        marked = await connection.execute(_MARK_ONE[mark], {**asked, "order": order_id, "upto": upto})
    last = max(marked.scalars(), default=before)
    if last == before:
        return
    await take_turn(connection, recipient_id, last - before)
    if mark is Mark.READ:
        await notifications.record_reading(connection, recipient_id, before, now)
