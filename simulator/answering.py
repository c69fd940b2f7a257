"""How every HTTP stand-in answers: as it would, unless a fault says late, otherwise or not at all."""

import asyncio
from collections.abc import Callable
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.faults import Fault
from simulator.world import Raw, World

_NOT_OF_INTEREST = frozenset({b"authorization", b"host", b"accept", b"accept-encoding", b"connection"})


class CuttableProtocol(H11Protocol):
    """HTTP whose requests can reach their own connection, as ``scope["state"]["transport"]``."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport where the application finds it."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.app_state = {**self.app_state, "transport": transport}


class Cut(Response):
    """The answer that never comes: the connection closes without a byte of it."""

    def __init__(self) -> None:
        # Nothing to prepare: no header, no body.
        pass

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        """Close, then wait until the server has noticed: it would answer 500 if we returned before."""
        scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


async def answer(
    world: World,
    fault: Fault | None,
    accept: Callable[[], Response],
    phrase: Callable[[Fault], Response],
) -> Response:
    """Answer a request: ``accept`` as the provider does, ``phrase`` a fault as the provider would word it.

    A slow provider accepts at once and answers late: a client that gives up meanwhile was heard.
    """
    if fault is None:
        return accept()
    match fault.kind:
        case "slow":
            response = accept()
            await world.faults.hold(fault)
            return response
        case "cut_before":
            return Cut()
        case "cut_after":
            accept()
            return Cut()
        case _:
            return phrase(fault)


def raw(request: Request, body: bytes) -> Raw:
    """Show a request to people: without credentials and without what every client sends."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in request.scope["headers"]
        if name not in _NOT_OF_INTEREST
    }
    return Raw(headers, body.decode(errors="replace"))


def retry_after(fault: Fault) -> dict[str, str] | None:
    """Give the header that a throttling provider may add."""
    return None if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
