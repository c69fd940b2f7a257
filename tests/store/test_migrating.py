"""Migrations make exactly the tables that the code knows, however many processes start at once."""

import asyncio
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from activities import store
from activities.store import Store
from activities.store.database import Database
from activities.store.migrating import make_ready, migrate
from activities.store.tables import Base
from domain.orders import BadInput
from domain.status import Status
from tests.store.stage import PUSH, Stage, batch, run_sql, somebody

REVISIONS = Path(store.__file__).parent / "migrations"


def differences(connection: Connection) -> list[object]:
    # On SQLite, Alembic takes the default '' for another than ''.
    defaults = connection.dialect.name != "sqlite"
    context = MigrationContext.configure(connection, opts={"compare_server_default": defaults})
    return list(compare_metadata(context, Base.metadata))


async def test_models_and_migrations_agree(empty_url: str) -> None:
    await migrate(empty_url)

    database = Database(empty_url)
    async with database.reading() as connection:
        different = await connection.run_sync(differences)
    await database.close()
    assert different == []


async def test_tables_of_a_newer_version_are_left_alone(empty_url: str) -> None:
    await migrate(empty_url)
    await run_sql(empty_url, text("UPDATE alembic_version SET version_num = '9999'"))

    for migrates in (True, False):
        await make_ready(empty_url, migrates=migrates)

    assert await run_sql(empty_url, text("SELECT version_num FROM alembic_version")) == [("9999",)]


async def test_who_does_not_migrate_says_which_tables_are_missing(empty_url: str) -> None:
    with pytest.raises(BadInput, match=r"^DATABASE_URL: it has none of our tables .* starter\.py migrate"):
        await make_ready(empty_url, migrates=False)
    version = await migrate(empty_url)
    await make_ready(empty_url, migrates=False)
    await run_sql(empty_url, text("UPDATE alembic_version SET version_num = '0001'"))

    with pytest.raises(BadInput, match=f"tables of version 0001 and this needs version {version}, run"):
        await make_ready(empty_url, migrates=False)


async def test_several_may_migrate_at_once(empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(5)))

    [(revision,)] = await run_sql(empty_url, text("SELECT version_num FROM alembic_version"))
    assert [revision] == ScriptDirectory(str(REVISIONS)).get_heads()


async def test_migrating_again_changes_nothing(stage: Stage) -> None:
    await migrate(stage.url)

    assert await stage.store.find("c-42") == somebody()


async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    code = "import asyncio, sys, activities.store.migrating as m; asyncio.run(m.migrate(sys.argv[1]))"
    starting = [asyncio.create_subprocess_exec(sys.executable, "-c", code, empty_url) for _ in range(3)]

    ended = await asyncio.gather(*(process.wait() for process in await asyncio.gather(*starting)))

    assert ended == [0, 0, 0]


@pytest.mark.parametrize(
    ("column", "made_up"), [("status", "LOST"), ("channel", "pigeon"), ("verdict", "maybe")]
)
async def test_the_database_itself_refuses_words_we_do_not_have(
    stage: Stage, column: str, made_up: str
) -> None:
    await stage.plan(batch(Status.PLACED))

    with pytest.raises(IntegrityError):
        await run_sql(stage.url, text(f"UPDATE notifications SET {column} = :word"), {"word": made_up})  # noqa: S608 ours


async def test_a_database_without_tables_is_our_own_mistake(empty_url: str) -> None:
    store = Store(empty_url)

    with pytest.raises(Exception, match="notifications") as caught:
        await store.envelope(batch(Status.PLACED).message_id(PUSH))

    assert type(caught.value).__name__ in {"OperationalError", "ProgrammingError"}
    await store.close()
