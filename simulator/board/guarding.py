"""Keeps web pages of elsewhere away from the board: who comes by another name, or changes from another page.

The board listens on this machine alone. But a browser on it also runs pages of strangers: they could post
forms here, or, by a name of theirs that they point at this machine, even read.
"""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Endpoint = Callable[[Request], Awaitable[Response]]

_OUR_NAME = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]+)?")
_READING = frozenset({"GET", "HEAD"})


def headers(api: str | None) -> dict[str, str]:
    """What a browser may do with the page. ``api``: where a form of ours may lead on to."""
    form_action = " ".join(filter(None, ["'self'", api and _origin(api)]))
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            f"frame-src 'self'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        # Not "no-referrer": forms would come without their origin, which is what we know them by.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


# An e-mail is somebody else's page: styled and nothing else. Its links open in windows of their own.
MAIL_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint, for those alone who come by our own name, and change from our own page."""

    async def answer(request: Request) -> Response:
        host = request.headers.get("host", "")
        if not _OUR_NAME.fullmatch(host):
            return PlainTextResponse("the board is at http://127.0.0.1 alone", 421)
        if request.method not in _READING and request.headers.get("origin") != f"http://{host}":
            return PlainTextResponse("the board is changed from its own page alone", 403)
        return await endpoint(request)

    return answer


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
