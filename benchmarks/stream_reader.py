"""A client of the inbox's stream for benchmarks: reads over a bare socket, and goes on where it was cut."""

import asyncio
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

STREAM = "/v1/me/inbox/stream"
# As browsers do, it comes again after a while.
AWAY_SECONDS = 1.0


@dataclass
class StreamReader:
    """One recipient's app. ``arrived``: when each order's card came, and after how many cuts.

    ``refused`` and ``ended``: how often the server did not let it in, or let it go.
    """

    url: str
    recipient_id: str
    token: str = field(repr=False)
    is_open: bool = False
    cuts: int = 0
    refused: int = 0
    ended: int = 0
    arrived: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    _last: str = "0"
    _writer: asyncio.StreamWriter | None = None
    _is_cut: bool = False

    def cut(self) -> None:
        """Lose the connection in the middle of whatever comes."""
        if self.is_open and self._writer:
            self.is_open, self._is_cut = False, True
            self.cuts += 1
            self._writer.transport.abort()

    async def read(self) -> None:
        """Read for ever, over many connections."""
        while True:
            try:
                await self._connect_and_read()
            except (OSError, asyncio.IncompleteReadError):
                self.is_open = False
            self.ended += not self._is_cut
            self._is_cut = False
            await asyncio.sleep(random.uniform(0, AWAY_SECONDS))  # noqa: S311 not for secrets

    async def _connect_and_read(self) -> None:
        where = urlsplit(self.url)
        reader, self._writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            self._writer.write(self._request(where.netloc))
            if b" 200 " not in await reader.readline():
                self.refused += 1
                return
            await reader.readuntil(b"\r\n\r\n")
            self.is_open = True
            await self._follow(reader)
        finally:
            self.is_open = False
            self._writer.transport.abort()

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        order_id = ""
        # What frames the chunks stands on lines of its own.
        while (line := await reader.readline()) and not self._is_cut:
            if line.startswith(b'data: {"order_id"'):
                order_id = json.loads(line[6:])["order_id"]
            elif line.startswith(b"id: "):
                self._last = line[4:].decode().strip()
                self.arrived[order_id].append((time.monotonic(), self.cuts))

    def _request(self, host: str) -> bytes:
        return (
            f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Last-Event-ID: {self._last}\r\n\r\n"
        ).encode()
