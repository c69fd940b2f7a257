"""Where recipients say what they want to get: by one click in their mail program (RFC 8058), or on a page.

A link is all it takes: no login, no cookie. A GET changes nothing, since programs follow links too.
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from activities.store.errors import StoreUnavailable
from api import pages
from api.answers import problems
from api.reading import FORM, MULTIPART, Form, read_form
from domain.channels import Channel
from domain.links import SignedLinks
from domain.recipients import OptOut

log = logging.getLogger(__name__)

PREFERENCES = "/preferences/{token}"
ONE_CLICK = ("List-Unsubscribe", "One-Click")
# A device has no address of its own that its owner could opt out of by a link.
_CHANNELS = (Channel.EMAIL, Channel.SMS)
_COVERS: Mapping[str, OptOut | None] = {
    pages.EVERYTHING: None,
    pages.RECORDS: OptOut.OPTIONAL,
    pages.NOTHING: OptOut.EVERYTHING,
}
_CHOICES = {covers: choice for choice, covers in _COVERS.items()}


class OptOuts(Protocol):
    """The store, as far as wishes need it."""

    async def address_of(self, recipient_id: str, channel: Channel) -> str | None: ...  # noqa: D102 as the store says

    async def opted_out_of(self, channel: Channel, value: str) -> OptOut | None: ...  # noqa: D102

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, source: str) -> None: ...  # noqa: D102

    async def opt_in(self, channel: Channel, value: str, source: str) -> None: ...  # noqa: D102


class PreferencesDoor:
    """Shows and takes what recipients want."""

    def __init__(self, store: OptOuts, links: SignedLinks) -> None:
        self._store, self._links = store, links

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Recipients"], default_response_class=HTMLResponse)
        shown, link = _pages(404, 503), {"parameters": [_TOKEN]}
        router.get(PREFERENCES, responses=shown, openapi_extra=link)(self.show)
        router.head(PREFERENCES, responses=shown, openapi_extra=link, operation_id="look_at_preferences")(
            self.show
        )
        router.post(
            PREFERENCES,
            responses={**problems(400, 408, 413, 415), **_pages(404, 422, 503)},
            openapi_extra={"parameters": [_TOKEN], "requestBody": _BODY},
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
            return pages.unknown()
        choice = None if form is None else _choice(form)
        if form is not None and choice is None:
            return pages.unclear()
        try:
            return await self._page(*found, choice)
        except StoreUnavailable:
            return pages.later()

    async def _page(self, recipient_id: str, channel: Channel, choice: str | None) -> HTMLResponse:
        address = await self._store.address_of(recipient_id, channel)
        if address is None:
            return pages.no_address()
        now = _CHOICES[await self._store.opted_out_of(channel, address)]
        if choice is None:
            return pages.choices(channel, now)
        if choice == ONE_CLICK[1]:
            # Somebody who wanted nothing at all is not given more by clicking once again.
            choice = pages.NOTHING if now == pages.NOTHING else pages.RECORDS
            source = "one-click"
        else:
            source = "preference page"
        if choice != now:
            await self._choose(channel, address, choice, source)
        log.info("%s: %s wants %s (%s)", channel, recipient_id, choice, source)
        return pages.choices(channel, choice, saved=True)

    async def _choose(self, channel: Channel, address: str, choice: str, source: str) -> None:
        covers = _COVERS[choice]
        if covers is None:
            await self._store.opt_in(channel, address, source)
        else:
            await self._store.opt_out(channel, address, covers, source)


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
_FIELDS = {
    "type": "object",
    "properties": {
        "List-Unsubscribe": {"type": "string", "enum": ["One-Click"]},
        "choice": {"type": "string", "enum": list(_COVERS)},
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
