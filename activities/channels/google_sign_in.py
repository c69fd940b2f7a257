"""Access tokens for a Google service account: refreshed ahead of expiry, in a thread, one at a time."""

import asyncio
from typing import Any

import httpx
from google.auth.credentials import TokenState
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request
from google.oauth2.service_account import Credentials

from activities.channels.http import TIMEOUT, json_object
from domain.outcomes import TryLater

REFUSED = TryLater("Google sign-in refused the service account", ours=True)
UNAVAILABLE = TryLater("Google sign-in is not available")


class NoTokenError(Exception):
    """The token endpoint gave none. ``failure`` is what that means to a send."""

    def __init__(self, failure: TryLater) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class AccessTokens:
    """The token of one service account, shared by all sends of a process. ``timeout`` in seconds."""

    def __init__(self, credentials: Credentials, timeout: float = TIMEOUT) -> None:
        self._credentials = credentials
        self._request = HttpxRequest(timeout)
        self._refresh: asyncio.Task[TryLater | None] | None = None

    async def current(self) -> str | TryLater:
        """Get a token to send with. One that has minutes left still serves when it cannot be refreshed."""
        if self._credentials.token_state is TokenState.FRESH:
            return str(self._credentials.token)
        failure = await self._refreshed()
        if failure and self._credentials.token_state is TokenState.INVALID:
            return failure
        return str(self._credentials.token)

    async def instead_of(self, rejected: str) -> str | TryLater:
        """Get a token newer than one that was rejected, which another send may have fetched by now."""
        if self._credentials.token == rejected and (failure := await self._refreshed()):
            return failure
        return str(self._credentials.token)

    async def _refreshed(self) -> TryLater | None:
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._refresh_once())
        # A cancelled send must not take the refresh along: the others are waiting for it.
        return await asyncio.shield(self._refresh)

    async def _refresh_once(self) -> TryLater | None:
        try:
            await asyncio.to_thread(self._credentials.refresh, self._request)
        except NoTokenError as error:
            return error.failure
        except GoogleAuthError:
            return REFUSED
        return None


class Answer:
    """A token endpoint's answer in the shape google-auth reads."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.data = response.content


class HttpxRequest(Request):
    """How google-auth makes its calls.

    Anything but a usable token raises, because google-auth itself would sleep and try again, or
    stumble over a body of the wrong type.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> Answer:
        """One call from a thread of its own: a client for each, as a token lasts an hour."""
        try:
            with httpx.Client(timeout=timeout or self._timeout) as http:
                response = http.request(method, url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NoTokenError(UNAVAILABLE) from None
        if response.status_code != 200:
            is_passing = response.status_code == 429 or response.status_code >= 500
            raise NoTokenError(UNAVAILABLE if is_passing else REFUSED)
        if not _holds_a_token(json_object(response)):
            raise NoTokenError(UNAVAILABLE)
        return Answer(response)


def _holds_a_token(body: dict[str, Any]) -> bool:
    token, lifetime = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not isinstance(lifetime, int):
        return False
    # It becomes a header: what is not plain would fail there, and say so with the token in it.
    return token.isascii() and token.isprintable() and token != "" and 0 < lifetime <= 86400
