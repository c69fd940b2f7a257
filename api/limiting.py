"""How often each caller may call: counted by key, by recipient, and by address where nobody says who it is.

Counted in the memory of this process: of several processes each allows as much. What providers call is not
limited, since a receipt that is refused may never come again: it is as much as we send, and what is not
signed costs next to nothing.
"""

import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import HTTPException
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from activities.store.errors import StoreUnavailable
from api.callers import Callers

EVENTS, CALLS, RECIPIENTS, STRANGERS, ATTEMPTS = "events", "calls", "recipients", "strangers", "attempts"
TOO_MANY = "too many requests, try again later"
_NOT_LIMITED = ("/webhooks/", "/assets/")
_ALWAYS_ANSWERED = frozenset({"/health", "/ready"})
_AN_EVENT = re.compile(r"/v1/(events|orders/.+/events)")
# Where operators sign in: whoever posts there without being signed in tries a key.
_SIGNING_IN = "/operators"


class Limits:
    """Counts calls. ``rates`` by kind, such as ``{"events": "6000/minute"}``; another kind has no limit."""

    def __init__(self, rates: Mapping[str, str] | None = None) -> None:
        self._rates = {kind: parse(rate) for kind, rate in (rates or {}).items()}
        self._counting = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def count(self, kind: str, who: str, more: int = 0) -> int | None:
        """Count a call, or ``more`` after it; None within the limit, otherwise the seconds to wait."""
        rate = self._rates.get(kind)
        if rate is None:
            return None
        # What costs more than there ever is would never be let in.
        cost = min(more, rate.amount - 1) if more else 1
        if not cost or await self._counting.hit(rate, kind, who, cost=cost):
            return None
        resets_at, _ = await self._counting.get_window_stats(rate, kind, who)
        return max(1, math.ceil(resets_at - time.time()))


class Limited:
    """An application that answers 429 to whoever calls too often."""

    def __init__(self, app: ASGIApp, limits: Limits, callers: Callers) -> None:
        self._app, self._limits, self._callers = app, limits, callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, unless it is one too many."""
        if scope["type"] == "http" and is_limited(scope["path"]):
            kind, who = await self._counted_as(Request(scope))
            if (wait := await self._limits.count(kind, who)) is not None:
                return await _too_many(wait)(scope, receive, send)
            scope["spend"] = partial(self._limits.count, kind, who)
        return await self._app(scope, receive, send)

    async def _counted_as(self, request: Request) -> tuple[str, str]:
        path = request.scope["path"]
        if (key_id := await self._key_id(request)) is not None:
            is_event = request.method == "POST" and _AN_EVENT.fullmatch(path)
            return EVENTS if is_event else CALLS, key_id
        recipient_id = self._callers.signed_in_recipient(request) or self._callers.whose_link(path)
        if recipient_id is not None:
            return RECIPIENTS, recipient_id
        is_attempt = "authorization" in request.headers or (
            request.method == "POST" and path.startswith(_SIGNING_IN)
        )
        return ATTEMPTS if is_attempt else STRANGERS, _address(request)

    async def _key_id(self, request: Request) -> str | None:
        try:
            caller = await self._callers.operator(request)
        except StoreUnavailable:
            # Whoever it is hears of that where it matters.
            return None
        return caller.key_id if caller else None


def is_limited(path: str) -> bool:
    """Whether calls to a path are counted."""
    return path not in _ALWAYS_ANSWERED and not path.startswith(_NOT_LIMITED)


async def spend(request: Request, more: int) -> None:
    """Count one call as so many more. Raises 429."""
    count: Callable[[int], Awaitable[int | None]] | None = request.scope.get("spend")
    if more and count and (wait := await count(more)) is not None:
        raise HTTPException(429, TOO_MANY, {"Retry-After": str(wait)})


def _too_many(wait: int) -> JSONResponse:
    return JSONResponse({"detail": TOO_MANY}, 429, {"Retry-After": str(wait)})


def _address(request: Request) -> str:
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """Whom an address stands for: itself, or the whole network that anybody with IPv6 has to themselves."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(address)
