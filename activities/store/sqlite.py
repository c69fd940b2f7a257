"""SQLite in the thread of the loop: a statement takes less time than to hand it to a thread and back.

A file that somebody else is writing to is waited for without keeping the loop from its other work.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

BUSY_SECONDS = 30
_LOOK_AGAIN = (0.0005, 0.005)
_OPENS_WITHIN = 5
_SET_UP = ("synchronous=NORMAL", "foreign_keys=ON")

P = ParamSpec("P")
R = TypeVar("R")


def open_file(where: URL) -> Engine:
    """A pool of connections to one file, made as they are needed."""
    engine = create_engine(
        where,
        hide_parameters=True,
        # We begin our transactions ourselves, and wait ourselves once it is open.
        connect_args={"isolation_level": None, "timeout": _OPENS_WITHIN},
        # Nothing is left open in one that comes back: what was begun here was ended here.
        pool_reset_on_return=None,
        # Who waited for a connection here would wait for somebody who cannot go on before.
        max_overflow=-1,
    )
    event.listen(engine, "connect", _set_up)
    return engine


class InlineConnection:
    """As much of SQLAlchemy's ``AsyncConnection`` as the store uses, over a connection of the usual kind."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """What SQL it speaks."""
        return self._connection.dialect

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Run one statement."""
        return await _when_free(self._connection.execute, statement, values)

    async def run_sync(
        self, work: Callable[Concatenate[Connection, P], R], *given: P.args, **named: P.kwargs
    ) -> R:
        """Do what takes a connection of the usual kind."""
        return work(self._connection, *given, **named)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        """Several statements, all of them or none. It begins as a writer.

        One that reads first and then writes could not wait for another writer.
        """
        with self._connection.begin() as transaction:
            await _when_free(self._connection.exec_driver_sql, "BEGIN IMMEDIATE")
            yield
            await _when_free(transaction.commit)


async def _when_free(call: Callable[P, R], *values: P.args, **named: P.kwargs) -> R:
    """Call SQLite; while somebody else writes, let others work and look again.

    What was refused for that has changed nothing. SQLite's own waiting would hold up everybody here, whoever
    is writing among them.
    """
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return call(*values, **named)
        except OperationalError as error:
            if not _is_busy(error) or time.monotonic() >= give_up_at:
                raise
        await asyncio.sleep(random.uniform(*_LOOK_AGAIN))  # noqa: S311 so that two do not keep in step


def _is_busy(error: OperationalError) -> bool:
    cause = error.orig
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    for pragma in _SET_UP:
        connection.execute(f"PRAGMA {pragma}")
    # Of several that open a new file at once, SQLite lets one change its mode and does not let the others
    # wait for it. The mode is the file's: they find it changed, or the next connection changes it.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=0")
