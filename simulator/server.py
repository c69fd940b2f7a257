"""Runs the stand-ins on loopback, inside whatever event loop there is: a test's, a benchmark's or its own."""

import asyncio
import errno
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

import httpx
import uvicorn
from starlette.routing import BaseRoute, Router
from uvicorn.server import ServerState

from simulator.answering import CuttableProtocol
from simulator.apns import Apns
from simulator.app import app
from simulator.certificate import self_signed
from simulator.faults import Fault, FaultPlan
from simulator.smtp import Relay
from simulator.world import Received, World

HOST = "127.0.0.1"
PORT = 8090
SMTP_PORT = 8091
APNS_PORT = 8092

# Longer than any client keeps a connection: closing it under a request would look like a fault.
_KEEP_ALIVE = 3600


class PortTakenError(Exception):
    """A port cannot be listened on. The text names the setting to change."""


class Simulator:
    """The running stand-ins. See :meth:`start`.

    ``world`` is what they share. ``apns_ca`` is the file to trust APNs's stand-in by, which speaks TLS alone.
    It goes when we do.
    """

    def __init__(
        self,
        world: World,
        router: Router,
        port: int,
        smtp_port: int,
        apns: Apns,
        apns_port: int,
        apns_ca: Path,
    ) -> None:
        self.world, self._router = world, router
        self.port, self.smtp_port, self.apns_port = port, smtp_port, apns_port
        self.url = f"http://{HOST}:{port}"
        self.apns, self.apns_ca = apns, apns_ca

    @classmethod
    @asynccontextmanager
    async def start(
        cls, port: int = 0, smtp_port: int = 0, apns_port: int = 0, *, world: World | None = None
    ) -> AsyncIterator[Self]:
        """Run until the block ends. Port 0 takes a free one. Raises PortTakenError."""
        world = world or World()
        apns = Apns(world)
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="order-notifications-"))
            ca, tls = self_signed(Path(folder), HOST)
            http = stack.enter_context(_listening(port, "SIMULATOR_PORT"))
            smtp = stack.enter_context(_listening(smtp_port, "SIMULATOR_SMTP_PORT"))
            push = stack.enter_context(_listening(apns_port, "SIMULATOR_APNS_PORT"))
            router = app(world)
            await stack.enter_async_context(_serving_http(world, router, http))
            await stack.enter_async_context(_serving_smtp(world, smtp))
            await stack.enter_async_context(_serving_apns(apns, push, tls))
            ports = [listener.getsockname()[1] for listener in (http, smtp, push)]
            yield cls(world, router, ports[0], ports[1], apns, ports[2], ca)

    def adds(self, routes: Sequence[BaseRoute]) -> None:
        """Answer to more than the stand-ins do, at the same port. What was added last comes first."""
        self._router.routes[:0] = routes

    @property
    def received(self) -> list[Received]:
        """What people received so far, in order of arrival."""
        return list(self.world.received)

    def clear_received(self) -> None:
        """Forget what people received. Numbers go on."""
        self.world.received.clear()

    @property
    def faults(self) -> Sequence[Fault]:
        """The faults in force."""
        return self.world.faults.plan.faults

    def set_faults(self, faults: Sequence[Fault], *, seed: int = 1) -> None:
        """Replace all faults; their windows and ``times`` begin now."""
        self.world.faults.set(FaultPlan(seed=seed, faults=faults))

    def clear_faults(self) -> None:
        """Let everything go well."""
        self.set_faults([])

    async def text_in(
        self, number: str, body: str, url: str, *, opt_out_type: str | None = None
    ) -> int | None:
        """Let somebody text back: Twilio posts it to ``url``. Gives the answer's status, None without one."""
        texted = {"from": number, "body": body, "url": url, "opt_out_type": opt_out_type}
        async with httpx.AsyncClient(timeout=30) as http:
            answer = (await http.post(f"{self.url}/inbound", json=texted)).raise_for_status()
        status: int | None = answer.json()["status"]
        return status

    async def wait_for(self, count: int, timeout: float = 60) -> list[Received]:  # noqa: ASYNC109 - it says what was missing
        """Wait until ``count`` messages are in :attr:`received`. Raises TimeoutError."""
        if not await self.world.until(lambda: len(self.world.received) >= count, timeout):
            raise TimeoutError(f"{len(self.world.received)} of {count} messages after {timeout} s")
        return self.received

    async def next_after(self, n: int, timeout: float = 60) -> Received:  # noqa: ASYNC109 - it says what was missing
        """Wait for the first message after the ``n``-th. Raises TimeoutError."""
        if not await self.world.until(lambda: bool(self.world.after(n)), timeout):
            raise TimeoutError(f"no message after number {n} within {timeout} s")
        return self.world.after(n)[0]


def _listening(port: int, setting: str) -> socket.socket:
    # Not socket.create_server: without the protocol asyncio leaves Nagle on, which costs 40 ms a request.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as wrong:
        listener.close()
        why = "is taken" if wrong.errno == errno.EADDRINUSE else "cannot be used"
        raise PortTakenError(f"{setting}={port} {why}: {wrong.strerror}, choose another port") from wrong
    return listener


@asynccontextmanager
async def _serving_http(world: World, router: Router, listener: socket.socket) -> AsyncIterator[None]:
    # Not uvicorn.Server: it catches signals, which belong to the program we are run in.
    config = uvicorn.Config(
        router,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE,
    )
    config.load()
    state = ServerState()
    server = await _serve(lambda: CuttableProtocol(config, state, {}), listener)
    try:
        yield
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        # After the connections: what was slow must not answer as if its time had come.
        world.close()
        await asyncio.gather(*state.tasks, return_exceptions=True)


@asynccontextmanager
async def _serving_smtp(world: World, listener: socket.socket) -> AsyncIterator[None]:
    connections: set[Relay] = set()
    server = await _serve(lambda: Relay(world, connections), listener)
    try:
        yield
    finally:
        server.close()
        tasks = [connection.task for connection in connections]
        for connection in connections:
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _serving_apns(apns: Apns, listener: socket.socket, tls: ssl.SSLContext) -> AsyncIterator[None]:
    server = await _serve(apns.server.connect, listener, tls)
    try:
        yield
    finally:
        server.close()
        apns.server.cut()


async def _serve(
    protocol: Callable[[], asyncio.Protocol], listener: socket.socket, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(protocol, sock=listener, ssl=tls)
