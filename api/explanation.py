"""Says why an order was told as it was, to those who may look at orders."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import TypeAdapter, ValidationError
from temporalio.exceptions import TemporalError

from activities.store import Store
from api.answers import problems
from api.callers import Callers
from domain.callers import Caller, Scope
from domain.explanation import Explanation
from domain.orders import Identifier
from domain.timeline import Timeline
from operating.explanations import explanation_of
from order_service import NoSuchOrder, NoWorker
from temporal_client import NoServer

_OrderId = Annotated[str, Path(description="The order, as its service calls it", examples=["A17"])]
_ORDER_ID: TypeAdapter[str] = TypeAdapter(Identifier)
_EXAMPLE = {
    "order_id": "A17",
    "status": "PREPARING",
    "state": "open",
    "known_from": "the ledger and the order's own timeline",
    "batches": [
        {
            "batch": 2,
            "recipient_id": "c-42",
            "role": "customer",
            "statuses": ["ACCEPTED", "PREPARING"],
            "told_at": "2026-11-22T12:01:00Z",
            "priority": 5,
            "because": [{"rule": "path", "says": "told in the words of ACCEPTED + PREPARING"}],
            "channels": [
                {
                    "channel": "push",
                    "status": "SUPPRESSED",
                    "message_id": "0055052f-62a0-5887-a925-e1ea17242d44",
                    "because": [
                        {
                            "rule": "quiet-hours",
                            "says": "held back by quiet hours 22:00-07:00 in America/New_York, priority 5",
                        },
                        {"rule": "default", "says": "on by the customer's default"},
                    ],
                },
                {
                    "channel": "sms",
                    "because": [{"rule": "own-choice", "says": "off by c-42's own choice for PREPARING"}],
                },
            ],
        }
    ],
    "events": [],
    "dead_letters": [],
}


class Timelines(Protocol):
    """The orders, as far as they can be asked: ``order_service.OrderService``, which says what it raises."""

    async def timeline(self, order_id: str) -> Timeline:
        """What was told to whom, and why not."""


class ExplanationDoor:
    """Answers by the ledger and, while the order's workflow can be asked, by its timeline."""

    def __init__(self, store: Store, timelines: Timelines, callers: Callers) -> None:
        self._store, self._timelines, self._callers = store, timelines, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Orders"])
        reader = Depends(self._callers.with_scope(Scope.READ_ORDERS))

        @router.get(
            "/v1/orders/{order_id}/explanation",
            responses={
                200: {"content": {"application/json": {"example": _EXAMPLE}}},
                **problems(401, 403, 404, 503),
            },
            response_model_exclude_none=True,
        )
        async def explanation(order_id: _OrderId, _: Annotated[Caller, reader]) -> Explanation:
            """Why an order was told as it was: each decision, its reason and the rule, by name."""
            return await self._explained(order_id)

        return router

    async def _explained(self, order_id: str) -> Explanation:
        try:
            _ORDER_ID.validate_python(order_id)
        except ValidationError:
            raise _unknown() from None
        told, why = await self._timeline(order_id)
        explained = await explanation_of(self._store, order_id, told, why)
        if explained.is_empty:
            raise _unknown()
        return explained

    async def _timeline(self, order_id: str) -> tuple[Timeline | None, str]:
        try:
            return await self._timelines.timeline(order_id), ""
        except NoSuchOrder:
            return None, "the order's workflow is gone"
        except (NoWorker, NoServer, TemporalError):
            return None, "the order's workflow does not answer now"


def _unknown() -> HTTPException:
    return HTTPException(404, "no such order")
