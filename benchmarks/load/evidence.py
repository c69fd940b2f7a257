"""What became of a crowd, read past the product's own code: the ledger's rows and the server's queues."""

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.workflowservice.v1 import UpdateTaskQueueConfigRequest
from temporalio.client import Client

LEDGER = "order-notifications.db"
# How a notification that can wait may end behind a limit without anything being lost.
WELL = ("SENT", "DELIVERED", "READ", "SUPERSEDED", "EXPIRED")
_UNDER_WAY = ("PENDING", "RETRYING")


def endings(folder: Path, crowd: str) -> Counter[str]:
    """How many pushes of a crowd's orders stand how."""
    asked = "SELECT status, COUNT(*) FROM notifications WHERE order_id LIKE ? AND channel = 'push' GROUP BY 1"
    with contextlib.closing(sqlite3.connect(folder / LEDGER, timeout=30)) as ledger:
        return Counter(dict(ledger.execute(asked, (f"{crowd}-%",)).fetchall()))


async def planned(folder: Path, crowd: str, orders: int, patience: float) -> None:
    """Wait until every order of a crowd has its row."""
    await _until(lambda: sum(endings(folder, crowd).values()) >= orders, patience)


async def drains(folder: Path, crowd: str, patience: float) -> None:
    """Wait until what was queued leaves: a limit that is lifted takes the server a moment to notice."""
    await _until(lambda: any(endings(folder, crowd)[status] for status in WELL), patience)


async def settled(folder: Path, crowd: str, patience: float) -> None:
    """Wait until nothing of a crowd is under way any more."""
    await _until(lambda: not any(endings(folder, crowd)[status] for status in _UNDER_WAY), patience)


async def _until(is_so: Callable[[], bool], patience: float) -> None:
    until = time.monotonic() + patience
    while not is_so() and time.monotonic() < until:  # noqa: ASYNC110 another process sets no event
        await asyncio.sleep(1)


async def limit(client: Client, queue: str, rate: float | None) -> None:
    """Have the server hand out so many sends a second, whatever the workers say; None: as they say."""
    request = UpdateTaskQueueConfigRequest(
        namespace=client.namespace,
        identity="benchmark",
        task_queue=queue,
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    if rate is not None:
        limited = RateLimit(requests_per_second=rate)
        request.update_queue_rate_limit.rate_limit.CopyFrom(limited)
    request.update_queue_rate_limit.reason = "benchmark"
    await client.workflow_service.update_task_queue_config(request)
