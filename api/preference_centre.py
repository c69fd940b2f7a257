"""The preference centre: the page where recipients who signed in choose what they hear of, and where."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from activities.store.errors import StoreUnavailable
from activities.store.people import People
from activities.wording import FluentWording
from api.answers import problems
from api.callers import Callers
from api.centre import Centre, Hours, Unclear, hours_in, is_clear, may_be_taken_back, wanted
from api.languages import spoken
from api.reading import FORM, MULTIPART, Form, read_form
from api.rendering import HEADERS, Pages
from domain.consents import RECIPIENT, By
from domain.editing import Edit, choosing
from domain.links import SignedLinks
from domain.recipients import Recipient
from domain.wishes import keyed

CENTRE = "/preferences"
SAID = ("saved", "usual", "removed", "again")
_BY = By(RECIPIENT, "preference centre")


class PreferenceCentre:
    """Shows recipients what they get, and takes what they choose."""

    def __init__(
        self, people: People, links: SignedLinks, callers: Callers, wording: FluentWording, pages: Pages
    ) -> None:
        self._people, self._callers, self._wording, self._pages = people, callers, wording, pages
        # Names devices on the page: good for as long as links are.
        self._secret = links.secrets[0]

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Me"], default_response_class=HTMLResponse)
        router.get(CENTRE, responses=_pages(401, 503), openapi_extra={"parameters": [_SAID]})(self.show)
        router.post(
            CENTRE,
            status_code=303,
            response_class=Response,
            response_description="Done: the page says so",
            responses={**problems(400, 408, 413, 415), **_pages(200, 401, 422, 503)},
            openapi_extra={"requestBody": _BODY},
        )(self.change)
        return router

    async def show(self, request: Request) -> HTMLResponse:
        """Show what somebody gets, where and when, and what they can choose."""
        try:
            said = request.query_params.get("said", "")
            person = await self._reader(request)
            return person if isinstance(person, HTMLResponse) else await self._page(person, said=said)
        except StoreUnavailable:
            return self._only(request, "later", 503)

    async def change(self, request: Request) -> Response:
        """Take what was chosen on the page."""
        form = await read_form(request)
        try:
            person = await self._reader(request)
            return person if isinstance(person, HTMLResponse) else await self._take(person, form)
        except Unclear:
            return self._only(request, "unclear", 422)
        except StoreUnavailable:
            return self._only(request, "later", 503)

    async def _take(self, person: Recipient, form: Form) -> Response:
        given = dict(form)
        match given.get("do"):
            case "save":
                edit, hours = wanted(form, self._wording), hours_in(form)
                if not is_clear(hours):
                    return await self._page(edit(person), hours=hours, status=422)
                return await self._changed(person, edit, "saved")
            case "usual":
                return await self._changed(person, choosing({}), "usual")
            case "remove":
                return await self._changed(person, self._without(given.get("device")), "removed")
            case "again":
                return await self._again(person, given.get("channel"))
        raise Unclear

    async def _changed(self, person: Recipient, edit: Edit, said: str) -> Response:
        await self._people.change(person.recipient_id, edit, _BY)
        return _see(said)

    async def _again(self, person: Recipient, channel: str | None) -> Response:
        """Take back what somebody said of an address."""
        known = await self._people.said_of(person.recipient_id)
        said = next((said for said in known.values() if said.channel == channel), None)
        if said and may_be_taken_back(said):
            await self._people.opt_in(said.channel, said.value, _BY)
        return _see("again")

    def _without(self, key: str | None) -> Edit:
        def edit(person: Recipient) -> Recipient:
            kept = (one for one in person.devices if keyed(self._secret, one.address) != key)
            return person.model_copy(update={"devices": tuple(kept)})

        return edit

    async def _reader(self, request: Request) -> Recipient | HTMLResponse:
        """Who is signed in, or the page that says why there is nothing to choose."""
        recipient_id = self._callers.signed_in_recipient(request)
        if recipient_id is None:
            return self._only(request, "signed-out", 401)
        return await self._people.find(recipient_id) or self._only(request, "nobody", 200)

    async def _page(
        self, person: Recipient, *, said: str = "", hours: Hours | None = None, status: int = 200
    ) -> HTMLResponse:
        words = await self._people.said_of(person.recipient_id)
        values = {
            "centre": Centre(person, words, self._wording, self._secret, hours),
            "said": said if said in SAID else "",
        }
        say = self._wording.phrases(person.locale)
        return self._pages.render("preference_centre.html", say, values, status=status)

    def _only(self, request: Request, why: str, status: int) -> HTMLResponse:
        say = spoken(request, self._wording)
        return self._pages.render("no_preferences.html", say, {"why": why}, status=status)


def _see(said: str) -> Response:
    return RedirectResponse(f"{CENTRE}?said={said}", 303, HEADERS)


def _pages(*codes: int) -> dict[int | str, dict[str, Any]]:
    descriptions = {
        200: "Nobody loaded this recipient: a page that says so",
        401: "Nobody is signed in: a page that says so",
        422: "Not what the page has to choose from: a page that says so",
        503: "The store is away: a page that says so",
    }
    return {
        code: {"description": descriptions[code], "content": {"text/html": {"schema": {"type": "string"}}}}
        for code in codes
    }


_SAID = {
    "name": "said",
    "in": "query",
    "required": False,
    "description": "What was just done, for the page to say",
    "schema": {"type": "string"},
    "example": "saved",
}
_FIELDS = {
    "type": "object",
    "properties": {
        "do": {"type": "string", "enum": ["save", "usual", "remove", "again"]},
        "quiet": {"type": "string", "enum": ["on"]},
        "quiet_from": {"type": "string"},
        "quiet_until": {"type": "string"},
        "time_zone": {"type": "string"},
        "locale": {"type": "string"},
        "device": {"type": "string"},
        "channel": {"type": "string", "enum": ["sms", "email"]},
    },
    "required": ["do"],
    "additionalProperties": {"type": "string"},
}
_EXAMPLE = {"do": "save", "PREPARING.push": "off", "time_zone": "America/New_York"}
_BODY = {
    "required": True,
    "content": {kind: {"schema": _FIELDS, "example": _EXAMPLE} for kind in (FORM, MULTIPART)},
}
