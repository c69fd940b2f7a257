"""The page of one order: what was told to whom and when, by its open workflow or by the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.operators.desk import Desk
from api.searching import FoundOrder, LedgerRow, Search, Searching
from api.taking import query_as
from domain.callers import Caller, Scope
from domain.timeline import ToldBatch

ORDERS = "/operators/orders"


@dataclass(frozen=True, slots=True)
class OnChannel:
    """How a batch stands on one channel; without a status nothing was sent there."""

    channel: str
    status: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One batch of the timeline."""

    at: datetime
    whom: str
    statuses: Sequence[str]
    channels: Sequence[OnChannel]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one batch to one recipient."""

    whom: str
    batch: int
    rows: Sequence[LedgerRow]


class OrderPages:
    """Shows an operator everything about an order."""

    def __init__(self, desk: Desk, searching: Searching) -> None:
        self._desk, self._searching = desk, searching

    def router(self) -> APIRouter:
        """What they answer to."""
        router = APIRouter()
        router.get(ORDERS)(self._desk.opens(Scope.READ_OPERATIONS, self.show))
        return router

    async def show(self, request: Request, caller: Caller) -> Response:
        """An order, or a form to look for one."""
        asked = request.query_params.get("order_id", "").strip()
        if not asked:
            return self._desk.shows("orders", {"order_id": "", "found": None}, caller)
        found = await self._searching.find(query_as(Search, request).order_id.strip())
        if not found.is_known:
            return self._desk.shows("orders", {"order_id": asked, "found": None}, caller, 404)
        values = {
            "order_id": asked,
            "found": found,
            "is_open": is_open(found),
            "timeline": timeline_of(found),
            "ledger": batches_of(found.ledger),
            "explained": await self._searching.explain(found),
        }
        return self._desk.shows("orders", values, caller)


def is_open(found: FoundOrder) -> bool:
    """Whether its workflow still knows more than the ledger."""
    return found.workflow is not None and found.workflow.state != "over"


def timeline_of(found: FoundOrder) -> Sequence[Told]:
    """What was told, oldest first."""
    if found.workflow and is_open(found):
        return [_as_planned(batch) for batch in found.workflow.batches]
    return [_as_written(batch) for batch in batches_of(found.ledger)]


def batches_of(ledger: Iterable[LedgerRow]) -> Sequence[Rows]:
    """Rows by recipient and batch, in the order in which the batches were told."""
    batches: dict[tuple[str, str, int], list[LedgerRow]] = {}
    for row in ledger:
        batches.setdefault((row.role, row.recipient_id, row.batch), []).append(row)
    told = [Rows(f"{role} {whom}", batch, rows) for (role, whom, batch), rows in batches.items()]
    return sorted(told, key=lambda batch: min(row.created_at for row in batch.rows))


def _as_planned(batch: ToldBatch) -> Told:
    channels = [OnChannel(line.channel, line.status, line.reason) for line in batch.channels]
    return Told(batch.told_at, f"{batch.role} {batch.recipient_id}", batch.statuses, channels, batch.note)


def _as_written(batch: Rows) -> Told:
    fullest = max(batch.rows, key=lambda row: len(row.statuses))
    channels = [OnChannel(row.channel, row.status, row.reason) for row in batch.rows]
    return Told(min(row.created_at for row in batch.rows), batch.whom, fullest.statuses, channels)
