"""What the tests of inboxes share: tokens, news to tell, and somebody who reads a stream."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from domain.status import Status
from tests.api.stage import Door
from tests.processes import PATIENCE
from tests.store.stage import Stage as Planning
from tests.store.stage import batch, somebody

ANA, BEN = "c-42", "c-43"
INBOX, STREAM = "/v1/me/inbox", "/v1/me/inbox/stream"


def token(door: Door, recipient_id: str = ANA) -> dict[str, str]:
    """What a recipient's app sends along."""
    return {"Authorization": f"Bearer {door.links.recipient_token(recipient_id)}"}


async def told(door: Door, order_id: str, *statuses: Status, recipient_id: str = ANA) -> None:
    """Tell news, each status as a message of its own."""
    if recipient_id != ANA:
        await door.store.load([somebody(recipient_id)])
    facts = {"merchant_name": "Burger Barn"}
    for status in statuses:
        news = batch(
            status, number=status.rank + 1, order_id=order_id, recipient_id=recipient_id, facts=facts
        )
        await Planning(door.store, "").plan(news)


@dataclass
class Listener:
    """Somebody who reads a stream, event by event."""

    response: httpx.Response
    retry: int | None = None
    comments: list[str] = field(default_factory=list)
    last_event_id: str | None = None

    def __post_init__(self) -> None:
        """Begin with the first line."""
        self._lines = self.response.aiter_lines()

    async def next(self, wanted: str | None = None) -> dict[str, Any]:
        """The next event, or the next of one kind: its data with its name and id."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self._event()
                assert event is not None, "the stream ended"
                if wanted in (None, event["event"]):
                    return event

    async def card(self) -> tuple[str, str, str | None]:
        """The next card: its order, its status, its number."""
        event = await self.next("card")
        return event["data"]["order_id"], event["data"]["status"], event["id"]

    async def hears(self, comment: str) -> None:
        """Wait for a comment."""
        async with asyncio.timeout(PATIENCE):
            while comment not in self.comments:
                assert await self._line() is not None, "the stream ended"

    async def ends(self) -> None:
        """Read to the end, which comes by itself."""
        async with asyncio.timeout(PATIENCE):
            while await self._line() is not None:
                pass

    async def _event(self) -> dict[str, Any] | None:
        fields: dict[str, str] = {}
        while (line := await self._line()) is not None:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                self.last_event_id = fields.get("id", self.last_event_id)
                return {"event": fields["event"], "data": json.loads(fields["data"]), "id": fields.get("id")}
        return None

    async def _line(self) -> str | None:
        line = await anext(self._lines, None)
        if line is not None and line.startswith(": "):
            self.comments.append(line[2:])
            return await self._line()
        if line is not None and line.startswith("retry: "):
            self.retry = int(line.removeprefix("retry: "))
        return line


@contextlib.asynccontextmanager
async def listening(
    http: httpx.AsyncClient, headers: dict[str, str], after: int | str | None = None
) -> AsyncIterator[Listener]:
    """Open a stream, and cut it when the block ends."""
    params = {} if after is None else {"after": str(after)}
    async with http.stream("GET", STREAM, headers=headers, params=params, timeout=PATIENCE) as response:
        if response.is_error:
            await response.aread()
        response.raise_for_status()
        yield Listener(response)
