"""A real browser for tests: Debian's Chromium, as a phone or a desktop, light or dark, and axe as judge."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, async_playwright

Look = Literal["light", "dark"]
LOOKS: tuple[Look, ...] = ("light", "dark")
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Where somebody wants to look at the pages themselves.
SCREENSHOTS = os.environ.get("SCREENSHOTS")


def chromium() -> str | None:
    """Where there is a Chromium on this machine."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextlib.asynccontextmanager
async def open_browser(binary: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        # Root, as in a container, has no sandbox.
        browser = await playwright.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


class Reader:
    """Somebody with a browser of their own, whose every complaint is remembered."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    @classmethod
    async def arrives(
        cls, browser: Browser, *, phone: bool = True, look: Look = "light", scripts: bool = True
    ) -> "Reader":
        """Open a browser with nothing in it."""
        context = await browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            color_scheme=look,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        return cls(context, await context.new_page())

    async def wears(self, look: Look) -> None:
        """Switch between light and dark."""
        await self.page.emulate_media(color_scheme=look)

    async def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now, in each look."""
        return [found for look in LOOKS for found in await self._violations_in(look)]

    async def overflows(self) -> bool:
        """Whether the page is wider than the screen."""
        wider: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wider

    async def shows(self, name: str) -> None:
        """Take screenshots in both looks, where somebody asked for them by ``SCREENSHOTS=folder``."""
        if SCREENSHOTS is None:
            return
        for look in LOOKS:
            await self.wears(look)
            await self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{look}.png", full_page=True)

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    async def _violations_in(self, look: Look) -> list[str]:
        await self.wears(look)
        found: dict[str, Any] = (await Axe().run(self.page)).response
        return [
            f"{look}: {one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}"
            for one in found["violations"]
        ]
