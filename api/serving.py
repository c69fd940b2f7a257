"""Serves an application over HTTP inside whatever event loop there is, until told to stop."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.orders import BadInput

# Longer than any answer of ours takes.
DRAIN = 20


class Guest(Protocol):
    """Whose answers would never end by themselves."""

    def leave(self) -> None:
        """End them: the server is to end."""

    async def gone(self) -> None:
        """Wait until nothing is under way any more that was begun for them."""


class Guests:
    """In ``request.state.guests``: who is to be told when the server is to end."""

    def __init__(self) -> None:
        self._known: set[Guest] = set()

    def know(self, guest: Guest) -> None:
        """Tell somebody then, once, however often they come."""
        self._known.add(guest)

    def leave(self) -> None:
        """Ask all of them to leave."""
        for guest in self._known:
            guest.leave()

    async def gone(self) -> None:
        """Wait until they have."""
        for guest in self._known:
            await guest.gone()


class _Server(uvicorn.Server):
    """Leaves signals to the program that it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, proxies: str | None = None
) -> AsyncIterator[str]:
    """Serve until the block ends, then finish what was begun. Yields the URL; port 0 takes a free one.

    ``proxies``: whose word is believed on where a call comes from, as uvicorn's ``forwarded_allow_ips``.
    """
    guests = Guests()

    async def aware(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["guests"] = guests
        await app(scope, receive, send)

    # Of no use to whoever collects logs: it would hold links, which are secrets.
    logging.getLogger("uvicorn.access").disabled = True
    with _listening(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                aware,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # By default uvicorn believes whoever calls from this very machine.
                proxy_headers=proxies is not None,
                forwarded_allow_ips=proxies or "",
                timeout_graceful_shutdown=DRAIN,
            )
        )
        running = asyncio.create_task(server.serve([listener]))
        while not (server.started or running.done()):  # noqa: ASYNC110 it sets no event of ours
            await asyncio.sleep(0.005)
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        finally:
            guests.leave()
            server.should_exit = True
            await running
            await guests.gone()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except OSError:
        raise BadInput("API_HOST", f"{host} is no address of this machine") from None
    # Not socket.create_server: without the protocol asyncio leaves Nagle on, which costs 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as wrong:
        listener.close()
        if wrong.errno == errno.EADDRNOTAVAIL:
            raise BadInput("API_HOST", f"{host} is no address of this machine") from None
        raise BadInput("API_PORT", f"{port} cannot be listened on, choose another port") from None
    return listener
