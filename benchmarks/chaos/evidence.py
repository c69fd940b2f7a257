"""What is left after a chaos run, from every side: Temporal's histories, the ledger, and people's devices.

Read past the product's own code, by SQL and from the providers' stand-ins: it is what the product is held against.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from temporalio.client import Client

from benchmarks.chaos.parts import Parts, Trouble
from domain.channels import Channel
from domain.orders import OrderEvent, workflow_id
from domain.recipients import Recipient
from domain.status import Status
from starter import OrderService

_AT_ONCE = 4


@dataclass(frozen=True)
class Row:
    """One row of the ledger."""

    message_id: str
    order_id: str
    recipient_id: str
    channel: Channel
    batch: int
    status: str
    priority: int
    created_at: datetime
    newest_status: Status
    newest_at: datetime
    statuses: Sequence[Status]
    events: Sequence[str]
    reason: str | None = None
    provider_reference: str | None = None
    superseded_by: str | None = None
    is_in_doubt: bool = False

    @property
    def moment(self) -> tuple[datetime, int]:
        """Orders notifications by their newest news."""
        return self.newest_at, self.newest_status.rank

    @property
    def is_record(self) -> bool:
        """Whether it is an e-mail that the recipient keeps."""
        return self.channel is Channel.EMAIL and any(status.rule.record for status in self.statuses)


@dataclass(frozen=True)
class Copy:
    """One arrival of a message somewhere. ``key`` is the message id, or an SMS's sid."""

    n: int
    at: datetime
    channel: Channel
    address: str
    text: str
    key: str


@dataclass(frozen=True)
class Letter:
    """A dead letter."""

    order_id: str
    recipient_id: str | None
    batch: int | None
    raw: str


@dataclass(frozen=True)
class Evidence:
    """Everything to account by. ``stale`` says by event id why an event was not told to anyone.

    ``accepted`` are the events that Temporal has, ``handed_over`` the ids of those it said it had taken.
    ``inbox`` are copies too, whose address is the recipient; ``open_orders`` did not come to their end.
    """

    accepted: Sequence[OrderEvent]
    handed_over: frozenset[str]
    people: Sequence[Recipient]
    rows: Sequence[Row]
    received: Sequence[Copy]
    inbox: Sequence[Copy]
    letters: Sequence[Letter]
    stale: Mapping[str, str] = field(default_factory=dict)
    open_orders: Sequence[str] = ()
    troubles: Sequence[Trouble] = ()


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
