"""What every answer carries, whatever it answers: the request's id, and headers that lock a browser in."""

import logging
import re
from collections.abc import Sequence
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-ID"
_request_id: ContextVar[str] = ContextVar("request_id", default="-")
# It is put into log lines: nobody else's line breaks, and nothing as long as a key.
_AN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FOR_ONE_YEAR = "max-age=31536000"
_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# What a customer's web app calls, with a token and never with a cookie.
_OF_RECIPIENTS = "/v1/me"
# What the pages of Temporal's own UI call, with the cookie of an operator who signed in here.
_OF_TEMPORAL = "/codec"


class Envelope:
    """The outermost part of an application. ``is_https``: whether the world reaches it by https alone."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = dict(_EVERYWHERE)
        if is_https:
            self._headers["Strict-Transport-Security"] = _FOR_ONE_YEAR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on under its id, and its answer with our headers."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _given(scope) or uuid4().hex
        # Never reset: a request has a task of its own, whose last word may be the server's traceback.
        _request_id.set(request_id)

        async def enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        return await self._app(scope, receive, enveloped)

    def _complete(self, headers: MutableHeaders, path: str, request_id: str) -> None:
        headers[REQUEST_ID] = request_id
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if path.startswith("/v1/"):
            headers["Cache-Control"] = "no-store"


class CrossOrigin:
    """Lets web apps at ``origins`` call what is their user's own, and Temporal's UI the codec."""

    def __init__(self, app: ASGIApp, origins: Sequence[str], temporal_ui: str | None = None) -> None:
        self._app = app
        self._for_others = {
            _OF_RECIPIENTS: _cors(app, origins) if origins else app,
            _OF_TEMPORAL: _cors_for_operators(app, temporal_ui) if temporal_ui else app,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's question, or pass a call on."""
        path = scope.get("path", "")
        theirs = (of for of in self._for_others if path == of or path.startswith(f"{of}/"))
        app = self._for_others.get(next(theirs, ""), self._app)
        await app(scope, receive, send)


class RequestIds(logging.Filter):
    """Gives every log line the id of the request that it is about, as ``request_id``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the line, with the id."""
        record.request_id = _request_id.get()
        return True


def _cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=("Authorization", "Content-Type", "Last-Event-ID", REQUEST_ID),
        expose_headers=("Retry-After", REQUEST_ID),
        allow_credentials=False,
    )


def _cors_for_operators(app: ASGIApp, temporal_ui: str) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=(temporal_ui,),
        allow_methods=("POST",),
        allow_headers=("Content-Type", "X-Namespace"),
        allow_credentials=True,
    )


def _given(scope: Scope) -> str | None:
    found = Headers(scope=scope).get(REQUEST_ID, "")
    return found if _AN_ID.fullmatch(found) else None
