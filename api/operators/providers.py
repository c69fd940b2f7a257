"""The page of providers: how each of them is, and overruling its breaker."""

import logging

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from activities.store.store import Store
from api.operations import Because, Operations
from api.operators.desk import Desk
from api.reading import read_form
from domain.breaker import FORCED, Health
from domain.callers import Caller, Scope
from operating import breakers
from operating.breakers import Force

log = logging.getLogger(__name__)

PROVIDERS = "/operators/providers"


class ProviderPages:
    """Lets a person look after providers."""

    def __init__(self, desk: Desk, store: Store, operations: Operations) -> None:
        self._desk, self._store, self._configured = desk, store, operations.providers

    def router(self) -> APIRouter:
        """What they answer to."""
        router = APIRouter()
        router.get(PROVIDERS)(self._desk.opens(Scope.READ_OPERATIONS, self.list))
        router.post(f"{PROVIDERS}/{{name}}/force")(self._desk.opens(Scope.WRITE_OPERATIONS, self.force))
        router.post(f"{PROVIDERS}/{{name}}/release")(self._desk.opens(Scope.WRITE_OPERATIONS, self.release))
        return router

    async def list(self, request: Request, caller: Caller) -> Response:
        """Each provider's breaker, and its calls of the last five minutes."""
        known = await breakers.known(self._store, self._configured)
        changed = known.get(request.query_params.get("changed", ""))
        values = {"healths": list(known.values()), "changed": changed, "forced": FORCED}
        return self._desk.shows("providers", values, caller)

    async def force(self, request: Request, caller: Caller) -> Response:
        """Overrule a breaker until it is released."""
        form = dict(await read_form(request))
        health = await self._one(request)
        if form.get("state") not in set(Force):
            raise HTTPException(422, "Say whether it is to be open or closed.")
        reason = Because(because=form.get("because", "")).written_by(caller)
        state = await breakers.force(self._store, health.provider, Force(form["state"]), reason)
        log.info("%s: %s by %s", health.provider, state, caller.name)
        return self._desk.goes_to(PROVIDERS, changed=health.provider)

    async def release(self, request: Request, caller: Caller) -> Response:
        """Give a forced breaker back to its own judgement."""
        health = await self._one(request)
        await breakers.release(self._store, health, by=caller.name)
        return self._desk.goes_to(PROVIDERS, changed=health.provider)

    async def _one(self, request: Request) -> Health:
        known = await breakers.known(self._store, self._configured)
        if (health := known.get(request.path_params["name"])) is None:
            raise HTTPException(404, "There is no such provider.")
        return health
