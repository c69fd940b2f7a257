"""The door for those who look after recipients, by keys: load, look at, change and erase them."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request

from activities.store.people import People
from api.answers import problems, unusable
from api.callers import Callers
from api.personal import RecipientId, called, changed, checked, inlined, known, posted, private, read
from api.persons import ConsentPage, Entrance, Erased, Loaded, Wishes
from api.reading import JSON, json_list, json_object, read_body
from domain.callers import Scope
from domain.consents import By, Consent
from domain.editing import NamedDevice, NewGrid, adding, choosing, patching, removing
from domain.links import RECIPIENT_SECONDS, SignedLinks
from domain.orders import BadInput
from domain.recipients import Device, Recipient, check_recipients

RECIPIENTS = "/v1/recipients"
RECIPIENT = f"{RECIPIENTS}/{{recipient_id}}"
PREFERENCES, DEVICES = f"{RECIPIENT}/preferences", f"{RECIPIENT}/devices"
MOST_ROWS = 500
MERGE_PATCH = "application/merge-patch+json"
_After = Annotated[int, Query(ge=0, le=2**62, description="The `next` of the page before")]
_Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows at most")]


class Consents(Protocol):
    """The consent ledger, as far as it is shown."""

    async def about(  # noqa: D102 as the store says
        self, recipient_id: str, after: int = 0, limit: int = 100
    ) -> tuple[Consent, ...]: ...


class RecipientsDoor:
    """Takes and shows recipients."""

    def __init__(self, people: People, consents: Consents, links: SignedLinks, callers: Callers) -> None:
        self._people, self._consents, self._links = people, consents, links
        self._reads = callers.with_scope(Scope.READ_RECIPIENTS)
        self._writes = callers.with_scope(Scope.WRITE_RECIPIENTS)

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Recipients"], dependencies=[Depends(private)])
        self._offer_reading(router)
        self._offer_writing(router)
        return router

    def _offer_reading(self, router: APIRouter) -> None:
        options: dict[str, Any] = {
            "dependencies": [Depends(self._reads)],
            "responses": problems(401, 403, 404, 422, 503),
            "response_model_exclude_none": True,
        }
        router.get(RECIPIENT, **options)(self.show)
        router.get(PREFERENCES, operation_id="show_preferences", **options)(self.wishes)
        options.update(responses=problems(401, 403, 422, 503), response_model_exclude_none=False)
        router.get(f"{RECIPIENT}/consents", **options)(self.consents)

    def _offer_writing(self, router: APIRouter) -> None:
        options: dict[str, Any] = {
            "dependencies": [Depends(self._writes)],
            "responses": problems(401, 403, 422, 503),
            "response_model_exclude_none": True,
        }
        router.delete(RECIPIENT, **options)(self.erase)
        router.post(f"{RECIPIENT}/token", **options)(self.entrance)
        options["responses"] = problems(400, 401, 403, 408, 413, 415, 422, 503)
        router.put(RECIPIENTS, openapi_extra=_MANY, **options)(self.load)
        router.put(RECIPIENT, openapi_extra=posted(Recipient, needs=["role"]), **options)(self.put)
        options["responses"] = problems(400, 401, 403, 404, 408, 413, 415, 422, 503)
        router.patch(RECIPIENT, openapi_extra=_PATCH, **options)(self.patch)
        router.put(PREFERENCES, openapi_extra=posted(NewGrid), **options)(self.choose)
        router.put(DEVICES, openapi_extra=posted(Device), **options)(self.add_device)
        router.delete(DEVICES, openapi_extra=posted(NamedDevice), **options)(self.remove_device)

    async def load(self, request: Request) -> Loaded:
        """Load a list of recipients: new ones are added, known ones replaced. All of it or nothing."""
        by = await self._by(request)
        try:
            people = check_recipients(json_list(await read_body(request, JSON)))
        except BadInput as wrong:
            raise unusable(wrong.field, wrong.problem) from None
        await self._people.load(people, by)
        return Loaded(loaded=len(people))

    async def show(self, recipient_id: RecipientId) -> Recipient:
        """A recipient in the form in which they are loaded, with the addresses that work."""
        return known(await self._people.find(recipient_id))

    async def put(self, request: Request, recipient_id: RecipientId) -> Recipient:
        """Load one recipient: what they had before is replaced. The id may be left out of the body."""
        by = await self._by(request)
        raw = json_object(await read_body(request, JSON))
        if raw.setdefault("recipient_id", recipient_id) != recipient_id:
            raise unusable("recipient_id", "is another one than in the path, leave it out")
        await self._people.load([checked(Recipient, raw)], by)
        return known(await self._people.find(recipient_id))

    async def patch(self, request: Request, recipient_id: RecipientId) -> Recipient:
        """Change some of a recipient, by a JSON merge patch (RFC 7396): null takes away."""
        by = await self._by(request)
        patch = json_object(await read_body(request, JSON, MERGE_PATCH))
        return await changed(self._people, recipient_id, patching(patch), by)

    async def erase(self, request: Request, recipient_id: RecipientId) -> Erased:
        """Erase a recipient's contact details and preferences. Says what is kept."""
        erased = await self._people.erase(recipient_id, await self._by(request))
        return Erased(recipient_id=recipient_id, erased=erased)

    async def wishes(self, recipient_id: RecipientId) -> Wishes:
        """What a recipient chose, and what that comes to."""
        return Wishes.of(known(await self._people.find(recipient_id)))

    async def choose(self, request: Request, recipient_id: RecipientId) -> Wishes:
        """Replace a recipient's preferences; what is left out takes the default of the role."""
        by = await self._by(request)
        grid = (await read(request, NewGrid)).preferences
        return Wishes.of(await changed(self._people, recipient_id, choosing(grid), by))

    async def add_device(self, request: Request, recipient_id: RecipientId) -> Recipient:
        """Add a device, or replace what was said of the same one."""
        by, device = await self._by(request), await read(request, Device)
        return await changed(self._people, recipient_id, adding(device), by, registers=device)

    async def remove_device(self, request: Request, recipient_id: RecipientId) -> Recipient:
        """Remove a device, by its token or fid. One that is not there is no problem."""
        by, named = await self._by(request), await read(request, NamedDevice)
        return await changed(self._people, recipient_id, removing(named), by)

    async def entrance(self, recipient_id: RecipientId) -> Entrance:
        """Make a token that lets one recipient in to their own inbox and preferences, for an hour.

        Also for somebody whom nobody loaded: they have an inbox as well.
        """
        token = self._links.recipient_token(recipient_id)
        url = f"{self._links.public_url}/enter/{token}"
        return Entrance(token=token, expires_in=RECIPIENT_SECONDS, url=url)

    async def consents(
        self, recipient_id: RecipientId, after: _After = 0, limit: _Limit = 100
    ) -> ConsentPage:
        """Every change of what a recipient gets, or where: who made it, when, and by what."""
        return ConsentPage.of(await self._consents.about(recipient_id, after, limit + 1), limit)

    async def _by(self, request: Request) -> By:
        return called(request, (await self._writes(request, None)).name)


_MANY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {"type": "array", "items": inlined(Recipient)},
                "example": [inlined(Recipient)["examples"][0]],
            }
        },
    }
}
_PATCHED = {
    "schema": {"type": "object", "description": "What is to change of a recipient; null takes away"},
    "example": {"phone": None, "preferences": {"PREPARING": {"push": "off"}}},
}
_PATCH = {"requestBody": {"required": True, "content": {JSON: _PATCHED, MERGE_PATCH: _PATCHED}}}
