"""A worker and an API as somebody operates them: real processes with metrics, in a namespace of their own.

What they know of Temporal they know over a line that a test can cut.
"""

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Self

from sqlalchemy import text
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.store import Store
from activities.store.migrating import migrate
from simulator.ports import Ports
from temporal_client import DATA_CONVERTER
from tests.processes import Process, address, in_shell, run, running, settings_apart, temporal
from tests.stage import City, Stage
from tests.store.stage import run_sql
from tests.watching import Scrape, scrape


class Line:
    """A TCP connection to somewhere, which can be cut and mended."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.partition(":")
        self._port = int(port)
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.address = ""

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator[Self]:
        """On a free port, until the block ends."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self._hang_up()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Nobody gets through for as long as the block lasts."""
        self._is_cut = True
        self._hang_up()
        try:
            yield
        finally:
            self._is_cut = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        there, back = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, back}
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        self._open -= {writer, back}

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@dataclass
class Operated:
    """What runs, and what is known from outside: the settings, the ports of the metrics, the ledger."""

    city: City
    settings: dict[str, str]
    client: Client
    line: Line
    ports: dict[str, int]
    api: str
    exits: contextlib.AsyncExitStack
    programs: dict[str, Process] = field(default_factory=dict)

    async def start(self, job: str, *command: str, ready: str) -> None:
        """Start a program, or start it again."""
        process = await self.exits.enter_async_context(running(*command, settings=self.settings))
        await process.says(ready)
        self.programs[job] = process

    async def start_worker(self, *arguments: str) -> None:
        """Start the worker, or start it again."""
        await self.start("worker", "worker.py", *arguments, ready="worker: ready")

    async def start_api(self) -> None:
        """Start the API, or start it again."""
        await self.start("api", "-m", "api", ready="api: ready")

    async def scrape(self) -> Scrape:
        """What Prometheus would get now."""
        return await scrape(self.ports)

    async def sends_a_second(self, queue: str, limit: str) -> None:
        """Change the rate of a queue of sends while it is served."""
        where = ("--address", address(self.city.stage), "--namespace", self.client.namespace)
        limits = ("--task-queue", queue, "--task-queue-type", "activity", "--queue-rps-limit", limit)
        done = await temporal("task-queue", "config", "set", *where, *limits)
        assert done.code == 0, done.err

    async def types(self, commands: str, **environ: str) -> str:
        """What is printed when somebody types these one after the other, and every one of them succeeds."""
        lines = commands.replace("\\\n", " ").splitlines()
        return "".join([await self._types_one(line, {**self.settings, **environ}) for line in lines])

    async def _types_one(self, line: str, settings: dict[str, str]) -> str:
        python, *words = shlex.split(Template(line).substitute(settings))
        # Ours where they wait loaded: a second less for each.
        ended = await (run(*words, settings=settings) if python == "python" else in_shell(line, settings))
        assert ended.code == 0, f"{line}\n{ended.out}{ended.err}"
        return ended.out

    async def breaker_is(self, provider: str, state: str) -> bool:
        """Whether the worker goes by this state."""
        found = await self.scrape()
        return found.value(f'notifications_breaker{{provider="{provider}",state="{state}"}}') == 1

    async def sql(self, statement: str) -> None:
        """Do something to the database behind everybody's back."""
        await run_sql(self.settings["DATABASE_URL"], text(statement))


@contextlib.asynccontextmanager
async def operated(stage: Stage, name: str, folder: Path) -> AsyncIterator[Operated]:
    """Everything up, until the block ends."""
    settings = await settings_apart(stage, name, folder)
    await migrate(settings["DATABASE_URL"])
    client = await Client.connect(address(stage), namespace=name, data_converter=DATA_CONVERTER)
    free = Ports.free()
    ports = {"worker": free.temporal, "api": free.temporal_ui}
    async with (
        contextlib.AsyncExitStack() as exits,
        Line(address(stage)).laid() as line,
        Store(settings["DATABASE_URL"]) as store,
    ):
        settings |= {
            "TEMPORAL_ADDRESS": line.address,
            "METRICS_PORT": str(ports["worker"]),
            "API_METRICS_PORT": str(ports["api"]),
            "API_PORT": str(free.api),
            "PUBLIC_URL": f"http://127.0.0.1:{free.api}",
        }
        apart = replace(stage, env=TimeSkipper(client), store=store, orders={})  # type: ignore[arg-type] # has what is used
        city = City(apart, name)
        all_of_it = Operated(city, settings, client, line, ports, settings["PUBLIC_URL"], exits)
        await asyncio.gather(all_of_it.start_worker(), all_of_it.start_api())
        yield all_of_it
