"""The least that Temporal needs for one order: a bare workflow that does the job, and the count of it by hand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

# Every name is as long as the product's, so that the bytes compare designs and not spellings.
WORKFLOW_TYPE = "FloorNotifications"
ORDERS_QUEUE = "floor-notifications"
PUSH_QUEUE = "bare-push"

IN_THE_WINDOW = frozenset({"ACCEPTED", "PREPARING", "READY_FOR_PICKUP"})
SENT = {"status": "SENT"}


def workflow_id(order_id: str) -> str:
    """The id of the bare workflow of an order."""
    return f"floor-{order_id}"


@activity.defn
async def tell(message: dict[str, str]) -> dict[str, str]:  # noqa: ARG001 only its bytes matter
    """Stands for an in-app message."""
    return SENT


@activity.defn
async def push(message: dict[str, str]) -> dict[str, str]:  # noqa: ARG001 only its bytes matter
    """Stands for a push: what a provider costs us is not Temporal's to charge."""
    return SENT


@workflow.defn(name=WORKFLOW_TYPE)
class FloorNotifications:
    """One order, told without preferences, deadlines, fallback, deduplication, ledger or anything to look at."""

    def __init__(self) -> None:
        self._news: list[str] = []

    @workflow.signal
    def status_changed(self, event: dict[str, Any]) -> None:
        """Take an order event in."""
        self._news.append(event["status"])

    @workflow.run
    async def run(self, order: dict[str, str]) -> None:  # noqa: ARG002 an order without its id is of no use
        """Tell the news until the order is delivered, then stay open for late events."""
        given_up = asyncio.create_task(workflow.sleep(timedelta(days=30)))
        told = ""
        while told != "DELIVERED":
            await workflow.wait_condition(lambda: bool(self._news))
            if self._news[-1] in IN_THE_WINDOW:
                await workflow.sleep(60)
            told, self._news = self._news[-1], []
            await self._tell()
        await workflow.sleep(1800)
        given_up.done()

    async def _tell(self) -> None:
        message = {"message_id": str(workflow.uuid4())}
        await workflow.execute_local_activity(
            tell, message, start_to_close_timeout=timedelta(seconds=10)
        )
        await workflow.execute_activity(
            push, message, task_queue=PUSH_QUEUE, start_to_close_timeout=timedelta(seconds=10)
        )
