"""Brings a database to the tables this version needs; every command that uses the store may call it first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from activities.store.database import Database
from domain.orders import BadInput

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nobody else takes as a lock in this database.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7310285617)")
_FOUND = text("SELECT version_num FROM alembic_version")
_REMEDY = "run starter.py migrate as the role that owns the tables"


async def make_ready(url: str, *, migrates: bool) -> None:
    """Make sure of the tables at ``url``: migrate, or only see that somebody did. Raises BadInput."""
    await (migrate(url) if migrates else _check(url))


async def migrate(url: str) -> str:
    """Make or change the tables at ``url`` where needed, and answer their version.

    Safe when several processes start at once. Tables of a newer version are left alone: migrations only add.
    """
    database = Database(url)
    try:
        async with database.reading() as connection:
            found = await connection.run_sync(_version)
            if found >= _needed():
                return found
        async with database.transaction() as connection:
            if not database.is_sqlite:  # where the transaction itself is the lock
                await connection.execute(_ONE_AT_A_TIME)
            await connection.run_sync(_upgrade)
            return await connection.run_sync(_version)
    except ProgrammingError as error:
        raise _refusal(error, f"its role may not change the tables, {_REMEDY}") from None
    finally:
        await database.close()


async def _check(url: str) -> None:
    database = Database(url)
    try:
        async with database.reading() as connection:
            found = await connection.run_sync(_version)
    except ProgrammingError as error:
        raise _refusal(error, f"its role may not use the tables, {_REMEDY}, with --grant-to") from None
    finally:
        await database.close()
    if found < _needed():
        has = f"tables of version {found}" if found else "none of our tables"
        raise BadInput("DATABASE_URL", f"it has {has} and this needs version {_needed()}, {_REMEDY}")


def _refusal(error: ProgrammingError, meaning: str) -> Exception:
    """What it means when the database refused our role; anything else is our own mistake."""
    is_refused = getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE
    return BadInput("DATABASE_URL", meaning) if is_refused else error


_INSUFFICIENT_PRIVILEGE = "42501"


def _needed() -> str:
    """Revisions are numbered, so that a later one is greater."""
    return ScriptDirectory(str(_MIGRATIONS)).get_heads()[0]


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return max(connection.scalars(_FOUND), default="")


def _upgrade(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
