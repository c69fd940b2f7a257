"""The page with a recipient's orders: cards that move as their orders do, forms that need no scripts."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from activities.store.errors import StoreUnavailable
from activities.store.inboxes import Inboxes
from activities.wording import FluentWording
from activities.wording.phrases import Phrases
from api.callers import Callers
from api.inbox_view import Reader
from api.languages import spoken
from api.rendering import HEADERS, Pages
from domain.inbox import Mark
from domain.links import SignedLinks
from domain.orders import BadInput
from domain.recipients import Recipient, unknown_recipient
from domain.status import Role

ENTER, INBOX, ARCHIVE = "/enter/{token}", "/inbox", "/inbox/archive"
CARDS_ON_A_PAGE = 20
# Where a form leads back to.
_BACK = {Mark.READ: INBOX, Mark.ARCHIVE: INBOX, Mark.UNARCHIVE: ARCHIVE}
_LARGEST = 2**62

Answer = Callable[[Reader], Awaitable[Response]]


class People(Protocol):
    """The store, as far as the page needs it."""

    inboxes: Inboxes

    async def find(self, recipient_id: str) -> Recipient | None: ...  # noqa: D102 as the store says


class InboxPageDoor:
    """Lets recipients in, and shows them their orders."""

    def __init__(
        self, store: People, callers: Callers, links: SignedLinks, wording: FluentWording, pages: Pages
    ) -> None:
        self._store, self._callers, self._links = store, callers, links
        self._wording, self._pages = wording, pages

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Pages"], default_response_class=HTMLResponse)
        token, order, cursor = _path("token", "token"), _path("order_id", "A17"), _CURSOR
        shown, card = _answers(401, 404, 503), f"{INBOX}/cards/{{order_id:path}}"
        router.get(INBOX, responses=shown, openapi_extra=cursor)(self.inbox)
        router.get(ARCHIVE, responses=shown, openapi_extra=cursor, operation_id="inbox_archive")(self.archive)
        router.get(card, responses=shown, openapi_extra=order)(self.card)
        router.get(ENTER, **_leads_on(404), openapi_extra=token)(self.enter)
        router.post(f"{INBOX}/read", **_leads_on(401, 503))(self.read_all)
        for mark in _BACK:
            router.post(
                f"{INBOX}/{mark}/{{order_id:path}}",
                **_leads_on(401, 404, 503),
                operation_id=f"inbox_card_{mark}",
                openapi_extra=order,
            )(self._marking(mark))
        return router

    async def enter(self, request: Request) -> Response:
        """Sign a recipient in by a token of theirs, and show them their orders."""
        recipient_id = self._links.read_recipient_token(request.path_params["token"])
        if recipient_id is None:
            return self._note(spoken(request, self._wording), "inbox-closed", 404)
        answer = _to(INBOX)
        self._callers.keep_recipient(answer, recipient_id)
        return answer

    async def inbox(self, request: Request) -> Response:
        """Show the orders that are not archived."""
        return await self._list(request, archived=False)

    async def archive(self, request: Request) -> Response:
        """Show the orders that are."""
        return await self._list(request, archived=True)

    async def card(self, request: Request) -> Response:
        """One card, for a page that keeps itself up to date."""

        async def answer(reader: Reader) -> Response:
            card = await self._store.inboxes.card(reader.recipient_id, request.path_params["order_id"])
            if card is None:
                return self._note(reader.say, "inbox-no-page", 404)
            view = {"view": reader.view(card)}
            return HTMLResponse(self._pages.part("inbox_card.html", reader.say, view), headers=HEADERS)

        return await self._for_reader(request, answer)

    async def read_all(self, request: Request) -> Response:
        """Mark everything in the inbox as read."""

        async def answer(reader: Reader) -> Response:
            await self._store.inboxes.mark_all(reader.recipient_id, Mark.READ)
            return _to(INBOX)

        return await self._for_reader(request, answer)

    def _marking(self, mark: Mark) -> Callable[..., Awaitable[Response]]:
        async def mark_one(request: Request) -> Response:
            order_id, number = request.path_params["order_id"], _number(request)

            async def answer(reader: Reader) -> Response:
                card = await self._store.inboxes.mark(reader.recipient_id, order_id, mark, number)
                return _to(_BACK[mark]) if card else self._note(reader.say, "inbox-no-page", 404)

            return await self._for_reader(request, answer)

        return mark_one

    async def _list(self, request: Request, *, archived: bool) -> Response:
        cursor = request.query_params.get("cursor")

        async def answer(reader: Reader) -> Response:
            inboxes = self._store.inboxes
            try:
                page = await inboxes.page(
                    reader.recipient_id, cursor, archived=archived, limit=CARDS_ON_A_PAGE
                )
            except BadInput:
                return self._note(reader.say, "inbox-no-page", 404)
            shown = {
                "page": page,
                "views": reader.views(page.cards),
                "counts": await inboxes.counts(reader.recipient_id),
                "archived": archived,
                "is_first": cursor is None,
            }
            return self._pages.render("inbox.html", reader.say, shown)

        return await self._for_reader(request, answer)

    async def _for_reader(self, request: Request, answer: Answer) -> Response:
        say = spoken(request, self._wording)
        recipient_id = self._callers.signed_in_recipient(request)
        if recipient_id is None:
            return self._note(say, "inbox-closed", 401)
        try:
            known = await self._store.find(recipient_id)
            return await answer(
                Reader(known or unknown_recipient(recipient_id, Role.CUSTOMER), self._wording)
            )
        except StoreUnavailable:
            return self._note(say, "inbox-away", 503)

    def _note(self, say: Phrases, what: str, status: int) -> Response:
        return self._pages.render("inbox_note.html", say, {"what": what}, status=status)


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, HEADERS)


def _number(request: Request) -> int | None:
    """The card's number as its reader knew it; one that is none is as good as none."""
    given = request.query_params.get("number", "")
    is_one = given.isascii() and given.isdigit() and len(given) < 20
    return min(int(given), _LARGEST) if is_one else None


def _answers(*codes: int) -> dict[int | str, dict[str, Any]]:
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        code: {"description": f"{HTTPStatus(code).phrase}: a page that says so", "content": page}
        for code in codes
    }


def _leads_on(*codes: int) -> dict[str, Any]:
    return {
        "status_code": 303,
        "response_class": RedirectResponse,
        "response_description": "To the page with the orders",
        "responses": _answers(*codes),
    }


def _path(name: str, example: str) -> dict[str, Any]:
    one = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    return {"parameters": [{**one, "example": example}]}


_CURSOR: dict[str, Any] = {
    "parameters": [
        {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}, "example": "OS4z"}
    ]
}
