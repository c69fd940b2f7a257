"""Where recipients say what they want to get: by one click in their mail program (RFC 8058), or on a page.

A link is all it takes: no login, no cookie. A GET changes nothing, since programs follow links too.
It is answered in the recipient's language; where we do not know whose link it is, in the browser's.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from activities.store.errors import StoreUnavailable
from activities.wording import FluentWording
from api.answers import problems
from api.choices import CHOICES, EVERYTHING, NOTHING, RECORDS, ChoicesPage
from api.languages import accepted
from api.reading import FORM, MULTIPART, Form, read_form
from api.rendering import Pages
from domain.channels import Channel
from domain.links import SignedLinks
from domain.recipients import OptOut, Recipient

log = logging.getLogger(__name__)

PREFERENCES = "/preferences/{token}"
ONE_CLICK = ("List-Unsubscribe", "One-Click")
# A device has no address of its own that its owner could opt out of by a link.
_CHANNELS = (Channel.EMAIL, Channel.SMS)
_COVERS: Mapping[str, OptOut | None] = {
    EVERYTHING: None,
    RECORDS: OptOut.OPTIONAL,
    NOTHING: OptOut.EVERYTHING,
}
_CHOICES = {covers: choice for choice, covers in _COVERS.items()}


class OptOuts(Protocol):
    """The store, as far as wishes need it."""

    async def find(self, recipient_id: str) -> Recipient | None: ...  # noqa: D102 as the store says

    async def address_of(self, recipient_id: str, channel: Channel) -> str | None: ...  # noqa: D102

    async def opted_out_of(self, channel: Channel, value: str) -> OptOut | None: ...  # noqa: D102

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, source: str) -> None: ...  # noqa: D102

    async def opt_in(self, channel: Channel, value: str, source: str) -> None: ...  # noqa: D102


class PreferencesDoor:
    """Shows and takes what recipients want."""

    def __init__(self, store: OptOuts, links: SignedLinks, wording: FluentWording, pages: Pages) -> None:
        self._store, self._links, self._wording, self._pages = store, links, wording, pages

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Recipients"], default_response_class=HTMLResponse)
        shown, link = _pages(404, 503), {"parameters": [_TOKEN, _LANGUAGES]}
        router.get(PREFERENCES, responses=shown, openapi_extra=link)(self.show)
        router.head(PREFERENCES, responses=shown, openapi_extra=link, operation_id="look_at_preferences")(
            self.show
        )
        router.post(
            PREFERENCES,
            responses={**problems(400, 408, 413, 415), **_pages(404, 422, 503)},
            openapi_extra={"parameters": [_TOKEN, _LANGUAGES], "requestBody": _BODY},
        )(self.change)
        return router

    async def show(self, request: Request) -> HTMLResponse:
        """Show what somebody gets, and what they can choose."""
        return await self._answer(request, None)

    async def change(self, request: Request) -> HTMLResponse:
        """Take one click, or what was chosen on the page."""
        return await self._answer(request, await read_form(request))

    async def _answer(self, request: Request, form: Form | None) -> HTMLResponse:
        found = self._links.read_preferences(request.path_params["token"])
        if found is None or found[1] not in _CHANNELS:
            return self._in(_read_by(request)).unknown()
        choice = None if form is None else _choice(form)
        try:
            page = self._in(await self._languages_of(found[0], request))
            if form is not None and choice is None:
                return page.unclear()
            return await self._choices(page, *found, choice)
        except StoreUnavailable:
            return self._in(_read_by(request)).later()

    def _in(self, languages: Sequence[str]) -> ChoicesPage:
        return ChoicesPage(self._pages, self._wording.phrases(*languages))

    async def _languages_of(self, recipient_id: str, request: Request) -> Sequence[str]:
        """The language that somebody's messages are in, so that the page goes on in it."""
        recipient = await self._store.find(recipient_id)
        return [recipient.locale] if recipient else _read_by(request)

    async def _choices(
        self, page: ChoicesPage, recipient_id: str, channel: Channel, choice: str | None
    ) -> HTMLResponse:
        address = await self._store.address_of(recipient_id, channel)
        if address is None:
            return page.no_address()
        now = _CHOICES[await self._store.opted_out_of(channel, address)]
        if choice is None:
            return page.choices(channel, now)
        if choice == ONE_CLICK[1]:
            # Somebody who wanted nothing at all is not given more by clicking once again.
            choice = NOTHING if now == NOTHING else RECORDS
            source = "one-click"
        else:
            source = "preference page"
        if choice != now:
            await self._choose(channel, address, choice, source)
        log.info("%s: %s wants %s (%s)", channel, recipient_id, choice, source)
        return page.choices(channel, choice, saved=True)

    async def _choose(self, channel: Channel, address: str, choice: str, source: str) -> None:
        covers = _COVERS[choice]
        if covers is None:
            await self._store.opt_in(channel, address, source)
        else:
            await self._store.opt_out(channel, address, covers, source)


def _read_by(request: Request) -> Sequence[str]:
    return accepted(request.headers.get("accept-language", ""))


def _choice(form: Form) -> str | None:
    """The one thing that was chosen; None for nothing, for several, and for what is no choice."""
    if ONE_CLICK in form:
        return ONE_CLICK[1]
    chosen = [value for name, value in form if name == "choice"]
    return chosen[0] if len(chosen) == 1 and chosen[0] in _COVERS else None


def _pages(*codes: int) -> dict[int | str, dict[str, Any]]:
    descriptions = {
        404: "No link of ours: a page that says so",
        422: "No choice in the form: a page that says so",
        503: "The store is away: a page that says so",
    }
    return {
        code: {"description": descriptions[code], "content": {"text/html": {"schema": {"type": "string"}}}}
        for code in codes
    }


_TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "As signed into the link of a message",
    "schema": {"type": "string", "minLength": 1},
    "example": "WyJjLTQyIiwiZW1haWwiXQ.signature",
}
_LANGUAGES = {
    "name": "Accept-Language",
    "in": "header",
    "description": "What the browser's owner reads, for a link of somebody we do not know",
    "schema": {"type": "string"},
    "example": "fr-CH, fr;q=0.9, en;q=0.8",
}
_FIELDS = {
    "type": "object",
    "properties": {
        "List-Unsubscribe": {"type": "string", "enum": ["One-Click"]},
        "choice": {"type": "string", "enum": list(CHOICES)},
    },
    "minProperties": 1,
}
_BODY = {
    "required": True,
    "content": {
        FORM: {
            "schema": _FIELDS,
            "examples": {
                "one click": {"value": {"List-Unsubscribe": "One-Click"}},
                "the page": {"value": {"choice": "records"}},
            },
        },
        MULTIPART: {"schema": _FIELDS, "example": {"List-Unsubscribe": "One-Click"}},
    },
}
