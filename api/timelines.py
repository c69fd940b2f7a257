"""What an order's people were told, for order services and operators: by its workflow, or by the ledger."""

from datetime import datetime
from typing import Literal, Protocol

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from temporalio.service import RPCError

from api.answers import ComeAgain, problems
from api.callers import Callers
from api.events import OrderId
from api.orders import Service
from domain.callers import Scope
from domain.desk import Stale
from domain.status import Status
from domain.timeline import Timeline, ToldBatch
from order_service import NoSuchOrder, NoWorker, OrderIsOver
from temporal_client import NoServer

TIMELINE = "/v1/orders/{order_id:path}/timeline"
Source = Literal["workflow", "ledger"]


_EXAMPLE: JsonDict = {
    "order_id": "A17",
    "source": "workflow",
    "status": "OUT_FOR_DELIVERY",
    "state": "open",
    "batches": [
        {
            "batch": 1,
            "recipient_id": "c-42",
            "role": "customer",
            "statuses": ["OUT_FOR_DELIVERY"],
            "told_at": "2026-11-22T12:00:01Z",
            "priority": 1,
            "deadline": "2026-11-22T12:45:00Z",
            "channels": [
                {
                    "channel": "push",
                    "verdict": "send",
                    "status": "SENT",
                    "statuses": ["OUT_FOR_DELIVERY"],
                    "reason": None,
                    "provider": "fcm",
                    "message_id": "6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11",
                },
                {
                    "channel": "email",
                    "verdict": "held",
                    "status": None,
                    "statuses": [],
                    "reason": "not needed: kept for when another channel fails",
                    "provider": None,
                    "message_id": None,
                },
            ],
            "note": None,
        }
    ],
    "earlier_batches": 0,
    "waiting": [],
    "stale": [],
    "stale_in_all": 0,
    "duplicates": 0,
    "dead_letters": [],
}


class ShownLetter(BaseModel):
    """Something kept for a person to decide on, without what was in it."""

    model_config = ConfigDict(from_attributes=True)

    dead_letter_id: str
    source: str
    reason: str
    field: str | None = None
    recipient_id: str | None = None
    batch: int | None = None
    at: datetime


class OrderTimeline(BaseModel):
    """Every batch of an order, who was told what on which channel, and for what was not sent, why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    order_id: str
    source: Source = Field(
        description="`workflow` while the order is open, `ledger` after, and when no worker answers. What "
        "waits and what was stale or a duplicate is known to the workflow alone."
    )
    status: Status | None = Field(description="The newest status that was told or waits to be")
    state: Literal["open", "ending", "over"]
    batches: tuple[ToldBatch, ...] = Field(description="The latest hundred, oldest first")
    earlier_batches: int = Field(description="How many there were before those")
    waiting: tuple[dict[str, str], ...]
    stale: tuple[Stale, ...]
    stale_in_all: int
    duplicates: int
    dead_letters: tuple[ShownLetter, ...]

    @classmethod
    def of(cls, told: Timeline, source: Source) -> "OrderTimeline":
        """A timeline in the one shape there is."""
        letters = [ShownLetter.model_validate(letter) for letter in told.dead_letters]
        shown = {name: getattr(told, name) for name in Timeline.model_fields}
        return cls.model_validate({**shown, "dead_letters": letters, "source": source})


class Ledger(Protocol):
    """The store's timelines."""

    async def of(self, order_id: str, *, is_open: bool) -> Timeline: ...  # noqa: D102 as the store says


class TimelineDoor:
    """Shows orders."""

    def __init__(self, service: Service, ledger: Ledger, callers: Callers) -> None:
        self._service, self._ledger, self._callers = service, ledger, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Order services"])
        router.get(
            TIMELINE,
            response_model=OrderTimeline,
            responses=problems(404, 503),
            summary="Show what was told of an order",
            dependencies=[Depends(self._callers.with_scope(Scope.READ_ORDERS))],
        )(self.show)
        return router

    async def show(self, order_id: OrderId) -> OrderTimeline:
        """Show every batch, who was told what on which channel, and for what was not sent, why."""
        try:
            told = await self._service.timeline(order_id, while_open=True)
            return OrderTimeline.of(told, "workflow")
        except OrderIsOver:
            return await self._by_ledger(order_id)
        except NoWorker:
            return await self._by_ledger(order_id, is_open=True)
        except NoSuchOrder:
            return await self._by_ledger(order_id, is_known=False)
        except (NoServer, RPCError):
            raise ComeAgain("Temporal does not answer") from None

    async def _by_ledger(
        self, order_id: str, *, is_open: bool = False, is_known: bool = True
    ) -> OrderTimeline:
        told = await self._ledger.of(order_id, is_open=is_open)
        # Temporal forgets an order when its retention is over, the ledger does not.
        if not (is_known or told.batches or told.dead_letters):
            raise HTTPException(404, "no such order")
        return OrderTimeline.of(told, "ledger")
