"""What HTTP providers share: one client, one way to call, and careful reading of whatever comes back."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from activities.channels.connections import Connections
from domain.outcomes import TryLater, Unknown

# FCM asks for 10 s at least. Shorter limits turn answers that were on their way into doubts.
TIMEOUT = 10.0
CONNECTIONS = 100

_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class NoCookies(httpx.Cookies):
    """Keeps none: what a provider sets with one recipient's call has no place in another's."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them where they are."""


_NO_COOKIES = NoCookies()


class Client(httpx.AsyncClient):
    """The client of all providers of a process. Those that a provider needs beside it close with it."""

    _others: tuple[httpx.AsyncClient, ...] = ()

    @property  # type: ignore[misc]  # httpx would let it be set
    def cookies(self) -> httpx.Cookies:
        """None, ever."""
        return _NO_COOKIES

    def closes(self, other: httpx.AsyncClient) -> None:
        """Have another client close when this one does."""
        self._others += (other,)

    async def __aexit__(self, *raised: Any) -> None:
        """Close, as the end of an ``async with`` does."""
        await self._close_others()
        await super().__aexit__(*raised)

    async def aclose(self) -> None:
        """Close."""
        await self._close_others()
        await super().aclose()

    async def _close_others(self) -> None:
        for other in self._others:
            await other.aclose()


def new_client(timeout: float = TIMEOUT) -> Client:
    """Build the client for all providers of a process, without retries: those are the workflow's."""
    return Client(timeout=timeout, transport=Connections(CONNECTIONS))


async def call(
    http: httpx.AsyncClient, provider: str, request: httpx.Request, *, auth: httpx.Auth | None = None
) -> httpx.Response | TryLater | Unknown:
    """Fetch the answer, whatever its status, or say what a call without one means.

    The texts of httpx's exceptions stay here: they may repeat what was sent.
    """
    try:
        return await http.send(request, auth=auth)
    except _NEVER_LEFT:
        return TryLater(f"{provider}: could not connect")
    except httpx.HTTPError:
        return Unknown(f"{provider}: no answer came")


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Read the JSON object in a body, empty for a proxy's page, a bare list, a million brackets."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def retry_after(response: httpx.Response) -> float | None:
    """Read the Retry-After header in seconds from now, None where it is absent or not understood."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    # "-0000" is UTC too, but parses to a time without a zone.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
