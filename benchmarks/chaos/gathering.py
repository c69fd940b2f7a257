"""Gathers what is left after a chaos run past the product's own code: the product is held against it."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, text
from temporalio.client import Client
from temporalio.service import RPCError

from benchmarks.chaos.evidence import Copy, Evidence, Letter, Row
from benchmarks.chaos.parts import Parts, Trouble
from domain.channels import Channel
from domain.orders import OrderEvent, workflow_id
from domain.recipients import Recipient
from domain.status import Status
from order_service import NoWorker

Answer = TypeVar("Answer")

_AT_ONCE = 4
_TRIES = 10


async def gather(
    parts: Parts,
    events: Sequence[OrderEvent],
    handed_over: frozenset[str],
    people: Sequence[Recipient],
    troubles: Sequence[Trouble],
) -> Evidence:
    """Ask everybody, once all is quiet."""
    client = await Client.connect(parts.stack.address)
    service = await parts.stack.order_service()
    orders = sorted({event.order_id for event in events})
    has = {key for ids in await _each(orders, lambda order: _signalled(client, order)) for key in ids}
    timelines = await _each(orders, service.timeline)
    engine = parts.database.engine()
    try:
        return Evidence(
            accepted=[event for event in events if event.event_id in has],
            handed_over=handed_over,
            people=people,
            rows=_rows(engine),
            received=[_copy(one) for one in await parts.received()],
            inbox=_inbox(engine),
            letters=_letters(engine),
            stale={stale.event_id: stale.reason for told in timelines for stale in told.stale},
            open_orders=await open_orders(client),
            troubles=troubles,
        )
    finally:
        engine.dispose()


async def open_orders(client: Client) -> list[str]:
    """Orders that did not come to their end."""
    running = client.list_workflows("WorkflowType = 'OrderNotifications' AND ExecutionStatus = 'Running'")
    return sorted([workflow.id.removeprefix("order-") async for workflow in running])


def unsettled(engine: Engine) -> int:
    """How many notifications are still on their way."""
    with engine.connect() as connection:
        count = connection.execute(
            text("SELECT count(*) FROM notifications WHERE status IN ('PENDING', 'RETRYING')")
        )
        return int(count.scalar_one())


async def _each(orders: Sequence[str], ask: Callable[[str], Awaitable[Answer]]) -> list[Answer]:
    """Ask something of every order, a few at a time."""
    line = asyncio.Semaphore(_AT_ONCE)

    async def one(order: str) -> Answer:
        async with line:
            for _ in range(_TRIES):
                with contextlib.suppress(RPCError, NoWorker):  # they may be busy with what they missed
                    return await ask(order)
                await asyncio.sleep(1)
            return await ask(order)

    return list(await asyncio.gather(*(one(order) for order in orders)))


async def _signalled(client: Client, order_id: str) -> set[str]:
    """Ids of the events that an order's history holds: what the server has."""
    history = await client.get_workflow_handle(workflow_id(order_id)).fetch_history()
    signals = [
        event.workflow_execution_signaled_event_attributes
        for event in history.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    return {json.loads(signal.input.payloads[0].data)["event_id"] for signal in signals}


def _rows(engine: Engine) -> list[Row]:
    return [
        Row(
            message_id=row["message_id"],
            order_id=row["order_id"],
            recipient_id=row["recipient_id"],
            channel=Channel(row["channel"]),
            batch=row["batch"],
            status=row["status"],
            priority=row["priority"],
            created_at=_moment(row["created_at"]),
            newest_status=Status(row["newest_status"]),
            newest_at=_moment(row["newest_at"]),
            statuses=[Status(status) for status in _list(row["statuses"])],
            events=_list(row["events"]),
            reason=row["reason"],
            provider_reference=row["provider_reference"],
            superseded_by=row["superseded_by"],
            is_in_doubt=bool(row["is_in_doubt"]),
        )
        for row in _all(engine, "SELECT * FROM notifications ORDER BY created_at, batch")
    ]


def _inbox(engine: Engine) -> list[Copy]:
    rows = _all(engine, "SELECT * FROM inbox ORDER BY created_at")
    return [
        Copy(
            n, _moment(row["created_at"]), Channel.IN_APP, row["recipient_id"], _text(row), row["message_id"]
        )
        for n, row in enumerate(rows, start=1)
    ]


def _text(row: Mapping[str, Any]) -> str:
    return f"{row['title']}\n{row['text']}"


def _letters(engine: Engine) -> list[Letter]:
    return [
        Letter(row["order_id"], row["recipient_id"], row["batch"], row["raw"] or "")
        for row in _all(engine, "SELECT * FROM dead_letters ORDER BY created_at")
    ]


def _all(engine: Engine, query: str) -> list[Mapping[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def _copy(received: Mapping[str, Any]) -> Copy:
    """An arrival as ``GET /received`` tells it. An e-mail's key is its Message-ID, which begins with ours."""
    return Copy(
        received["n"],
        datetime.fromisoformat(received["at"]),
        Channel(received["channel"]),
        received["address"],
        received["text"],
        received["key"].removeprefix("<").partition("@")[0],
    )


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _list(value: Any) -> list[str]:
    """SQLite has JSON as text, PostgreSQL as what it says."""
    values: list[str] = json.loads(value) if isinstance(value, str) else value
    return values
