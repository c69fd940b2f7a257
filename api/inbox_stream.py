"""The stream of an inbox: every change as it comes, by server-sent events that go on where they were cut."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from activities.store.errors import StoreUnavailable
from api.answers import problems, unusable
from api.callers import Callers
from api.cards import CARD_EXAMPLE, COUNTS_EXAMPLE, Card, Counts
from api.streams import Heads, Stream, Streams, TooManyStreams
from domain import inbox

STREAM = "/v1/me/inbox/stream"
HEARTBEAT = 15.0
# Not all at the same moment, when a deploy has cut thousands.
COME_AGAIN_MS = (1000, 3000)
_CARDS_AT_ONCE = 50
_LATEST = 2**62
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # nginx would keep events back until it has enough of them.
    "X-Accel-Buffering": "no",
}
_After = Annotated[
    str | None,
    Query(
        description="The `change` of a page or the `id` of an event: what came after it is sent. "
        "Without it the stream begins with what comes now.",
        examples=["9"],
    ),
]
_LastEventId = Annotated[
    str | None,
    Header(description="The same, as browsers send it by themselves; it goes before `after`", examples=["9"]),
]
_EXAMPLE = (
    "retry: 2000\n\n"
    f"event: card\ndata: {json.dumps(CARD_EXAMPLE)}\nid: 9\n\n"
    f"event: counts\ndata: {json.dumps(COUNTS_EXAMPLE)}\n\n"
    ": still here\n\n"
)
_EVENTS: dict[str, Any] = {
    "description": "`card`, a whole card as it is now, with the number of its change as `id`; `counts`; "
    "and a comment every 15 seconds",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
}


class Inboxes(Heads, Protocol):
    """The store's inboxes, as far as streams need them."""

    async def changes_since(  # noqa: D102 as the store says
        self, recipient_id: str, change: int, limit: int
    ) -> Sequence[inbox.Card]: ...

    async def counts(self, recipient_id: str) -> inbox.Counts: ...  # noqa: D102


class StreamDoor:
    """Keeps recipients posted."""

    def __init__(
        self, store: Inboxes, callers: Callers, streams: Streams | None = None, heartbeat: float = HEARTBEAT
    ) -> None:
        self._store, self._callers, self._heartbeat = store, callers, heartbeat
        self._streams = streams or Streams(store)
        self._let_in = callers.recipient()

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Inbox"], dependencies=[Depends(self._let_in)])
        router.get(
            STREAM,
            # Not FastAPI's StreamingResponse: whoever answers with that has no word in how it ends.
            response_class=StreamingResponse,
            responses={200: _EVENTS, **problems(401, 422, 429, 503)},
        )(self.stream)
        return router

    async def stream(
        self, request: Request, after: _After = None, last_event_id: _LastEventId = None
    ) -> StreamingResponse:
        """Every change of the inbox after the one that is named, or from now on.

        It goes on until the token is over or the server is about to end: connect again, as browsers do.
        """
        since = _number("Last-Event-ID", last_event_id)
        since = _number("after", after) if since is None else since
        recipient_id = await self._let_in(request, None)
        now = (await self._store.heads([recipient_id])).get(recipient_id, 0)
        stream = self._opened(request, recipient_id)
        # A number from the future is one from before the store was set back: what follows now is not in it.
        stream.position = now if since is None else min(since, now)
        stream.notice(now)
        events = self._events(stream, lambda: self._callers.signed_in_recipient(request) is not None)
        return _Events(events, stream, self._streams)

    def _opened(self, request: Request, recipient_id: str) -> Stream:
        if guests := getattr(request.state, "guests", None):
            guests.know(self._streams)
        try:
            return self._streams.open(recipient_id)
        except TooManyStreams:
            raise HTTPException(429, "too many streams are open, close one", {"Retry-After": "20"}) from None

    async def _events(self, stream: Stream, may_go_on: Callable[[], bool]) -> AsyncIterator[bytes]:
        yield format_sse_event(retry=random.randint(*COME_AGAIN_MS))  # noqa: S311 no secret
        counted: inbox.Counts | None = None
        while not stream.has_ended and may_go_on():
            try:
                async for card in self._changes(stream):
                    yield _event("card", Card.of(card), card.change)
                if counted != (counts := await self._store.counts(stream.recipient_id)):
                    counted = counts
                    yield _event("counts", Counts.of(counts))
            except StoreUnavailable:
                # Its reader has not missed anything: with the next look it is woken again.
                counted = None
            while not (stream.has_ended or await stream.sleep(self._heartbeat)):
                yield format_sse_event(comment="still here")
                if counted is None or not may_go_on():
                    break

    async def _changes(self, stream: Stream) -> AsyncIterator[inbox.Card]:
        """What its reader does not have yet, part by part."""
        while stream.is_behind and not stream.has_ended:
            head = stream.head
            cards = await self._store.changes_since(stream.recipient_id, stream.position, _CARDS_AT_ONCE)
            for card in cards:
                yield card
                stream.position = card.change
            if not cards:
                stream.position = head


class _Events(StreamingResponse):
    """An answer that goes on until its stream ends, which it does when its reader has gone.

    Starlette would cancel it then, in the middle of a call to the store.
    """

    def __init__(self, events: AsyncIterator[bytes], stream: Stream, streams: Streams) -> None:
        super().__init__(events, headers=_HEADERS, media_type="text/event-stream")
        self._stream, self._streams = stream, streams

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        reader = asyncio.create_task(self._end_with_its_reader(receive))
        try:
            await self.stream_response(send)
        finally:
            reader.cancel()
            self._streams.close(self._stream)

    async def _end_with_its_reader(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()


def _event(name: str, what: Card | Counts, change: int | None = None) -> bytes:
    return format_sse_event(
        event=name, data_str=what.model_dump_json(), id=None if change is None else str(change)
    )


def _number(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _LATEST):
        raise unusable(field, "is not the number of a change, leave it out to begin with what comes now")
    return int(text)
