"""An HTTP/2 server for stand-ins: one answer a request, and all that can befall a connection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError, TooManyStreamsError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

_CONFIG = H2Configuration(client_side=False, header_encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole request. ``connection`` is for whoever answers to remember things by."""

    headers: Sequence[tuple[str, str]]
    body: bytes
    connection: dict[str, Any]

    def all(self, name: str) -> list[str]:
        """Give every value of a header."""
        return [value for found, value in self.headers if found == name]

    def one(self, name: str) -> str:
        """Give a header's first value, empty without one."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, once ``late`` has ended where there is something to wait for."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    late: Callable[[], Awaitable[object]] | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Instead of an answer: the stream ends, the connection stays."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Instead of an answer: the connection is gone, and so are the answers of all others on it."""


@dataclass
class _GoAway:
    requests_until: int
    disown: bool


class Http2Server:
    """What all connections of one stand-in share: who answers, the limit of streams, and what was counted.

    A connection may have one stream at a time until its first request was answered with 200, then
    ``stream_limit``. ``above_limit`` counts the connections that did not keep to it: they are closed.
    """

    def __init__(self, answer: Callable[[Asked], Answer | Reset | Cut]) -> None:
        self.answer = answer
        self.stream_limit = 1000
        self.connections = 0
        self.most_streams = 0
        self.above_limit = 0
        self.sent_away = 0
        self.disowned = 0
        self.open: set[Connection] = set()
        self._go_away: _GoAway | None = None

    def connect(self) -> "Connection":
        """Make the protocol of a new connection."""
        self.connections += 1
        return Connection(self)

    def go_away_after(self, requests: int, *, disown: bool) -> None:
        """Send GOAWAY with the answer to the so many-th request from now, and answer no later stream.

        With ``disown``, streams that are open then and came after that request's count as later: they were
        not processed, and GOAWAY says so. Otherwise they are answered behind it.
        """
        self._go_away = _GoAway(requests, disown)

    def goes_away(self) -> _GoAway | None:
        """Say whether the request that was just answered is the one to go away with."""
        if self._go_away is None:
            return None
        self._go_away.requests_until -= 1
        if self._go_away.requests_until > 0:
            return None
        due, self._go_away = self._go_away, None
        self.sent_away += 1
        return due

    def cut(self) -> None:
        """Drop every connection as it is."""
        for connection in list(self.open):
            connection.abort()


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, server: Http2Server) -> None:
        self._server = server
        self._h2 = H2Connection(_CONFIG)
        self._transport: asyncio.Transport | None = None
        self._requests: dict[int, tuple[list[tuple[str, str]], bytearray]] = {}
        self._late: dict[int, asyncio.Task[None]] = {}
        self._memory: dict[str, Any] = {}
        self._newest = 0
        self._last: int | None = None
        self._is_trusted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Offer one stream."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.open.add(self)
        self._h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: 1}
        )
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, _: Exception | None) -> None:
        """Answer nobody any more."""
        self._transport = None
        self._server.open.discard(self)
        for late in self._late.values():
            late.cancel()

    def data_received(self, data: bytes) -> None:
        """Hear what a client says. Breaking the protocol ends the connection."""
        try:
            events = self._h2.receive_data(data)
        except ProtocolError as wrong:
            self._server.above_limit += isinstance(wrong, TooManyStreamsError)
            self._flush()
            if self._transport:
                self._transport.close()
            return
        self._server.most_streams = max(self._server.most_streams, self._h2.open_inbound_streams)
        self._newest = max([self._newest, *(e.stream_id for e in events if isinstance(e, RequestReceived))])
        for event in events:
            self._hear(event)
        self._flush()

    def abort(self) -> None:
        """Be gone, without a word."""
        if self._transport:
            self._transport.abort()
            self._transport = None

    def _hear(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int(stream), headers=headers):
                self._requests[stream] = (cast("list[tuple[str, str]]", headers), bytearray())
            case DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
                if stream in self._requests:
                    self._requests[stream][1].extend(data or b"")
                self._h2.acknowledge_received_data(length or 0, stream)
            case StreamReset(stream_id=int(stream)):
                self._requests.pop(stream, None)
                if late := self._late.pop(stream, None):
                    late.cancel()
            case StreamEnded(stream_id=int(stream)) if stream in self._requests:
                self._ended(stream)
            case ConnectionTerminated() if self._transport:
                self._transport.close()

    def _ended(self, stream: int) -> None:
        headers, body = self._requests.pop(stream)
        if self._last is not None and stream > self._last:
            self._server.disowned += 1
            return
        answer = self._server.answer(Asked(headers, bytes(body), self._memory))
        if isinstance(answer, Answer) and answer.late:
            self._late[stream] = asyncio.create_task(self._say_late(stream, answer, answer.late()))
        else:
            self._say(stream, answer)
        if due := self._server.goes_away():
            self._say_goodbye(stream if due.disown else self._newest)

    async def _say_late(self, stream: int, answer: Answer, late: Awaitable[object]) -> None:
        await late
        del self._late[stream]
        self._say(stream, answer)
        self._flush()

    def _say(self, stream: int, answer: Answer | Reset | Cut) -> None:
        match answer:
            case Cut():
                self.abort()
            case Reset():
                self._h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            case Answer(status, body, headers):
                self._h2.send_headers(stream, [(":status", str(status)), *headers.items()], not body)
                if body:
                    self._h2.send_data(stream, body, end_stream=True)
                if status == 200:
                    self._trust()

    def _trust(self) -> None:
        if not self._is_trusted:
            self._is_trusted = True
            self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._server.stream_limit})

    def _say_goodbye(self, last: int) -> None:
        """Go away. Not by h2: after its GOAWAY it would let nobody answer what is still open."""
        self._last = last
        self._flush()
        if self._transport:
            self._transport.write(GoAwayFrame(0, last_stream_id=last).serialize())

    def _flush(self) -> None:
        if self._transport and (data := self._h2.data_to_send()):
            self._transport.write(data)
