"""Brings a database to the tables this version needs; every command that uses the store may call it first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from activities.store.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nobody else takes as a lock in this database.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7310285617)")


async def migrate(url: str) -> None:
    """Make or change the tables at ``url`` where needed. Safe when several processes start at once."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            if await connection.run_sync(_is_current):
                return
        async with database.transaction() as connection:
            if not database.is_sqlite:  # where the transaction itself is the lock
                await connection.execute(_ONE_AT_A_TIME)
            await connection.run_sync(_upgrade)
    finally:
        await database.close()


async def is_current(url: str) -> bool:
    """Whether the tables at ``url`` are those of this version; changes nothing."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            return await connection.run_sync(_is_current)
    finally:
        await database.close()


def _is_current(connection: Connection) -> bool:
    heads = ScriptDirectory(str(_MIGRATIONS)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def _upgrade(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
