"""A line to somewhere that can be cut: who speaks through it finds nobody there, until it is mended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Line:
    """A port on the loopback interface behind which is another."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._talks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def address(self) -> str:
        """Where it begins."""
        return f"127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Take calls, at the same port as ever."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all calls, and take none."""
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = asyncio.current_task()
        assert mine
        self._talks.add(mine)
        try:
            there, back = await asyncio.open_connection(*self._to)
            try:
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
            finally:
                back.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(mine)
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(65536):
        writer.write(said)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def a_line_to(address: str) -> AsyncIterator[Line]:
    """A line to ``host:port``, until the block ends."""
    host, _, port = address.rpartition(":")
    line = Line(host, int(port))
    await line.mend()
    try:
        yield line
    finally:
        with contextlib.suppress(OSError):
            await line.cut()
