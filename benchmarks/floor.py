"""The least that Temporal needs for the reference order: counted by hand, and as a bare workflow to measure.

The workflow does nothing but the job: no preferences, deadlines, fallback, deduplication, ledger, and nothing
for anybody to look at. Every name is as long as the product's, so that bytes compare designs, not spellings.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from domain.orders import OrderEvent

WORKFLOW_TYPE = "FloorNotifications"
ORDERS_QUEUE = "floor-notifications"
PUSH_QUEUE = "bare-push"

_ANY_CALL = timedelta(seconds=10)
_WAITS_FOR_COMPANY = frozenset({"ACCEPTED", "PREPARING", "READY_FOR_PICKUP"})
_SENT = {"status": "SENT"}


@dataclass(frozen=True)
class Needed:
    """One line of the count by hand: each of ``events`` comes ``times``; ``actions`` are of the line."""

    why: str
    times: int
    events: tuple[str, ...]
    actions: int = 0


_TASK = ("WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED")
_TIMER = ("TIMER_STARTED", "TIMER_FIRED")
_ACTIVITY = ("ACTIVITY_TASK_SCHEDULED", "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED")

# Seven order events make five batches: three of the events share one window.
BY_HAND = (
    Needed("start, with its first signal", 1, ("WORKFLOW_EXECUTION_STARTED",), actions=1),
    Needed("order events, the first with the start", 7, ("WORKFLOW_EXECUTION_SIGNALED",), actions=6),
    Needed("task: start and PLACED", 1, _TASK),
    Needed("task: each further order event", 6, _TASK),
    Needed("task: each push that was sent", 5, _TASK),
    Needed("task: the window is over", 1, _TASK),
    Needed("task: the time for late events is over", 1, _TASK),
    Needed("timer: the window", 1, _TIMER, actions=1),
    Needed("timer: late events after DELIVERED", 1, _TIMER, actions=1),
    Needed("timer: giving a silent order up, not fired", 1, ("TIMER_STARTED",), actions=1),
    Needed("activity: a push for each batch", 5, _ACTIVITY, actions=5),
    Needed("local activity: in-app for each batch", 5, ("MARKER_RECORDED",), actions=5),
    Needed("end", 1, ("WORKFLOW_EXECUTION_COMPLETED",)),
)


def events_by_hand() -> Mapping[str, int]:
    """How many events of each type the reference order needs."""
    counted: Counter[str] = Counter()
    for needed in BY_HAND:
        counted.update(dict.fromkeys(needed.events, needed.times))
    return counted


def actions_by_hand() -> int:
    """How many actions the reference order needs."""
    return sum(needed.actions for needed in BY_HAND)


@activity.defn
async def tell(message: dict[str, str]) -> dict[str, str]:  # noqa: ARG001 only its bytes matter
    """Stand for an in-app message."""
    return _SENT


@activity.defn
async def push(message: dict[str, str]) -> dict[str, str]:  # noqa: ARG001 only its bytes matter
    """Stand for a push: whether a provider is called makes no difference to a history."""
    return _SENT


@workflow.defn(name=WORKFLOW_TYPE)
class FloorNotifications:
    """Tells the reference order, and no other."""

    def __init__(self) -> None:
        self._news: list[str] = []

    @workflow.signal
    def status_changed(self, event: dict[str, Any]) -> None:
        """Take an order event in."""
        self._news.append(event["status"])

    @workflow.run
    async def run(self, order: dict[str, str]) -> None:  # noqa: ARG002 only its bytes matter
        """Tell the news until the order is delivered, then stay open for late events."""
        self._given_up = asyncio.create_task(workflow.sleep(timedelta(days=30)))
        told = ""
        while told != "DELIVERED":
            await workflow.wait_condition(lambda: bool(self._news))
            if self._news[0] in _WAITS_FOR_COMPANY:
                await workflow.sleep(60)
            told, self._news = self._news[-1], []
            await self._tell()
        await workflow.sleep(1800)

    async def _tell(self) -> None:
        message = {"message_id": str(workflow.uuid4())}
        await workflow.execute_local_activity(tell, message, start_to_close_timeout=_ANY_CALL)
        await workflow.execute_activity(
            push, message, task_queue=PUSH_QUEUE, start_to_close_timeout=_ANY_CALL
        )


def workflow_id(order_id: str) -> str:
    """The id of an order's bare workflow."""
    return f"floor-{order_id}"


async def announce(client: Client, event: OrderEvent) -> None:
    """Signal an order event, starting the bare workflow with the first."""
    await client.start_workflow(
        WORKFLOW_TYPE,
        {"order_id": event.order_id},
        id=workflow_id(event.order_id),
        task_queue=ORDERS_QUEUE,
        start_signal="status_changed",
        start_signal_args=[event],
    )


@contextlib.asynccontextmanager
async def serving(client: Client) -> AsyncIterator[None]:
    """Run the bare workflow's workers."""
    orders = Worker(client, task_queue=ORDERS_QUEUE, workflows=[FloorNotifications], activities=[tell])
    pushes = Worker(client, task_queue=PUSH_QUEUE, activities=[push], disable_eager_activity_execution=True)
    async with orders, pushes:
        yield
