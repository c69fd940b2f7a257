"""Renders the pages that people see: one frame, one style, in the reader's language, locked in by headers."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from activities.wording.phrases import Phrases

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    # The address of a page may be a secret of the reader's. With "no-referrer" browsers would not say of our
    # own forms either where they are from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Pages:
    """Every page there is, as templates in ``api/templates``. What is put into one is escaped."""

    def __init__(self) -> None:
        self._assets = {_hashed(file): file for file in sorted((_HERE / "assets").iterdir())}
        names = {file.name: f"/assets/{name}" for name, file in self._assets.items()}
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = names.__getitem__

    def render(
        self, template: str, say: Phrases, values: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> HTMLResponse:
        """A page in the language of ``say``, which templates call as ``say("phrase-id")``."""
        return HTMLResponse(self.part(template, say, values), status, HEADERS)

    def part(self, template: str, say: Phrases, values: Mapping[str, Any] | None = None) -> str:
        """A piece of a page, for one that updates itself."""
        return self._templates.get_template(template).render(say=say, **(values or {}))

    def router(self) -> APIRouter:
        """Styles and scripts, under names that change with what is in them."""
        router = APIRouter(include_in_schema=False)
        router.get("/assets/{name}")(self.asset)
        return router

    async def asset(self, name: str) -> Response:
        """One style or script, to be kept for ever."""
        if (file := self._assets.get(name)) is None:
            raise HTTPException(404, "no such thing here")
        return Response(file.read_bytes(), media_type=_TYPES[file.suffix], headers=_FOR_EVER)


def _hashed(file: Path) -> str:
    return f"{file.stem}.{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}{file.suffix}"
