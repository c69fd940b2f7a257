"""The order that is measured: one customer, all seven statuses from PLACED to DELIVERED, push and in-app."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from domain.channels import Channel, Reach
from domain.orders import OrderEvent, Rules
from domain.recipients import Device, Recipient
from domain.status import Role, Status
from tests.stage import PATIENCE, Stage

Announce = Callable[[OrderEvent], Awaitable[None]]

# PLACED; ACCEPTED, PREPARING and READY_FOR_PICKUP together; OUT_FOR_DELIVERY; NEARBY; DELIVERED.
BATCHES = 5

_ON_THE_ROAD = (Status.OUT_FOR_DELIVERY, Status.NEARBY)
_GRID = {Channel.PUSH: Reach.ON, Channel.IN_APP: Reach.ON, Channel.SMS: Reach.OFF, Channel.EMAIL: Reach.OFF}
CUSTOMER = Recipient(
    recipient_id="c-cost",
    role=Role.CUSTOMER,
    devices=(Device(platform="android", token="device-of-c-cost"),),  # noqa: S106 nobody has this device
    preferences=dict.fromkeys(Status, _GRID),
)


async def play(stage: Stage, order_id: str, workflow: str, announce: Announce) -> list[HistoryEvent]:
    """Let it happen to a workflow, each event after the last was dealt with. Answers the history."""
    order: WorkflowHandle[Any, Any] = stage.client.get_workflow_handle(workflow)
    now = datetime.now(UTC)
    for event in _events_of(order_id):
        # Signals do not take time, and the window must not be skipped before the last one arrived.
        with stage.env.with_time_skipping_disabled():
            await announce(event.model_copy(update={"occurred_at": now}))
        await _settles(order)
        if event.status is Status.READY_FOR_PICKUP:
            await stage.env.fast_forward(order, timedelta(seconds=Rules().window_seconds + 1))
            await _settles(order)
        now = await stage.env.get_current_time(order)
    await stage.env.fast_forward(order, timedelta(seconds=Rules().linger_seconds + 1))
    async with asyncio.timeout(PATIENCE):
        await order.result()
    return list((await order.fetch_history()).events)


def _events_of(order_id: str) -> Iterator[OrderEvent]:
    """What happens to it, without the times."""
    told = [status for status in Status if status is not Status.CANCELLED]
    for number, status in enumerate(told, start=1):
        eta = {"eta_minutes": 12} if status in _ON_THE_ROAD else {}
        yield OrderEvent(
            event_id=f"evt-{number:04}",
            order_id=order_id,
            status=status,
            occurred_at=datetime.now(UTC),
            customer_id=CUSTOMER.recipient_id,
            facts={"merchant_name": "Burger Barn", **eta},
        )


async def _settles(order: WorkflowHandle[Any, Any]) -> None:
    """Wait until nothing is under way; timers may."""
    async with asyncio.timeout(PATIENCE):
        while await _is_busy(order):  # noqa: ASYNC110 a server cannot be waited for otherwise
            await asyncio.sleep(0.01)


async def _is_busy(order: WorkflowHandle[Any, Any]) -> bool:
    described = (await order.describe()).raw_description
    return described.HasField("pending_workflow_task") or bool(described.pending_activities)
