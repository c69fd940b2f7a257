"""The floor: the least workflow code that does the job on Temporal, in the product's shape.

A plan writes two rows by a local activity, each channel has a queue of its own, each send is one call over
HTTP and one write. It has the product's timers: the window, giving up, late events. It has no preferences,
deadlines, fallback, breaker or inbox, and nothing for anybody to look at.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from benchmarks.bench.job import CHANNELS, IN_WINDOW
    from domain.orders import OrderEvent, Rules
    from domain.status import Status

ORDERS_QUEUE, WORKFLOW_TYPE = "bare-orders", "BareOrder"
SEND_QUEUES = {channel: f"bare-{channel}" for channel in CHANNELS}
_TIMEOUT = timedelta(seconds=30)


class Bare(BaseModel):
    """A batch: ``number`` counts from 1. A ``channel`` only where one is sent."""

    order_id: str
    number: int
    events: Sequence[str]
    channel: str = ""


class BareRules(BaseModel):
    """What an order starts with."""

    order_id: str
    window_seconds: float
    linger_seconds: float


@workflow.defn(name=WORKFLOW_TYPE)
class BareOrder:
    """Tells the job's order, and no other."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._news: list[str] = []
        self._is_urgent = self._is_over = False

    @workflow.signal
    def status_changed(self, event: OrderEvent) -> None:
        """Take an order event in, once."""
        if event.event_id in self._seen:
            return
        self._seen.add(event.event_id)
        self._news.append(event.event_id)
        self._is_urgent |= event.status not in IN_WINDOW
        self._is_over |= event.status == Status.DELIVERED

    @workflow.run
    async def run(self, rules: BareRules) -> None:
        """Tell the news until the order is delivered, then stay open for late events."""
        self._given_up = asyncio.create_task(workflow.sleep(timedelta(days=30)))
        number, is_over = 0, False
        while not is_over:
            await workflow.wait_condition(lambda: bool(self._news))
            if not self._is_urgent:
                with contextlib.suppress(TimeoutError):
                    window = timedelta(seconds=rules.window_seconds)
                    await workflow.wait_condition(lambda: self._is_urgent, timeout=window)
            is_over, events, self._news, self._is_urgent = self._is_over, self._news, [], False
            number += 1
            await self._tell(Bare(order_id=rules.order_id, number=number, events=events))
        await workflow.sleep(timedelta(seconds=rules.linger_seconds))

    async def _tell(self, batch: Bare) -> None:
        await workflow.execute_local_activity("plan", batch, start_to_close_timeout=_TIMEOUT)
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    "send",
                    batch.model_copy(update={"channel": channel}),
                    task_queue=queue,
                    start_to_close_timeout=_TIMEOUT,
                )
                for channel, queue in SEND_QUEUES.items()
            )
        )


async def announce(client: Client, rules: Rules, event: OrderEvent) -> None:
    """Signal an order event, starting the order with the first; one that is over takes no more."""
    with contextlib.suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            WORKFLOW_TYPE,
            BareRules(order_id=event.order_id, **rules.model_dump()),
            id=f"bare-{event.order_id}",
            task_queue=ORDERS_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            start_signal="status_changed",
            start_signal_args=[event],
        )
