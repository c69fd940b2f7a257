"""What providers on HTTP/2 need beside: one connection for many calls, and a way to give it up."""

import asyncio
import logging
import ssl
from dataclasses import dataclass

import httpx

# Below what NATs and load balancers commonly allow an idle connection: those drop it without a word. Longer
# than httpx's own 5 s, because Apple takes clients that keep reconnecting for an attack.
KEPT_IDLE = 180.0
_CONNECTIONS = "connections"


@dataclass
class _Connections:
    transport: httpx.AsyncHTTPTransport
    calls: int = 0


class Http2Client(httpx.AsyncClient):
    """A client that speaks HTTP/2 and nothing else. ``timeout`` is for each step of a call, twice it for all.

    httpx alone would not notice that one call of many is never answered while others are.
    """

    def __init__(self, trust: ssl.SSLContext, timeout: httpx.Timeout) -> None:
        # hpack writes every header at DEBUG, and with it each device's token and our own.
        logging.getLogger("hpack").setLevel(logging.INFO)
        self._renewable = _Renewable(trust, 2 * (timeout.read or 0) or None)
        super().__init__(transport=self._renewable, timeout=timeout)

    async def renew(self, answer: httpx.Response) -> None:
        """Make the next calls over a new connection, unless that was done since ``answer``'s began."""
        connections = answer.extensions[_CONNECTIONS]
        self._renewable.give_up(connections)
        await self._renewable.close_if_done(connections)


class _Renewable(httpx.AsyncBaseTransport):
    """Reads answers whole, so that nothing of a connection is left to go wrong behind a call."""

    def __init__(self, trust: ssl.SSLContext, longest: float | None) -> None:
        self._trust, self._longest = trust, longest
        self._current = self._new()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connections = self._current
        connections.calls += 1
        try:
            async with asyncio.timeout(self._longest):
                answer = await connections.transport.handle_async_request(request)
                await answer.aread()
        except httpx.LocalProtocolError:
            self.give_up(connections)
            raise
        except httpx.TransportError:
            raise
        except asyncio.CancelledError:
            # Its stream stays open on a connection that may allow no other.
            self.give_up(connections)
            raise
        except Exception as error:  # noqa: BLE001 too late, or what httpx lets through of h2's own errors
            # Their texts repeat what was received.
            self.give_up(connections)
            raise httpx.ReadError(type(error).__name__) from None
        finally:
            connections.calls -= 1
            await self.close_if_done(connections)
        answer.extensions[_CONNECTIONS] = connections
        return answer

    def give_up(self, connections: _Connections) -> None:
        """Leave connections to the calls that are under way on them."""
        if connections is self._current:
            self._current = self._new()

    async def close_if_done(self, connections: _Connections) -> None:
        """Close connections that were given up, after the last call on them."""
        if connections is not self._current and not connections.calls:
            await connections.transport.aclose()

    async def aclose(self) -> None:
        await self._current.transport.aclose()

    def _new(self) -> _Connections:
        limits = httpx.Limits(keepalive_expiry=KEPT_IDLE)
        return _Connections(
            httpx.AsyncHTTPTransport(verify=self._trust, http1=False, http2=True, limits=limits)
        )
