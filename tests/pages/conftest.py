"""What the tests of pages share: the API over the whole product, and a browser to look at it."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser

from activities.wording import FluentWording
from api.app import Parts, build
from api.callers import Callers
from api.operations import Operations, Redriving, TemporalUi
from api.orders import RunningOrders
from api.serving import serving
from domain.callers import Scope
from domain.links import SignedLinks
from operating.breakers import names_of
from starter import OrderService
from tests.pages.browser import Reader, chromium, open_browser
from tests.stage import Stage


@dataclass(frozen=True)
class Site:
    """The API over the stage, as everybody reaches it. ``key`` opens everything."""

    url: str
    links: SignedLinks
    key: str
    stage: Stage


@pytest.fixture(scope="session")
async def site(stage: Stage) -> AsyncIterator[Site]:
    """The API over the stage's own Temporal and store."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    links = SignedLinks(f"http://127.0.0.1:{port}", await stage.store.signing_secrets())
    key = await stage.store.api_keys.make("everybody", list(Scope))
    parts = Parts(
        store=stage.store,
        orders=RunningOrders(stage.client),
        links=links,
        service=OrderService(stage.client),
        callers=Callers(stage.store.api_keys, links),
        wording=FluentWording(),
        operations=Operations(
            Redriving(stage.client),
            providers=await names_of(stage.settings.providers),
            ui=TemporalUi("https://temporal.example.org", stage.client.namespace),
        ),
    )
    async with serving(build(parts), port=port) as url:
        yield Site(url, links, key.text, stage)


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
