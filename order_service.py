"""The order service's side as a library: announces events, and asks what was told.

Any Temporal client in any language can do what this does; the contract is in README.md.
"""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    QueryRejectCondition,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.desk import Answer
from domain.orders import ORDERS_QUEUE, WORKFLOW_TYPE, BadInput, Order, OrderEvent, Rules, workflow_id
from domain.status import Status
from domain.timeline import Timeline
from temporal_client import connect
from workflows.policy import CUSTOMER_ID, ORDER_STATUS, searchable, turn_of


class OrderIsOver(Exception):
    """The order came to its end before this event: nobody is told."""


class NoSuchOrder(Exception):
    """No event of this order was ever accepted here, or its history is past its retention."""


class NoWorker(Exception):
    """No worker of ours serves the orders here: what only a worker can answer has to wait."""


# What a worker answers, it answers in milliseconds: after this there is none.
ANSWERS_WITHIN = timedelta(seconds=10)


class OrderService:
    """What an order service does: announces events, and asks what was told."""

    def __init__(self, client: Client, answers_within: timedelta = ANSWERS_WITHIN) -> None:
        self._client, self._answers_within = client, answers_within

    @classmethod
    async def connect(cls) -> "OrderService":
        """Connect by Temporal's own client configuration. Raises ``NoServer``."""
        return cls(await connect())

    @property
    def client(self) -> Client:
        """For whatever an order service does not do."""
        return self._client

    async def announce(self, event: OrderEvent, rules: Rules | None = None) -> None:
        """Hand an event over for good: when this returns, the server has it.

        Starts the order with its first event. Raises :class:`OrderIsOver` after an order's end. When the
        server cannot be reached the client tries for some seconds, then raises ``RPCError``: from there the
        event is the caller's to hand over again, and ``event_id`` makes that safe.
        """
        with _refusals(event):
            await self._client.start_workflow(
                WORKFLOW_TYPE,
                _order(event, rules),
                **_start_options(event),
                start_signal="status_changed",
                start_signal_args=[event],
            )

    async def announce_and_wait(self, event: OrderEvent, rules: Rules | None = None) -> Answer:
        """Hand an event over and hear what became of it: accepted, duplicate or stale.

        Raises as :meth:`announce` does, and :class:`NoWorker` when nobody answers: then the event is the
        caller's to hand over again.
        """
        start: WithStartWorkflowOperation[Any, Timeline] = WithStartWorkflowOperation(
            WORKFLOW_TYPE,
            _order(event, rules),
            **_start_options(event),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        with _refusals(event):
            answer: Answer = await self._client.execute_update_with_start_workflow(
                "announce",
                event,
                start_workflow_operation=start,
                result_type=Answer,
                rpc_timeout=self._answers_within,
            )
        return answer

    async def timeline(self, order_id: str, *, while_open: bool = False) -> Timeline:
        """What was told to whom, and why not. Raises :class:`NoSuchOrder`, :class:`NoWorker`.

        ``while_open``: of an order that is over raise :class:`OrderIsOver`, whether or not a worker is there.
        """
        handle = self._client.get_workflow_handle(workflow_id(order_id))
        try:
            told: Timeline = await handle.query(
                "timeline",
                result_type=Timeline,
                rpc_timeout=self._answers_within,
                reject_condition=QueryRejectCondition.NOT_OPEN if while_open else None,
            )
        except WorkflowQueryRejectedError:
            raise OrderIsOver(f"order {order_id} is over") from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                where = self._client.namespace
                raise NoSuchOrder(f"order {order_id} is not known in namespace {where}") from None
            if error.status in _NOBODY_ANSWERS:
                raise NoWorker(f"no worker answers for order {order_id}, start worker.py") from None
            raise
        return told


_NOBODY_ANSWERS = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


@contextlib.contextmanager
def _refusals(event: OrderEvent) -> Iterator[None]:
    """Say what it means for an event when the server does not take it."""
    try:
        yield
    except WorkflowAlreadyStartedError:
        raise OrderIsOver(f"order {event.order_id} is over") from None
    except WorkflowUpdateFailedError as refused:
        raise BadInput("event", str(refused.cause)) from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise NoWorker(
            f"no worker took event {event.event_id}, start worker.py and announce it again"
        ) from None
    except RPCError as error:
        if "search attribute" in error.message:
            raise NoWorker(f"{error.message}: worker.py registers it, start it once") from None
        raise


def _order(event: OrderEvent, rules: Rules | None) -> Order:
    return Order(order_id=event.order_id, rules=rules) if rules else Order(order_id=event.order_id)


def _start_options(event: OrderEvent) -> dict[str, Any]:
    return {
        "id": workflow_id(event.order_id),
        "task_queue": ORDERS_QUEUE,
        # An order that ended well is over; one that was terminated or failed starts again.
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        # The workflow's own tasks: a merchant's burst of orders does not hold up those of the others.
        "priority": turn_of(None, event.merchant_id),
        **(_for_whoever_looks(event) if event.status is Status.PLACED else {}),
    }


def _for_whoever_looks(event: OrderEvent) -> dict[str, Any]:
    """What the server shows and searches. It checks them with every event: the first alone brings them.

    An order that begins with another sets the attributes itself, at the price of a history event.
    """
    return {
        "static_summary": f"Order {event.order_id} of {event.customer_id}",
        "search_attributes": TypedSearchAttributes(
            [
                SearchAttributePair(CUSTOMER_ID, searchable(event.customer_id)),
                SearchAttributePair(ORDER_STATUS, event.status),
            ]
        ),
    }
