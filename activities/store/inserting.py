"""Inserts that settle a race by the key; both databases have them, under the same words in two dialects."""

from functools import cache

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = sqlite.Insert | postgresql.Insert


def new_rows(connection: AsyncConnection, table: Table) -> Insert:
    """Insert rows whose key is not there yet, and leave those that are."""
    return _new_rows(connection.dialect.name, table)


def rows_by_key(connection: AsyncConnection, table: Table) -> Insert:
    """Insert rows, or put them in place of those with the same key."""
    return _rows_by_key(connection.dialect.name, table)


# Kept, because SQLAlchemy remembers how a statement compiles by the statement itself.
@cache
def _new_rows(dialect: str, table: Table) -> Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _rows_by_key(dialect: str, table: Table) -> Insert:
    insert, key = _insert(dialect, table), table.primary_key.columns
    given = {
        column.name: insert.excluded[column.name] for column in table.columns if column not in key.values()
    }
    return insert.on_conflict_do_update(index_elements=list(key), set_=given)


@cache
def added_rows(dialect: str, table: Table, *counts: str) -> Insert:
    """Insert rows, or add their counts to those of the same key. ``dialect``: its name."""
    insert = _insert(dialect, table)
    sums = {name: table.c[name] + insert.excluded[name] for name in counts}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=sums)


def _insert(dialect: str, table: Table) -> Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
