"""Tells running orders what providers said about their notifications."""

from datetime import timedelta
from typing import Protocol

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.answers import ComeAgain
from domain.desk import Answer
from domain.orders import OrderEvent, Receipt, workflow_id
from domain.timeline import Timeline

# A provider waits 15 s for our answer, and the store has its share of them.
TAKEN_WITHIN = timedelta(seconds=5)
ANSWERS_WITHIN = timedelta(seconds=2)


class Orders(Protocol):
    """The running orders."""

    async def tell(self, order_id: str, receipt: Receipt) -> None:
        """Hand a receipt over for good; nothing happens where the order is over. Raises ComeAgain."""

    async def answer(self) -> bool:
        """Whether they can be told anything now."""


class Service(Protocol):
    """What an order service does: ``order_service.OrderService``, which says what it raises."""

    async def announce(self, event: OrderEvent) -> None:
        """Hand an event over for good."""

    async def announce_and_wait(self, event: OrderEvent) -> Answer:
        """Hand an event over and hear what became of it."""

    async def timeline(self, order_id: str, *, while_open: bool = False) -> Timeline:
        """What was told to whom, and why not."""


class RunningOrders:
    """The orders on a Temporal server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tell(self, order_id: str, receipt: Receipt) -> None:
        """Signal an order's workflow. One that has ended needs nothing: the ledger has the receipt."""
        handle = self._client.get_workflow_handle(workflow_id(order_id))
        try:
            await handle.signal("receipt", receipt, rpc_timeout=TAKEN_WITHIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise ComeAgain("Temporal does not answer") from None

    async def answer(self) -> bool:
        """Whether the server is there."""
        try:
            return await self._client.service_client.check_health(timeout=ANSWERS_WITHIN)
        except RPCError:
            return False
