"""An HTTP server that answers as it is told, and can cut the line or keep silent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx


@dataclass(frozen=True)
class Says:
    """A whole answer. ``after`` seconds; ``body`` is sent as JSON unless it is bytes."""

    status: int = 200
    body: object = b""
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0

    def on_the_wire(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Length": str(len(body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Some Reason\r\n{lines}\r\n".encode() + body


@dataclass(frozen=True)
class Cuts:
    """Takes the request in, writes the beginning of an answer, and is gone: now, or when the client is."""

    beginning: bytes = b""
    outwaits_the_client: bool = False


# No answer, however long somebody waits.
SILENCE = Cuts(outwaits_the_client=True)
# Enough on any machine, where an answer comes.
PATIENT = httpx.Timeout(60)
# For what never comes. Everything before it may take its time: it would be another outcome.
IMPATIENT = httpx.Timeout(60, read=0.3)


def patience(*answers: object) -> httpx.Timeout:
    """How long to wait for such answers."""
    return IMPATIENT if SILENCE in answers else PATIENT


@dataclass(frozen=True)
class Heard:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, strict_parsing=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """Answers each request to a path with the next of its ``answers``; the last one stays."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Heard] = []
        self.answers: dict[str, list[Says | Cuts]] = {}

    def will(self, path: str, *answers: Says | Cuts) -> None:
        self.answers[path] = list(answers)

    async def has_heard(self, requests: int) -> None:
        """Wait until so many requests came in."""
        async with asyncio.timeout(60):
            while len(self.heard) < requests:  # noqa: ASYNC110 nothing sets an event of ours
                await asyncio.sleep(0.01)

    def calls_to(self, path: str) -> list[Heard]:
        return [request for request in self.heard if request.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left first
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        self.heard.append(request)
        answers = self.answers[request.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Cuts):
            writer.write(answer.beginning)
            if answer.outwaits_the_client:
                await reader.read()
            return False
        await asyncio.sleep(answer.after)
        writer.write(answer.on_the_wire())
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method, target, headers, body)


@asynccontextmanager
async def a_wire() -> AsyncIterator[Wire]:
    wire = Wire()
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        await asyncio.sleep(0)
