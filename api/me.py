"""The door for recipients themselves and their apps, by tokens: no path has an id, so each sees their own."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from activities.store.people import People
from api.answers import problems
from api.callers import Callers
from api.personal import called, changed, known, posted, private, read
from api.persons import Me, Wishes
from domain.consents import RECIPIENT
from domain.editing import Edit, NamedDevice, NewGrid, OwnWishes, adding, choosing, removing
from domain.recipients import Device, Recipient

ME, PREFERENCES, DEVICES = "/v1/me", "/v1/me/preferences", "/v1/me/devices"


class MeDoor:
    """Shows recipients what we know of them, and takes what they want."""

    def __init__(self, people: People, callers: Callers) -> None:
        self._people = people
        self._let_in = callers.recipient()

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Me"], dependencies=[Depends(private), Depends(self._let_in)])
        shown = problems(401, 404, 503)
        options: dict[str, Any] = {"responses": problems(400, 401, 404, 408, 413, 415, 422, 503)}
        router.get(ME, responses=shown, operation_id="show_me")(self.show)
        router.patch(ME, operation_id="change_me", openapi_extra=posted(OwnWishes), **options)(self.change)
        router.get(PREFERENCES, operation_id="show_my_preferences", responses=shown)(self.wishes)
        options["openapi_extra"] = posted(NewGrid)
        router.put(PREFERENCES, operation_id="choose_my_preferences", **options)(self.choose)
        options["openapi_extra"] = posted(Device)
        router.put(DEVICES, operation_id="add_my_device", **options)(self.add_device)
        options["openapi_extra"] = posted(NamedDevice)
        router.delete(DEVICES, operation_id="remove_my_device", **options)(self.remove_device)
        return router

    async def show(self, request: Request) -> Me:
        """What we know of you. Addresses are masked."""
        return Me.of(await self._who(request))

    async def change(self, request: Request) -> Me:
        """Change your language, time zone or quiet hours; what is left out stays."""
        wishes = await read(request, OwnWishes)
        return Me.of(await self._changed(request, wishes.applied_to))

    async def wishes(self, request: Request) -> Wishes:
        """What you chose, and what that comes to."""
        return Wishes.of(await self._who(request))

    async def choose(self, request: Request) -> Wishes:
        """Replace what you chose; what is left out takes the default."""
        grid = (await read(request, NewGrid)).preferences
        return Wishes.of(await self._changed(request, choosing(grid)))

    async def add_device(self, request: Request) -> Me:
        """Send push notifications to a device of yours, too."""
        device = await read(request, Device)
        return Me.of(await self._changed(request, adding(device), registers=device))

    async def remove_device(self, request: Request) -> Me:
        """Send no more push notifications to a device. One that is not there is no problem."""
        named = await read(request, NamedDevice)
        return Me.of(await self._changed(request, removing(named)))

    async def _who(self, request: Request) -> Recipient:
        return known(await self._people.find(await self._let_in(request, None)))

    async def _changed(self, request: Request, edit: Edit, registers: Device | None = None) -> Recipient:
        recipient_id, by = await self._let_in(request, None), called(request, RECIPIENT)
        return await changed(self._people, recipient_id, edit, by, registers=registers)
