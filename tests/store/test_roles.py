"""The role of the running programs on PostgreSQL: all tests of the store run as it, and it may do no more."""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Delete, make_url, text
from sqlalchemy.exc import DBAPIError

from activities import store as store_package
from activities.store import Store
from activities.store.granting import GRANTS, grant, grants_for
from activities.store.migrating import make_ready
from activities.store.tables import Base
from domain.orders import BadInput
from tests.processes import run
from tests.store.stage import a_role, as_role, as_url, owner_of, run_sql, somebody

REFUSED = "permission denied|must be owner"


@pytest.fixture
async def ours(migrated_postgres: str) -> AsyncIterator[str]:
    """The database with a row in it that cannot be changed, and a table that is none of ours."""
    await run_sql(migrated_postgres, text("CREATE TABLE wages (name text)"))
    async with Store(migrated_postgres) as store:
        await store.load([somebody()])
    yield migrated_postgres
    await run_sql(migrated_postgres, text("DROP TABLE wages"))


async def test_the_tests_of_the_store_run_as_a_role_that_owns_nothing(ours: str) -> None:
    owned = text("SELECT current_user, (SELECT count(*) FROM pg_tables WHERE tableowner = current_user)")

    assert await run_sql(ours, owned, as_owner=False) == [(make_url(ours).username, 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE notifications",
        "ALTER TABLE notifications ADD COLUMN more text",
        "ALTER TABLE consents DISABLE TRIGGER consents_stay",
        "CREATE TABLE more (name text)",
        "CREATE INDEX more ON inbox (change)",
        "TRUNCATE calls",
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE consents SET actor = 'nobody'",
        "DELETE FROM consents",
        "UPDATE receipts SET state = 'delivered'",
        "UPDATE signing_keys SET secret = 'known'",
        "DELETE FROM notifications",
        "DELETE FROM api_keys",
        "SELECT * FROM wages",
        "SELECT * FROM pg_authid",
        "CREATE ROLE more",
        "COPY recipients TO PROGRAM 'cat'",
    ],
)
async def test_what_no_program_does_is_refused(ours: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED):
        await run_sql(ours, text(statement), as_owner=False)


def test_every_table_has_its_rights_written_down() -> None:
    assert set(GRANTS) == {*Base.metadata.tables, "alembic_version"}


def test_rows_may_be_deleted_where_the_code_deletes_and_nowhere_else() -> None:
    modules = [
        importlib.import_module(f"{store_package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(store_package.__path__)
        if not found.ispkg
    ]
    deletes = [value for module in modules for value in vars(module).values() if isinstance(value, Delete)]

    assert {str(one.table) for one in deletes} == {name for name in GRANTS if "DELETE" in GRANTS[name]}


async def test_granting_again_takes_away_what_somebody_added(ours: str) -> None:
    role = make_url(ours).username or ""
    await run_sql(ours, text(f"GRANT DELETE ON notifications TO {role}"))
    await run_sql(ours, text("GRANT UPDATE ON signing_keys TO PUBLIC"))

    await grant(owner_of(ours), role)

    for statement in ("DELETE FROM notifications", "UPDATE signing_keys SET secret = 'known'"):
        with pytest.raises(DBAPIError, match=REFUSED):
            await run_sql(ours, text(statement), as_owner=False)


async def test_a_role_that_was_granted_nothing_hears_what_to_run(ours: str, postgres_url: str) -> None:
    async with a_role(postgres_url) as role, as_role(owner_of(ours), role) as theirs:
        with pytest.raises(BadInput, match=r"may not use the tables, run starter\.py migrate .* --grant-to"):
            await make_ready(theirs, migrates=False)


async def test_a_role_that_owns_nothing_hears_that_it_cannot_migrate(
    empty_postgres: str, postgres_url: str
) -> None:
    async with a_role(postgres_url) as role, as_role(empty_postgres, role) as theirs:
        with pytest.raises(BadInput, match=r"may not change the tables, run starter\.py migrate as the role"):
            await make_ready(theirs, migrates=True)


async def test_a_role_that_is_not_there_or_owns_the_tables_is_refused(ours: str) -> None:
    owner = owner_of(ours)
    with pytest.raises(BadInput, match=r"^--grant-to: there is no role nobody_yet, make it first"):
        await grant(owner, "nobody_yet")
    with pytest.raises(BadInput, match=r"^--grant-to: postgres owns the tables"):
        await grant(owner, make_url(owner).username or "")


async def test_sqlite_has_no_roles(migrated_sqlite: Path) -> None:
    with pytest.raises(BadInput, match="SQLite, which has no roles"):
        await grant(as_url(migrated_sqlite), "programs")


async def test_a_database_administrator_may_read_the_grants_before_anybody_runs_them(ours: str) -> None:
    role = make_url(ours).username or ""
    command = ("migrate", "--grant-to", role, "--print")
    ended = await run("starter.py", *command, settings={"DATABASE_URL": owner_of(ours)})

    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [f"{line};" for line in await grants_for(owner_of(ours), role)]
    assert f'GRANT SELECT, INSERT ON "public"."consents" TO "{role}";' in ended.out


async def test_a_name_is_quoted_as_a_name(ours: str, postgres_url: str) -> None:
    odd = 'our "programs"; DROP TABLE notifications'
    quoted = odd.replace('"', '""')
    await run_sql(postgres_url, text(f'CREATE ROLE "{quoted}"'))
    try:
        wanted = await grants_for(owner_of(ours), odd)
    finally:
        await run_sql(postgres_url, text(f'DROP ROLE "{quoted}"'))

    assert all(f'"{quoted}"' in statement for statement in wanted)
