"""Finds what there is about one order: its rows in the ledger, dead letters, what its workflow says."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from temporalio.service import RPCError

from activities.store.store import Store
from api import operations_examples as examples
from api.answers import problems
from api.callers import Callers
from api.operations import Operations, letting_in
from api.operations_examples import answers
from api.orders import Service
from api.taking import Plain, parameter, query_as
from domain.callers import Scope
from domain.channels import Channel
from domain.explanation import Explanation
from domain.ledger import NotificationStatus
from domain.status import Role, Status
from domain.timeline import Timeline
from operating.explanations import explanation_of
from operating.letters import ListedLetter, listed
from order_service import NoSuchOrder, NoWorker
from temporal_client import NoServer

LEDGER = "/v1/ledger"


class Search(BaseModel):
    """What is looked for."""

    model_config = ConfigDict(hide_input_in_errors=True)

    order_id: Annotated[Plain, StringConstraints(min_length=1, max_length=200)]


class LedgerRow(BaseModel):
    """One notification as the ledger has it."""

    model_config = ConfigDict(from_attributes=True)

    message_id: str
    recipient_id: str
    role: Role
    batch: int
    channel: Channel
    statuses: tuple[Status, ...]
    status: NotificationStatus
    reason: str | None
    retry_count: int
    provider: str | None
    provider_reference: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    deadline: datetime
    instead_of: Channel | None
    superseded_by: str | None
    redriven_by: str | None


class FoundOrder(BaseModel):
    """Everything about an order. ``workflow`` is what its workflow says, None where ``unasked`` says why."""

    order_id: str
    ledger: list[LedgerRow]
    dead_letters: list[ListedLetter]
    workflow: Timeline | None = None
    unasked: str | None = None
    temporal_ui: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.ledger or self.dead_letters or self.workflow)


class Searching:
    """Looks into the ledger and asks the workflow."""

    def __init__(self, store: Store, service: Service, operations: Operations) -> None:
        self._store, self._service, self._ui = store, service, operations.ui

    async def find(self, order_id: str) -> FoundOrder:
        """What there is about an order. A workflow that does not answer takes nothing away from the rest."""
        rows = await self._store.history(order_id)
        letters = await self._store.letters_of(order_id)
        workflow, unasked = await self._timeline(order_id)
        return FoundOrder(
            order_id=order_id,
            ledger=[LedgerRow.model_validate(row) for row in rows],
            dead_letters=[listed(kept) for kept in letters],
            workflow=workflow,
            unasked=unasked,
            temporal_ui=self._ui.order(order_id) if self._ui else None,
        )

    async def explain(self, found: FoundOrder) -> Explanation:
        """Why it was told as it was, in plain words."""
        return await explanation_of(self._store, found.order_id, found.workflow, found.unasked or "")

    async def _timeline(self, order_id: str) -> tuple[Timeline | None, str | None]:
        try:
            return await self._service.timeline(order_id), None
        except NoSuchOrder:
            return None, "Temporal does not know its workflow, or not any more"
        except NoWorker:
            return None, "no worker answers for its workflow"
        except (NoServer, RPCError):
            return None, "Temporal does not answer"


class LedgerDoor:
    """Lets operators' programs look for an order."""

    def __init__(self, searching: Searching, callers: Callers) -> None:
        self._searching, self._callers = searching, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Operators"])
        router.get(
            LEDGER,
            dependencies=[Depends(letting_in(self._callers, Scope.READ_OPERATIONS))],
            responses=answers(examples.FOUND, problems(401, 403, 422, 503)),
            openapi_extra={"parameters": [_ORDER]},
        )(self.find)
        return router

    async def find(self, request: Request) -> FoundOrder:
        """Everything about one order: its notifications, dead letters, and what its workflow says of it."""
        return await self._searching.find(query_as(Search, request).order_id)


_ORDER = parameter("order_id", "query", "The order's id", "A17", required=True, minLength=1, maxLength=200)
