"""What the tests of pages share: the API over the whole product, and a browser to look at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.pages.browser import Reader, chromium, open_browser
from tests.site import Site, open_site
from tests.stage import Stage


@pytest.fixture(scope="session")
async def site(stage: Stage) -> AsyncIterator[Site]:
    """The API over the stage's own Temporal and store."""
    async with open_site(stage) as site:
        yield site


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, or a reason why there are no pages to be looked at."""
    binary = chromium()
    if binary is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium to test the pages")
    async with open_browser(binary) as browser:
        yield browser


@pytest.fixture
async def arrives(browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Reader]]]:
    """Let readers arrive, each with a browser of their own; none may have had anything to complain of."""
    readers: list[Reader] = []

    async def arrives(**given: Any) -> Reader:
        readers.append(await Reader.arrives(browser, **given))
        return readers[-1]

    yield arrives
    for reader in readers:
        await reader.context.close()
    assert [complaint for reader in readers for complaint in reader.complaints] == []
