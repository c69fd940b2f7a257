"""Hands order events over for good, and says of each what became of it."""

import asyncio
import time
from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from temporalio.service import RPCError, RPCStatusCode

from api.answers import ComeAgain
from api.orders import Service
from domain.desk import Answer, Outcome
from domain.orders import BadInput, OrderEvent, read_event
from order_service import NoWorker, OrderIsOver
from temporal_client import NoServer

# Different orders side by side: more than this only wait for one another in the server.
AT_ONCE = 20
# A batch of one order is as many calls, one after the other. Its caller does not wait for ever.
PATIENCE = 5.0
UNREAD = "the server has it, and it is told as soon as a worker has read it"
_EXAMPLE: JsonDict = {"outcome": "accepted", "order_id": "A17", "event_id": "evt-0001", "reason": None}


class Fate(StrEnum):
    """What became of an order event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CLOSED = "closed"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"

    @property
    def is_taken(self) -> bool:
        """Whether there is nothing left for the order service to do."""
        return self not in (Fate.REFUSED, Fate.UNAVAILABLE)


class Handed(BaseModel):
    """What became of one order event. `reason` says why it is not told, or not yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    outcome: Fate = Field(
        description="`accepted`: it is told. `duplicate`: its event_id was here before. `stale`: newer news "
        "was told already. `closed`: the order is over. In a batch also `refused`: it cannot be read, and "
        "`reason` names the field. `unavailable`: nothing was kept of it, send it again."
    )
    order_id: str | None = Field(description="The order. None where it could not be read.")
    event_id: str | None = Field(description="The event. None where it could not be read.")
    reason: str | None = Field(default=None, description="Why, for people.")


class Handover:
    """The events of one call. Once nobody answered, the rest of them is left with the server unanswered.

    So is what is left after ``patience`` seconds: events of one order take their turn, and there may be many.
    """

    def __init__(self, service: Service, *, wait: bool, patience: float = PATIENCE) -> None:
        self._service, self._wait = service, wait
        self._until = time.monotonic() + patience
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take(self, event: OrderEvent) -> Handed:
        """Hand one event over: when this returns, it needs no repeating. Raises ComeAgain."""
        try:
            answer = await self._answer(event)
        except OrderIsOver:
            return _handed(event, Fate.CLOSED, "the order is over: nobody is told")
        except NoWorker:
            raise ComeAgain("no worker was ever started here") from None
        except NoServer:
            raise ComeAgain("Temporal does not answer") from None
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                # The same event would be refused for ever.
                raise BadInput("event", "is more than Temporal takes, shorten its ids") from None
            raise ComeAgain("Temporal does not answer") from None
        return _handed(event, Fate(answer.outcome), answer.reason)

    async def take_all(self, events: Sequence[Any]) -> list[Handed]:
        """Hand many over, one result for each in its place. Events of one order go in their order."""
        results: dict[int, Handed] = {}
        read: list[tuple[int, OrderEvent]] = []
        for place, raw in enumerate(events):
            try:
                read.append((place, _own_order(raw)))
            except BadInput as problem:
                results[place] = Handed(
                    outcome=Fate.REFUSED, order_id=None, event_id=None, reason=str(problem)
                )
        read.sort(key=lambda one: one[1].order_id)
        orders = [list(own) for _, own in groupby(read, key=lambda one: one[1].order_id)]
        for handed in await asyncio.gather(*(self._in_turn(own) for own in orders)):
            results.update(handed)
        return [results[place] for place in range(len(events))]

    async def _in_turn(self, events: Sequence[tuple[int, OrderEvent]]) -> dict[int, Handed]:
        """One order's events. What follows one that nobody took would be told before it: it is not tried."""
        results: dict[int, Handed] = {}
        away: ComeAgain | None = None
        async with self._slots:
            for place, event in events:
                try:
                    if away:
                        raise away
                    results[place] = await self.take(event)
                except BadInput as problem:
                    results[place] = _handed(event, Fate.REFUSED, str(problem))
                except ComeAgain as problem:
                    away = problem
                    results[place] = _handed(event, Fate.UNAVAILABLE, f"{problem}, send it again")
        return results

    async def _answer(self, event: OrderEvent) -> Answer:
        if self._wait and time.monotonic() < self._until:
            try:
                return await self._service.announce_and_wait(event)
            except NoWorker:
                self._wait = False
        # The server may have it already: then whichever comes second is a duplicate.
        await self._service.announce(event)
        return Answer(
            outcome=Outcome.ACCEPTED, order_id=event.order_id, event_id=event.event_id, reason=UNREAD
        )


def _handed(event: OrderEvent, outcome: Fate, reason: str | None) -> Handed:
    return Handed(outcome=outcome, order_id=event.order_id, event_id=event.event_id, reason=reason)


def _own_order(raw: Any) -> OrderEvent:
    """An event that names its order itself."""
    order_id = raw.get("order_id") if isinstance(raw, dict) else None
    return read_event(raw, order_id=order_id)  # type: ignore[arg-type] # what is no text is refused there
