"""httpx's calls over aiohttp's connections, at a quarter of the CPU, with httpx's names for what goes wrong.

The difference is between what cannot have left and what may have: one is tried again, the other might arrive
twice. So answers are read whole here, and nothing can go wrong behind a call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies

import aiohttp
import httpx
from yarl import URL

# Whatever is not here may have left.
_NEVER_LEFT = {
    # Before that the wait for one of our own connections; no request is written meanwhile.
    aiohttp.ConnectionTimeoutError: httpx.ConnectTimeout,
    aiohttp.ClientHttpProxyError: httpx.ProxyError,
    # No such host or proxy, nobody there, or a certificate that is not to be trusted.
    aiohttp.ClientConnectorError: httpx.ConnectError,
    aiohttp.InvalidURL: httpx.UnsupportedProtocol,
    aiohttp.NonHttpUrlClientError: httpx.UnsupportedProtocol,
}
# As httpx keeps them: long before a provider would close one under a call.
_KEPT_IDLE = 5.0


class Connections(httpx.AsyncBaseTransport):
    """So many connections at most, kept for the next call. Made with the first call, in its event loop."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make one call. Raises httpx's exceptions: see the module."""
        session = self._session or self._opened()
        with _as_httpx_says_it():
            async with session.request(
                request.method,
                _url(request),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                timeout=_timeout(request),
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        return httpx.Response(answer.status, headers=answer.raw_headers, content=body, request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=httpx.create_ssl_context(), limit=self._at_most, keepalive_timeout=_KEPT_IDLE
            ),
            # What httpx does: it has set the headers by now, and keeps the cookies.
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # It would look into the environment with each call.
            trust_env=bool(getproxies()),
        )
        return self._session


def _url(request: httpx.Request) -> URL:
    """As httpx spells it, with the target that somebody keeps out of httpx's log."""
    target = request.extensions.get("target")
    url = request.url.copy_with(raw_path=target) if target else request.url
    return URL(str(url), encoded=True)


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    wait = request.extensions["timeout"]
    pool, connect = wait["pool"], wait["connect"]
    both = None if pool is None or connect is None else pool + connect
    return aiohttp.ClientTimeout(total=None, connect=both, sock_connect=connect, sock_read=wait["read"])


@contextmanager
def _as_httpx_says_it() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as problem:
        # Without its text and its cause: they may repeat what was sent.
        meanings = (meaning for kind, meaning in _NEVER_LEFT.items() if isinstance(problem, kind))
        raise next(meanings, httpx.ReadError)(type(problem).__name__) from None
