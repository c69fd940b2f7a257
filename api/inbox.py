"""A recipient's own inbox over HTTP: pages of cards, counts, and marks on cards.

Nobody's id is in a path: whose inbox it is, is whose token it is.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request

from activities.store.inboxes import InboxPage
from api.answers import problems, unusable
from api.callers import Callers
from api.cards import Card, Counts, Page
from domain import inbox
from domain.inbox import Mark
from domain.orders import BadInput

INBOX = "/v1/me/inbox"
MOST_CARDS = 100
_DOES = {
    Mark.SEEN: "Note that a card was on a screen",
    Mark.READ: "Note that a card was read, which its notification in the ledger then is, too",
    Mark.ARCHIVE: "Put a card away, until there is news of its order",
    Mark.UNARCHIVE: "Take a card out of the archive",
}

_Cursor = Annotated[str | None, Query(description="As the page before has it", examples=["OS4z"])]
_Limit = Annotated[int, Query(ge=1, le=MOST_CARDS, description="How many cards at most")]
_Archived = Annotated[bool, Query(description="Those that were put away, instead of those that were not")]
_OrderId = Annotated[str, Path(description="The order of a card", examples=["A17"])]
_Number = Annotated[
    int | None,
    Query(
        ge=0,
        le=2**62,
        description="The card's `number` as its reader knows it: with newer news there, nothing is marked",
        examples=[8],
    ),
]


class Inboxes(Protocol):
    """The store's inboxes."""

    async def page(  # noqa: D102 as the store says
        self, recipient_id: str, cursor: str | None = None, *, archived: bool = False, limit: int = 20
    ) -> InboxPage: ...

    async def counts(self, recipient_id: str) -> inbox.Counts: ...  # noqa: D102

    async def mark(  # noqa: D102
        self, recipient_id: str, order_id: str, mark: Mark, number: int | None = None
    ) -> inbox.Card | None: ...

    async def mark_all(self, recipient_id: str, mark: Mark) -> inbox.Counts: ...  # noqa: D102


class InboxDoor:
    """Shows recipients their inbox, and takes their marks."""

    def __init__(self, store: Inboxes, callers: Callers) -> None:
        self._store = store
        self._let_in = callers.recipient()

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Inbox"], dependencies=[Depends(self._let_in)])
        router.get(INBOX, responses=problems(401, 422, 503))(self.page)
        router.get(f"{INBOX}/counts", responses=problems(401, 503))(self.counts)
        for mark, does in _DOES.items():
            router.post(
                f"{INBOX}/{mark}",
                summary=f"{does}: all there are",
                operation_id=f"{mark}_all",
                responses=problems(401, 503),
            )(self._marking_all(mark))
            router.post(
                f"{INBOX}/{{order_id:path}}/{mark}",
                summary=does,
                operation_id=f"{mark}_one",
                responses=problems(401, 404, 422, 503),
            )(self._marking(mark))
        return router

    async def page(
        self, request: Request, cursor: _Cursor = None, limit: _Limit = 20, archived: _Archived = False
    ) -> Page:
        """Some cards, newest first. A walk through the pages meets each once, whatever comes meanwhile."""
        try:
            return Page.of(
                await self._store.page(await self._me(request), cursor, archived=archived, limit=limit)
            )
        except BadInput as wrong:
            raise unusable(wrong.field, wrong.problem) from None

    async def counts(self, request: Request) -> Counts:
        """How many cards nobody saw or read yet, without those that are archived."""
        return Counts.of(await self._store.counts(await self._me(request)))

    def _marking(self, mark: Mark) -> Callable[..., Awaitable[Card]]:
        async def mark_one(request: Request, order_id: _OrderId, number: _Number = None) -> Card:
            """Answers the card as it is now."""
            card = await self._store.mark(await self._me(request), order_id, mark, number)
            if card is None:
                raise HTTPException(404, "no such order in this inbox")
            return Card.of(card)

        return mark_one

    def _marking_all(self, mark: Mark) -> Callable[..., Awaitable[Counts]]:
        async def mark_all(request: Request) -> Counts:
            """Answers what remains. What is archived stays as it is, unless that is what is to change."""
            return Counts.of(await self._store.mark_all(await self._me(request), mark))

        return mark_all

    async def _me(self, request: Request) -> str:
        return await self._let_in(request, None)
