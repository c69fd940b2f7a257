"""Renders the board: the page, and the regions of it that keep themselves up to date."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

_HERE = Path(__file__).parent
ASSETS = {file.name: file for file in (_HERE / "assets").iterdir()}
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Region:
    """One part of the page. ``version`` changes with what is in it."""

    name: str
    html: str

    @property
    def version(self) -> str:
        """A short name for exactly this content."""
        return hashlib.sha256(self.html.encode()).hexdigest()[:12]


class Templates:
    """The templates of ``simulator/board/templates``. What is put into one is escaped."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(clock=_clock, ms=_milliseconds)

    def page(self, regions: Sequence[Region], values: Mapping[str, Any]) -> str:
        """The whole page, with each region in its place."""
        found = {region.name: _in_place(region) for region in regions}
        return self._templates.get_template("page.html").render(region=found.__getitem__, **values)

    def whole(self, template: str, values: Mapping[str, Any]) -> str:
        """A page of its own, which stays as it is."""
        return self._templates.get_template(template).render(**values)

    def region(self, name: str, template: str, values: Mapping[str, Any]) -> Region:
        """One region as it is now."""
        return Region(name, self._templates.get_template(template).render(**values))


def _in_place(region: Region) -> Markup:
    opening = Markup('<div data-region="{}" data-version="{}">').format(region.name, region.version)
    return opening + Markup(region.html) + Markup("</div>")  # noqa: S704 our own template escaped it


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"


def _milliseconds(at: datetime | None) -> str:
    return "" if at is None else str(int(at.timestamp() * 1000))
