"""An API for each test, and an ear for contact details and links that leak into its log."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from activities.store.migrating import migrate
from tests.api.stage import AUTH_TOKEN, Door, Front, open_door, open_front
from tests.store.stage import as_url

SECRETS = (
    "15550100",
    "ana@example.org",
    "tok-1",
    "a1b2c3d4e5f6",
    "/preferences/",
    "SubscribeURL",
    # Of a key, and of a recipient's token.
    "onk_",
    "ImMtNDIi",
    AUTH_TOKEN,
)


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with our tables and nothing in them."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    await migrate(as_url(path))
    return path


@pytest.fixture(scope="session")
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
def data(tmp_path: Path, migrated: Path) -> Path:
    """A folder with a store that has its tables."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "store.db").write_bytes(migrated.read_bytes())
    return data


@pytest.fixture
async def door(front: Front, data: Path) -> AsyncIterator[Door]:
    async with open_door(front, data) as door:
        yield door


@pytest.fixture(autouse=True)
def no_log_holds_a_contact_detail(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    # The test's own calls are not the API's, and SQLite's driver is silent in production.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    yield
    formatter = logging.Formatter()
    for line in map(formatter.format, caplog.get_records("call")):
        assert not [secret for secret in SECRETS if secret in line], line


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the API itself has logged so far."""
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith("api.")]
