"""The same tests on both databases: every one that asks for a store runs on SQLite and on PostgreSQL."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, select, text

from activities.store import Store
from activities.store.granting import grant
from activities.store.migrating import migrate
from activities.store.tables import Base
from tests.store.postgres import a_postgres_server
from tests.store.stage import Stage, a_database, a_role, as_role, as_url, owner_of, somebody


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server that is there already, or one of our own."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    with a_postgres_server() as server:
        yield server.url()


@pytest.fixture(scope="session")
async def migrated_postgres(postgres_url: str) -> AsyncIterator[str]:
    """Our tables, as the role of the running programs sees them: whatever it lacks is missed by some test."""
    async with (
        a_role(postgres_url) as role,
        a_database(postgres_url) as url,
        as_role(url, role) as theirs,
    ):
        await migrate(url)
        await grant(url, role)
        yield theirs


@pytest.fixture(scope="session")
def connected(migrated_postgres: str) -> Iterator[Engine]:
    """The owner's way to it, that stays: one that is new has to read first what tables there are."""
    driver = make_url(owner_of(migrated_postgres)).set(drivername="postgresql+psycopg")
    engine = create_engine(driver, pool_pre_ping=True)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
async def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    await migrate(as_url(path))
    return path


# Not async: it asks for async fixtures by name, which only works while no loop is running.
@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with our tables."""
    if request.param == "sqlite":
        migrated: Path = request.getfixturevalue("migrated_sqlite")
        path = tmp_path / "store.db"
        path.write_bytes(migrated.read_bytes())
        return as_url(path)
    postgres: str = request.getfixturevalue("migrated_postgres")
    empty_all_tables(request.getfixturevalue("connected"))
    return postgres


@pytest.fixture
async def empty_postgres(postgres_url: str) -> AsyncIterator[str]:
    async with a_database(postgres_url) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return as_url(tmp_path / "empty.db")
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An empty store."""
    store = Store(url)
    yield store
    await store.close()


@pytest.fixture
async def stage(store: Store, url: str) -> Stage:
    """A store that knows one customer, c-42."""
    await store.load([somebody()])
    return Stage(store, url)


def empty_all_tables(engine: Engine) -> None:
    """Of those that have rows: what is truncated gets new files, each index as well, and that takes long."""
    with engine.begin() as connection:
        tables = Base.metadata.tables.items()
        filled = [name for name, table in tables if connection.execute(select(table).limit(1)).first()]
        if filled:
            connection.execute(text(f"TRUNCATE {', '.join(filled)} CASCADE"))
