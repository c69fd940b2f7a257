"""What the role of the running programs may do with our tables: what the code does, and nothing else."""

from collections.abc import Iterator, Mapping

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.database import Database
from domain.orders import BadInput

_READ = "SELECT"
# What is written stays as it was written.
_ADD = "SELECT, INSERT"
_CHANGE = "SELECT, INSERT, UPDATE"
_FORGET = "SELECT, INSERT, UPDATE, DELETE"
GRANTS: Mapping[str, str] = {
    "addresses": _FORGET,
    "alembic_version": _READ,
    "api_keys": _CHANGE,
    "breakers": _CHANGE,
    "calls": _FORGET,
    "consent_heads": _CHANGE,
    "consents": _ADD,
    "dead_letters": _CHANGE,
    "inbox": _CHANGE,
    "inbox_heads": _CHANGE,
    "live_activities": _FORGET,
    "notifications": _CHANGE,
    "opt_outs": _FORGET,
    "receipts": _ADD,
    "recipients": _FORGET,
    "signing_keys": _ADD,
}
_WHERE = text("SELECT current_database(), current_schema(), current_user")
_IS_A_ROLE = text("SELECT 1 FROM pg_roles WHERE rolname = :role")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def statements(role: str, database: str, schema: str) -> Iterator[str]:
    """The SQL that gives a role what it needs, and takes from it what it has beyond that of our tables."""
    whom, tables = _quoted(role), {name: f"{_quoted(schema)}.{_quoted(name)}" for name in GRANTS}
    yield f"REVOKE CREATE ON SCHEMA {_quoted(schema)} FROM PUBLIC, {whom}"
    yield f"REVOKE ALL ON {', '.join(tables.values())} FROM PUBLIC, {whom}"
    yield f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {whom}"
    yield f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO {whom}"
    for name, rights in GRANTS.items():
        yield f"GRANT {rights} ON {tables[name]} TO {whom}"


async def grants_for(url: str, role: str) -> list[str]:
    """The statements for a role of the database at ``url``. Raises BadInput where there is none."""
    database = Database(url)
    try:
        if database.is_sqlite:
            raise BadInput("DATABASE_URL", "is of SQLite, which has no roles, leave --grant-to out")
        async with database.reading() as connection:
            return list(statements(role, *await _where(connection, role)))
    finally:
        await database.close()


async def grant(url: str, role: str) -> None:
    """Give a role what :data:`GRANTS` says and no more, all at once. Raises BadInput where that cannot be."""
    wanted = await grants_for(url, role)
    database = Database(url)
    try:
        async with database.transaction() as connection:
            for statement in wanted:
                await connection.execute(text(statement))
    except ProgrammingError as refused:
        raise BadInput("DATABASE_URL", f"its role cannot grant, {refused.orig}") from None
    finally:
        await database.close()


async def _where(connection: AsyncConnection, role: str) -> tuple[str, str]:
    database, schema, owner = (await connection.execute(_WHERE)).one()
    if role == owner:
        raise BadInput("--grant-to", f"{role} owns the tables, name the role that programs run as")
    if (await connection.execute(_IS_A_ROLE, {"role": role})).first() is None:
        raise BadInput("--grant-to", f"there is no role {role}, make it first: CREATE ROLE with LOGIN")
    return database, schema
