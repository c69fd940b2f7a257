"""Providers by HTTP: how each is, and overruling its breaker, as ``starter.py providers`` does it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from fastapi import APIRouter, Depends, HTTPException, Request

from activities.store.store import Store
from api import operations_examples as examples
from api.answers import problems
from api.callers import Callers
from api.operations import Because, Operations, caller_of, letting_in
from api.operations_examples import answers
from api.taking import body_of, parameter, read_as
from domain.breaker import Health
from domain.callers import Scope
from operating import breakers
from operating.breakers import Force

PROVIDERS = "/v1/providers"


class Forcing(Because):
    """What a breaker is to be, and why."""

    state: Literal["open", "closed"]


class ProvidersDoor:
    """Lets operators' programs look after providers."""

    def __init__(self, store: Store, callers: Callers, operations: Operations) -> None:
        self._store, self._callers, self._configured = store, callers, operations.providers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Operators"])
        reading = [Depends(letting_in(self._callers, Scope.READ_OPERATIONS))]
        writing = [Depends(letting_in(self._callers, Scope.WRITE_OPERATIONS))]
        router.get(
            PROVIDERS, dependencies=reading, responses=answers([examples.HEALTH], problems(401, 403, 503))
        )(self.list)
        router.post(
            f"{PROVIDERS}/{{name}}/force",
            dependencies=writing,
            responses=answers(examples.HEALTH, problems(400, 401, 403, 404, 408, 413, 415, 422, 503)),
            openapi_extra={"parameters": [_NAME], **_FORCING},
        )(self.force)
        router.post(
            f"{PROVIDERS}/{{name}}/release",
            dependencies=writing,
            responses=answers(examples.HEALTH, problems(401, 403, 404, 503)),
            openapi_extra={"parameters": [_NAME]},
        )(self.release)
        return router

    async def list(self) -> Sequence[Health]:
        """Each provider's breaker, since when and why it is so, and its calls of the last five minutes."""
        return list((await self._known()).values())

    async def force(self, request: Request) -> Health:
        """Overrule a breaker until it is released. Workers follow within a second or two."""
        asked = await read_as(Forcing, request)
        health = await self._one(request)
        reason = asked.written_by(caller_of(request))
        await breakers.force(self._store, health.provider, Force(asked.state), reason)
        return await self._one(request)

    async def release(self, request: Request) -> Health:
        """Give a forced breaker back to its own judgement; one that is not forced stays as it is."""
        await breakers.release(self._store, await self._one(request), by=caller_of(request).name)
        return await self._one(request)

    async def _known(self) -> Mapping[str, Health]:
        return await breakers.known(self._store, self._configured)

    async def _one(self, request: Request) -> Health:
        known = await self._known()
        if (health := known.get(request.path_params["name"])) is None:
            raise HTTPException(404, f"no such provider, use one of {', '.join(known) or 'those to come'}")
        return health


_NAME = parameter("name", "path", "As the list has it", "fcm")
_FORCING = body_of(Forcing, {"state": "open", "because": "maintenance until noon"})
