"""Everything the product needs on one machine: Temporal's dev server, the simulator and workers.

For the demo and for ``make run``, and as a context manager for tests, chaos runs and benchmarks::

    async with Stack.start(folder) as stack:
        await stack.load(SAMPLE_PEOPLE)
        orders = await stack.order_service()
        await stack["worker"].kill()
        await stack["worker"].start()
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from order_service import OrderService
from simulator.dev_server import as_deployed
from simulator.environ import for_programs, has_provider, temporal_binary
from simulator.ports import Ports
from simulator.programs import HOME, Program
from simulator.server import HOST, Simulator

SAMPLE_PEOPLE = Path(__file__).with_name("people.json")
_SEARCH_ATTRIBUTES = ("CustomerId=Keyword", "OrderStatus=Keyword")

T = TypeVar("T")


class Stack:
    """The running parts. See :meth:`start`; a program is had by its name, such as ``stack["worker"]``."""

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        environ: Mapping[str, str],
        simulator: Simulator,
        exits: AsyncExitStack,
        *,
        with_api: bool,
    ) -> None:
        self.folder, self.ports, self.simulator = folder, ports, simulator
        self.address = f"{HOST}:{ports.temporal}"
        self.ui = f"http://{HOST}:{ports.temporal_ui}"
        self.is_simulated = not has_provider(environ)
        self.environ = for_programs(environ, ports, simulator, folder, with_api=with_api)
        self.public_url = self.environ.get("PUBLIC_URL") if with_api else None
        self._programs: dict[str, Program] = {}
        self._exits = exits
        self._lost: list[Program] = []
        self._loss = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        ports: Ports | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        keep_orders: bool = False,
        with_api: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> AsyncIterator[Self]:
        """Run until the block ends, on free ports unless told which. What began last ends first.

        Ledger, logs and, with ``keep_orders``, Temporal's database are in ``folder``. Providers are the
        simulator's unless ``environ`` configures one. ``with_api``: they tell our API what became of their
        messages, where it has a ``PUBLIC_URL``. ``say`` hears of each step. Raises PortTakenError before
        anything is started, BadInput and ProgramError.
        """
        ports = ports or Ports.free()
        ports.check()
        temporal = temporal_binary()
        async with AsyncExitStack() as exits:
            simulator = await exits.enter_async_context(
                Simulator.start(ports.simulator, ports.simulator_smtp, ports.simulator_apns)
            )
            stack = cls(folder, ports, environ, simulator, exits, with_api=with_api)
            say(
                f"simulator of the providers at {simulator.url}, SMTP on {ports.simulator_smtp}, "
                f"APNs on {ports.simulator_apns}"
            )
            await stack._start_temporal(temporal, keep_orders=keep_orders)
            say(f"Temporal dev server at {stack.address}, its UI at {stack.ui}")
            await stack.start_worker()
            say("worker, serving every task queue")
            if stack.public_url:
                await stack._start_api()
                say(f"API for what providers and recipients tell us at {stack.public_url}")
            yield stack

    def __getitem__(self, name: str) -> Program:
        """A program by its name."""
        return self._programs[name]

    async def start_worker(self, name: str = "worker", *arguments: str, **settings: str) -> Program:
        """Start a worker, or one more under another name, with arguments and settings of its own."""
        command = (sys.executable, str(HOME / "worker.py"), *arguments)
        return await self._start(self._program(name, command, ready="worker: ready", settings=settings))

    async def _start_api(self) -> None:
        command = (sys.executable, "-m", "api")
        await self._start(self._program("api", command, ready="api: ready"))

    def program(self, name: str, command: Sequence[str], *, ready: str, **settings: str) -> Program:
        """Add a program of the caller's own, which is stopped with the rest. It is not started."""
        self._programs[name] = program = self._program(name, command, ready=ready, settings=settings)
        self._exits.push_async_callback(program.stop)
        return program

    async def load(self, people: Path) -> None:
        """Load recipients as anybody would."""
        command = (sys.executable, str(HOME / "starter.py"), "recipients", "load", str(people))
        await self._program("recipients", command).finish()

    async def client(self) -> Client:
        """Connect to this stack's Temporal server, whatever Temporal settings there are."""
        return await Client.connect(self.address, data_converter=pydantic_data_converter)

    async def order_service(self) -> OrderService:
        """Connect the order service's library to this stack."""
        return OrderService(await self.client())

    async def with_everything_up(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work. Raises ProgramError as soon as a program ends unasked."""
        tasks = doing, losing = asyncio.create_task(work), asyncio.create_task(self._loss.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._lost:
                raise self._lost[0].error("ended by itself")
            return doing.result()
        finally:
            doing.cancel()
            losing.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_temporal(self, binary: str, *, keep_orders: bool) -> None:
        command = [binary, "server", "start-dev", "--ip", HOST, "--log-level", "error", *as_deployed()]
        command += ["--port", str(self.ports.temporal), "--ui-port", str(self.ports.temporal_ui)]
        for attribute in _SEARCH_ATTRIBUTES:
            command += ["--search-attribute", attribute]
        if keep_orders:
            # Not waited for on the disk: a killed server loses nothing, a power cut may.
            command += ["--db-filename", str(self.folder / "temporal.db"), "--sqlite-pragma", "synchronous=0"]
        await self._start(self._program("temporal", command, ready="Temporal Server:"))

    async def _start(self, program: Program) -> Program:
        self._programs[program.name] = program
        # Before it is started: starting may fail or be given up half-way.
        self._exits.push_async_callback(program.stop)
        await program.start()
        return program

    def _program(
        self, name: str, command: Sequence[str], *, ready: str = "", settings: Mapping[str, str] | None = None
    ) -> Program:
        return Program(
            name,
            command,
            environ={**self.environ, **(settings or {})},
            log=self.folder / f"{name}.log",
            ready=ready,
            on_loss=self._notice,
        )

    def _notice(self, program: Program) -> None:
        self._lost.append(program)
        self._loss.set()
