"""Inboxes as recipients see them: pages of cards, what changed since, counts, and marks on cards."""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from activities.store import inbox_cards, inbox_marks
from activities.store.database import Database
from activities.store.inbox_cards import NEWEST
from domain.inbox import Card, Counts, Mark
from domain.orders import BadInput


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins. ``as_of`` is the change that the walk through the pages began with.

    Cards stay in the places they had then: one that gets news meanwhile is neither missed nor met twice.
    """

    as_of: int
    upto: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read one of ours. Raises BadInput for anything else."""
        try:
            as_of, upto = base64.b64decode(text, b"-_", validate=True).decode("ascii").split(".")
            cursor = cls(int(as_of), int(upto))
        except (binascii.Error, ValueError):
            raise _no_cursor() from None
        if str(cursor) != text or not 0 <= cursor.upto <= cursor.as_of <= NEWEST:
            raise _no_cursor()
        return cursor

    def __str__(self) -> str:
        """As others keep it."""
        return base64.urlsafe_b64encode(f"{self.as_of}.{self.upto}".encode()).decode()


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some cards, and where to go on: None at the end. What changes after ``change`` is not in it."""

    cards: Sequence[Card]
    cursor: str | None
    change: int


class Inboxes:
    """The inboxes in one database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def page(
        self, recipient_id: str, cursor: str | None = None, *, archived: bool = False, limit: int = 20
    ) -> InboxPage:
        """Some cards, newest first: those in the inbox, or those that were put away. Raises BadInput."""
        begins = Cursor.read(cursor) if cursor is not None else None
        async with self._database.reading() as connection:
            changes = await inbox_cards.last_changes(connection, [recipient_id])
            change = changes.get(recipient_id, 0)
            at = begins or Cursor(change, change)
            found = await inbox_cards.page(
                connection, recipient_id, archived=archived, as_of=at.as_of, upto=at.upto, limit=limit + 1
            )
        goes_on = str(Cursor(at.as_of, found[limit][0])) if len(found) > limit else None
        # News may have brought one back since the walk began: it is in the inbox then.
        cards = [card for _, card in found[:limit] if card.is_archived == archived]
        return InboxPage(cards, goes_on, change)

    async def card(self, recipient_id: str, order_id: str) -> Card | None:
        """The card of an order, None where this recipient has none."""
        async with self._database.reading() as connection:
            return await inbox_cards.one(connection, recipient_id, order_id)

    async def counts(self, recipient_id: str) -> Counts:
        """How many cards are unseen and unread, up to ``inbox_cards.COUNTED_UP_TO``."""
        async with self._database.reading() as connection:
            return await inbox_cards.counts(connection, recipient_id)

    async def mark(
        self, recipient_id: str, order_id: str, mark: Mark, number: int | None = None
    ) -> Card | None:
        """Mark a card; answers what it is now, None where this recipient has none of that order.

        ``number``: that of the card as its reader knows it. When newer news came meanwhile, nothing is done.
        """
        card = (order_id, NEWEST if number is None else number)
        async with self._database.transaction() as connection:
            await inbox_marks.put_mark(connection, recipient_id, mark, self._now(), card)
            return await inbox_cards.one(connection, recipient_id, order_id)

    async def mark_all(self, recipient_id: str, mark: Mark) -> Counts:
        """Mark everything in the inbox, or with UNARCHIVE everything that is not; answers what remains."""
        async with self._database.transaction() as connection:
            await inbox_marks.put_mark(connection, recipient_id, mark, self._now(), None)
            return await inbox_cards.counts(connection, recipient_id)

    async def changes_since(self, recipient_id: str, change: int, limit: int = 50) -> Sequence[Card]:
        """Cards that changed since, as they are now, in the order of their newest change.

        Nothing is missed by going on from the last one's: changes are seen in the order of their numbers.
        """
        async with self._database.reading() as connection:
            return await inbox_cards.changes_since(connection, recipient_id, change, limit)

    async def heads(self, recipient_ids: Collection[str]) -> Mapping[str, int]:
        """The number of the newest change of each of these inboxes that ever had one."""
        async with self._database.reading() as connection:
            return await inbox_cards.last_changes(connection, recipient_ids)


def _no_cursor() -> BadInput:
    return BadInput("cursor", "is none of ours, begin without one")
