"""The simulator's own API: what people received, and which faults are in force."""

from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.faults import FaultPlan
from simulator.world import Received, World

LONGEST_WAIT = 30.0


class Asked(BaseModel):
    """What ``GET /received`` takes. ``wait`` is in seconds; more than 30 count as 30."""

    after: int = Field(default=0, ge=0)
    wait: float = Field(default=0, ge=0, allow_inf_nan=False)


class Control:
    """``/received`` and ``/faults``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [
            Route("/received", self._received, methods=["GET"]),
            Route("/received", self._empty, methods=["DELETE"]),
            Route("/faults", self._faults, methods=["GET"]),
            Route("/faults", self._set_faults, methods=["PUT"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
        ]

    async def _received(self, request: Request) -> Response:
        try:
            asked = Asked.model_validate(dict(request.query_params))
        except ValidationError as wrong:
            return unprocessable(wrong)
        if asked.wait:
            seconds = min(asked.wait, LONGEST_WAIT)
            await self._world.until(lambda: bool(self._world.after(asked.after)), seconds)
        return JSONResponse([as_json(one) for one in self._world.after(asked.after)])

    async def _empty(self, _request: Request) -> Response:
        self._world.received.clear()
        return Response(status_code=204)

    async def _faults(self, _request: Request) -> Response:
        return self._shown()

    async def _set_faults(self, request: Request) -> Response:
        try:
            plan = FaultPlan.model_validate_json(await request.body())
        except ValidationError as wrong:
            return unprocessable(wrong)
        self._world.faults.set(plan)
        return self._shown()

    async def _clear_faults(self, _request: Request) -> Response:
        self._world.faults.set(FaultPlan())
        return Response(status_code=204)

    def _shown(self) -> Response:
        # Only what was set, so that what is shown can be put again.
        plan = self._world.faults.plan
        faults = [fault.model_dump(exclude_unset=True) for fault in plan.faults]
        return JSONResponse({"seed": plan.seed, "faults": faults})


def as_json(received: Received) -> dict[str, Any]:
    """Show a received message as the API does."""
    return {
        "n": received.n,
        "at": received.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "channel": received.channel,
        "provider": received.provider,
        "address": received.address,
        "text": received.text,
        "key": received.key,
        "raw": {"headers": received.raw.headers, "body": received.raw.body},
    }


def unprocessable(wrong: ValidationError) -> Response:
    """Answer that a request cannot be used, by the names of its fields."""
    errors = [
        {"field": ".".join(map(str, error["loc"])), "message": error["msg"].removeprefix("Value error, ")}
        for error in wrong.errors(include_url=False, include_context=False)
    ]
    return JSONResponse({"errors": errors}, 422)
