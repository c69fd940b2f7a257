"""The door for order services that are not Temporal clients: one order event, or many."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import ComeAgain, problems, unusable
from api.callers import Callers
from api.document import inlined
from api.handing_over import Fate, Handed, Handover
from api.limiting import spend
from api.orders import Service
from api.reading import JSON, json_object, read_body
from domain.callers import Scope
from domain.orders import BadInput, Identifier, OrderEvent, read_event

EVENTS_OF_ORDER, EVENTS = "/v1/orders/{order_id:path}/events", "/v1/events"
MOST_EVENTS = 500
LONGEST_BATCH = 2 * 1024 * 1024
_ASYNC = "respond-async"

OrderId = Annotated[Identifier, Path(description="The order, as its service calls it", examples=["A17"])]
Wait = Annotated[
    bool,
    Query(
        description="Whether to wait some seconds for what becomes of it. Either way nothing is lost that "
        "was answered with 202: without a worker the server keeps it."
    ),
]
Prefer = Annotated[
    str | None, Header(description="`respond-async` (RFC 7240) means `wait=false`", examples=[_ASYNC])
]


class HandedAll(BaseModel):
    """What became of many events: one result for each, in its place."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {"outcome": "accepted", "order_id": "A17", "event_id": "evt-0001", "reason": None},
                        {
                            "outcome": "refused",
                            "order_id": None,
                            "event_id": None,
                            "reason": "occurred_at: has no time zone, write for example 2026-11-22T12:00:00Z",
                        },
                    ]
                }
            ]
        }
    )

    results: list[Handed] = Field(description="As many as there were events")


class EventsDoor:
    """Takes order events."""

    def __init__(self, service: Service, callers: Callers) -> None:
        self._service, self._callers = service, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(
            tags=["Order services"], dependencies=[Depends(self._callers.with_scope(Scope.WRITE_EVENTS))]
        )
        router.post(
            EVENTS_OF_ORDER,
            status_code=202,
            response_model=Handed,
            response_description="Taken: there is nothing to repeat",
            responses=problems(400, 401, 403, 408, 413, 415, 422, 503),
            openapi_extra={"requestBody": _one()},
            summary="Announce an order event",
        )(self.announce)
        router.post(
            EVENTS,
            status_code=202,
            response_model=HandedAll,
            response_description="Every event was taken: there is nothing to repeat",
            responses={
                **problems(400, 401, 403, 408, 413, 415, 422, 503),
                207: {"description": "Some events were not taken: look at each", "model": HandedAll},
            },
            openapi_extra={"requestBody": _many()},
            summary="Announce many order events",
        )(self.announce_all)
        return router

    async def announce(
        self,
        request: Request,
        response: Response,
        order_id: OrderId,
        wait: Wait = True,
        prefer: Prefer = None,
    ) -> Handed:
        """Announce that an order has a status now. The same `event_id` again is told once: repeat freely.

        The order's id may be left out of the body.
        """
        raw = json_object(await read_body(request, JSON))
        if raw.setdefault("order_id", order_id) != order_id:
            raise unusable("order_id", "is not the one in the path, correct it or leave it out")
        try:
            event = read_event(raw, order_id=order_id)
            return await self._handover(response, prefer, wait=wait).take(event)
        except BadInput as problem:
            raise unusable(problem.field, problem.problem) from None

    async def announce_all(
        self,
        request: Request,
        response: Response,
        wait: Wait = True,
        prefer: Prefer = None,
    ) -> HandedAll:
        """Announce up to 500 events. Those of one order are taken in the order they are listed in.

        A bad one does not stop the others. Each counts against the limit of events. When none could be taken
        for now the answer is 503: repeat all.
        """
        events = json_object(await read_body(request, JSON, longest=LONGEST_BATCH)).get("events")
        if not isinstance(events, list) or not events:
            raise unusable("events", "missing, give a list of order events")
        if len(events) > MOST_EVENTS:
            raise unusable("events", f"are more than {MOST_EVENTS}, send them in several calls")
        await spend(request, len(events) - 1)
        results = await self._handover(response, prefer, wait=wait).take_all(events)
        if all(result.outcome is Fate.UNAVAILABLE for result in results):
            raise ComeAgain("Temporal does not answer")
        if not all(result.outcome.is_taken for result in results):
            response.status_code = 207
        return HandedAll(results=results)

    def _handover(self, response: Response, prefer: str | None, *, wait: bool) -> Handover:
        preferences = {part.strip().lower() for part in (prefer or "").split(",")}
        if _ASYNC in preferences:
            response.headers["Preference-Applied"] = _ASYNC
        return Handover(self._service, wait=wait and _ASYNC not in preferences)


_EXAMPLE = {
    "event_id": "evt-0001",
    "order_id": "A17",
    "status": "OUT_FOR_DELIVERY",
    "occurred_at": "2026-11-22T12:00:00Z",
    "customer_id": "c-42",
    "merchant_id": "m-7",
    "courier_id": "d-3",
    "facts": {"merchant_name": "Burger Barn", "eta_minutes": 12},
}


def _one() -> dict[str, Any]:
    schema = inlined(OrderEvent)
    schema["required"] = [name for name in schema["required"] if name != "order_id"]
    return {"required": True, "content": {JSON: {"schema": schema, "example": _EXAMPLE}}}


def _many() -> dict[str, Any]:
    events = {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": inlined(OrderEvent)}
    schema = {"type": "object", "required": ["events"], "properties": {"events": events}}
    return {
        "required": True,
        "content": {JSON: {"schema": schema, "example": {"events": [_EXAMPLE]}}},
    }
