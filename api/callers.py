"""Lets callers in: keys with scopes for order services and operators, tokens for recipients, nobody else.

A key or a token comes as ``Authorization: Bearer``. Browsers keep what they signed in with as a cookie, which
counts for a change only when the request comes from a page of ours.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.security import HTTPBearer

from domain.callers import ApiKey, Caller, Scope, key_id_in
from domain.links import OPERATOR_SECONDS, RECIPIENT_SECONDS, SignedLinks

RECIPIENT_COOKIE, OPERATOR_COOKIE = "recipient", "operator"
_OPERATOR = "order-notifications operator"
_READING = frozenset({"GET", "HEAD"})
_CODEC = "/codec/"
# For the OpenAPI document alone: who is let in is decided here.
_KEY = HTTPBearer(scheme_name="key", description="A key of `starter.py keys make`", auto_error=False)
_TOKEN = HTTPBearer(
    scheme_name="token", description="A token of `POST /v1/recipients/{recipient_id}/token`", auto_error=False
)


class Keys(Protocol):
    """The store's keys."""

    async def find(self, key_id: str) -> ApiKey | None:
        """One key, revoked or not."""


class Callers:
    """Knows who calls. Refuses with 401 whom it does not know, with 403 who may not do this.

    ``temporal_ui``: the origin of Temporal's own pages, whose operators may ask for what payloads hold.
    """

    def __init__(self, keys: Keys, links: SignedLinks, temporal_ui: str | None = None) -> None:
        self._keys, self._links, self.temporal_ui = keys, links, temporal_ui

    def with_scope(self, scope: Scope) -> Callable[..., Awaitable[Caller]]:
        """A dependency: a caller whose key has ``scope``."""

        async def caller(request: Request, _: Annotated[object, Security(_KEY, scopes=[scope])]) -> Caller:
            found = await self.operator(request)
            if found is None:
                raise _unknown("no key of ours, make one with starter.py keys make")
            if scope not in found.scopes:
                raise HTTPException(403, f"the key does not have the scope {scope}")
            return found

        return caller

    def recipient(self) -> Callable[..., Awaitable[str]]:
        """A dependency: the id of the recipient whose token it is."""

        async def recipient_id(request: Request, _: Annotated[object, Depends(_TOKEN)]) -> str:
            found = self.signed_in_recipient(request)
            if found is None:
                raise _unknown("no token of ours, or it is over: get another")
            return found

        return recipient_id

    async def operator(self, request: Request) -> Caller | None:
        """Whose key comes with a request, None for nobody's. Looked up once for each request."""
        if _OPERATOR not in request.scope:
            request.scope[_OPERATOR] = await self._operator(request)
        found: Caller | None = request.scope[_OPERATOR]
        return found

    async def _operator(self, request: Request) -> Caller | None:
        if (text := _bearer(request)) is not None:
            return await self.by_key(text)
        session = self._cookie(request, OPERATOR_COOKIE)
        key_id = self._links.read_operator_session(session) if session else None
        key = await self._keys.find(key_id) if key_id else None
        return Caller(key.name, key.scopes, key.key_id) if key and key.revoked_at is None else None

    async def by_key(self, text: str) -> Caller | None:
        """Whose key ``text`` is, None for nobody's."""
        key_id = key_id_in(text)
        key = await self._keys.find(key_id) if key_id else None
        return Caller(key.name, key.scopes, key.key_id) if key and key.opens_with(text) else None

    def signed_in_recipient(self, request: Request) -> str | None:
        """The id of the recipient whose token comes with a request, None for nobody's."""
        token = _bearer(request)
        if token is None:
            token = self._cookie(request, RECIPIENT_COOKIE)
        return self._links.read_recipient_token(token) if token else None

    def whose_link(self, path: str) -> str | None:
        """Whose link of ours a path is: a recipient's, or that of a Live Activity. None for no link."""
        token = path.rpartition("/")[2]
        if found := self._links.read_preferences(token):
            return found[0]
        return self._links.read_live_activity(token) or self._links.read_recipient_token(token)

    def keep_recipient(self, response: Response, recipient_id: str) -> None:
        """Let the browser that gets this answer in as a recipient."""
        token = self._links.recipient_token(recipient_id)
        self._keep(response, RECIPIENT_COOKIE, token, RECIPIENT_SECONDS)

    def keep_operator(self, response: Response, key_id: str) -> None:
        """Let the browser that gets this answer in as whoever signed in with a key."""
        self._keep(response, OPERATOR_COOKIE, self._links.operator_session(key_id), OPERATOR_SECONDS)

    def forget_operator(self, response: Response) -> None:
        """Let the browser that gets this answer in no more."""
        response.delete_cookie(OPERATOR_COOKIE)

    def comes_from_us(self, request: Request) -> bool:
        """Whether a change was asked for by a page of ours, as every browser says by itself."""
        return request.headers.get("origin") in self._origins(request)

    def _keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        secure = self._links.public_url.startswith("https:")
        response.set_cookie(name, value, max_age=seconds, httponly=True, secure=secure, samesite="lax")

    def _cookie(self, request: Request, name: str) -> str | None:
        is_ours = request.method in _READING or self.comes_from_us(request) or self._reads_payloads(request)
        return request.cookies.get(name) if is_ours else None

    def _reads_payloads(self, request: Request) -> bool:
        """Whether a page of Temporal's asks: browsers let no other page read the answer."""
        is_codec = request.scope["path"].startswith(_CODEC)
        return is_codec and self.temporal_ui is not None and request.headers.get("origin") == self.temporal_ui

    def _origins(self, request: Request) -> tuple[str, ...]:
        ours = urlsplit(self._links.public_url)
        return (f"{ours.scheme}://{ours.netloc}", str(request.base_url).rstrip("/"))


def _bearer(request: Request) -> str | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _unknown(why: str) -> HTTPException:
    return HTTPException(401, why, {"WWW-Authenticate": "Bearer"})
