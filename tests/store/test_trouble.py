"""In trouble with the database, callers get one error to wait on, and nobody a contact detail to read."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from activities.store import Store, StoreUnavailable
from activities.store.database import Database
from activities.store.migrating import migrate
from domain.status import Status
from tests.store.postgres import a_postgres_server
from tests.store.stage import Stage, as_url, batch, run_sql, somebody

CONTACT_DETAILS = ("ana@example.org", "+15550100", "tok-1", "open-sesame")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    yield store
    await store.close()


def as_logged(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    async with opened("postgresql://ana:open-sesame@127.0.0.1:1/orders") as store:
        with pytest.raises(StoreUnavailable, match=r"postgresql 127\.0\.0\.1/orders") as caught:
            await store.find("c-42")

    assert "open-sesame" not in as_logged(caught.value)


async def test_a_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    async with opened(as_url(tmp_path / "no-such-folder" / "store.db")) as store:
        with pytest.raises(StoreUnavailable):
            await store.find("c-42")


async def test_a_server_that_stops_is_an_outage_until_it_is_back() -> None:
    with a_postgres_server() as server:
        await migrate(server.url())
        async with opened(server.url()) as store:
            await store.load([somebody()])
            server.stop()
            with pytest.raises(StoreUnavailable) as caught:
                await store.load([somebody()])
            server.start()
            assert await store.find("c-42") == somebody()

    assert not any(detail in as_logged(caught.value) for detail in CONTACT_DETAILS)


async def test_connections_the_server_dropped_are_replaced(migrated_postgres: str) -> None:
    async with opened(migrated_postgres) as store:
        await store.find("c-42")
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await run_sql(migrated_postgres, text(f"SELECT pg_terminate_backend(pid) {others}"))

        assert await store.find("c-unknown") is None


async def test_writers_of_several_stores_wait_for_each_other(stage: Stage) -> None:
    async with opened(stage.url) as another:
        other = Stage(another, stage.url)
        told = [batch(Status.PLACED, order_id=f"B{number}") for number in range(20)]
        await asyncio.gather(*((stage if number % 2 else other).plan(one) for number, one in enumerate(told)))

    assert len(await stage.store.inbox("c-42")) == 20


async def test_a_file_that_another_process_is_writing_to_is_waited_for_and_nothing_else_is(
    tmp_path: Path,
) -> None:
    url = as_url(tmp_path / "store.db")
    await migrate(url)
    async with opened(url) as store:
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            writing = asyncio.create_task(store.load([somebody()]))

            assert await store.find("c-42") is None, "who reads, reads on"
            assert not writing.done()
            another.execute("ROLLBACK")
        await writing

        assert await store.find("c-42") == somebody()


async def test_a_file_that_nobody_else_may_open_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    url = as_url(tmp_path / "store.db")
    await migrate(url)
    another = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
    another.execute("PRAGMA locking_mode=EXCLUSIVE")
    another.execute("BEGIN IMMEDIATE")
    moment = threading.Timer(0.2, another.close)
    moment.start()

    async with opened(url) as store:
        assert await store.find("c-42") is None

    moment.join()


async def test_a_refused_row_is_reported_without_what_was_in_it(stage: Stage) -> None:
    """PostgreSQL repeats the whole row in its message."""
    database = Database(stage.url)
    bad = "UPDATE addresses SET channel = 'pigeon', value = :value WHERE recipient_id = 'c-42'"

    with pytest.raises(IntegrityError, match="channel") as caught:
        await write(database, bad, value=CONTACT_DETAILS[0])

    assert not any(detail in as_logged(caught.value) for detail in CONTACT_DETAILS)
    await database.close()


async def test_a_broken_statement_is_reported_without_its_values(stage: Stage) -> None:
    database = Database(stage.url)

    with pytest.raises(SQLAlchemyError, match="no_such_table") as caught:
        await write(database, "INSERT INTO no_such_table VALUES (:value)", value=CONTACT_DETAILS[0])

    assert not isinstance(caught.value, StoreUnavailable)
    assert not any(detail in as_logged(caught.value) for detail in CONTACT_DETAILS)
    await database.close()


async def write(database: Database, statement: str, **values: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(statement), values)


async def test_a_plan_that_breaks_halfway_leaves_nothing(stage: Stage) -> None:
    with pytest.raises(ZeroDivisionError):
        await stage.store.plan(batch(Status.PLACED), lambda *_, **__: 1 / 0, stage.wording)  # type: ignore[arg-type]

    assert await stage.store.history("A17") == ()
    assert (await stage.plan(batch(Status.PLACED))).number == 1


async def test_a_moment_without_a_time_zone_is_refused(stage: Stage) -> None:
    with pytest.raises(SQLAlchemyError, match="time zone"):
        await stage.store.unsettled(before=datetime(2026, 11, 22, 12, 0, tzinfo=UTC).replace(tzinfo=None))


def test_the_store_loads_neither_temporal_nor_http() -> None:
    code = "import sys, activities.store.migrating; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"temporalio", "httpx"} & set(loaded)
