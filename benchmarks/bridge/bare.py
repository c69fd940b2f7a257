"""The least there could be: a loop that hands events over by signal-with-start, as a program of its own.

``python -m benchmarks.bridge.bare PREFIX EVENTS AT_ONCE`` says how many seconds it took.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy

from benchmarks.bridge.events import events_of
from domain.orders import ORDERS_QUEUE, WORKFLOW_TYPE, workflow_id
from leaving import leave
from temporal_client import connect
from workflows.policy import CUSTOMER_ID, ORDER_STATUS


async def hand_over(client: Client, event: Mapping[str, Any]) -> None:
    """Signal one event with all that the contract asks of its start."""
    customer, status = (
        SearchAttributePair(CUSTOMER_ID, event["customer_id"]),
        SearchAttributePair(ORDER_STATUS, event["status"]),
    )
    await client.start_workflow(
        WORKFLOW_TYPE,
        {"order_id": event["order_id"]},
        id=workflow_id(event["order_id"]),
        task_queue=ORDERS_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        static_summary=f"Order {event['order_id']} of {event['customer_id']}",
        search_attributes=TypedSearchAttributes([customer, status]),
        start_signal="status_changed",
        start_signal_args=[event],
    )


async def main(prefix: str, count: int, at_once: int) -> None:
    """Hand all over, so many at once."""
    client = await connect()
    todo: Iterator[Mapping[str, Any]] = iter(list(events_of(prefix, count)))

    async def some() -> None:
        for event in todo:
            await hand_over(client, event)

    began = time.monotonic()
    await asyncio.gather(*(some() for _ in range(at_once)))
    print(f"bare: took {time.monotonic() - began:.4f}", flush=True)  # noqa: T201 its log is read


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    leave(0)
