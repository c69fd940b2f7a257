"""The way to the database: which driver, how connections are set up, and how a transaction begins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import cast

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from activities.store import sqlite
from activities.store.errors import StoreUnavailable, is_outage, without_values

_DRIVERS = {
    "sqlite+aiosqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_CONNECT_SECONDS = 10


class Database:
    """One pool of connections to one database, opened with the first statement."""

    def __init__(self, url: str) -> None:
        where = _with_driver(url)
        self.is_sqlite = where.get_backend_name() == "sqlite"
        self._name = f"{where.get_backend_name()} {where.host or ''}/{where.database or ''}"
        self._engine = sqlite.open_file(where) if self.is_sqlite else _postgresql(where)
        # SQLite has one writer at a time. Standing in line here is fair; its own way is sleep and luck.
        self._line: AbstractAsyncContextManager[None] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Several statements, all of them or none."""
        async with self._line, self._connected() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Statements that each stand for themselves: no BEGIN, no COMMIT."""
        async with self._line, self.reading() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """As :meth:`writing`, for statements that only read: they wait for nobody."""
        async with self._connected() as connection:
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    async def close(self) -> None:
        """Close what is open; the next statement would open it again."""
        if isinstance(self._engine, Engine):
            self._engine.dispose()
        else:
            await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            if isinstance(self._engine, Engine):
                with self._engine.connect() as connection:
                    yield cast("AsyncConnection", sqlite.InlineConnection(connection))
            else:
                async with self._engine.connect() as over_there:
                    yield over_there
        except SQLAlchemyError as error:
            raise self._told_without_values(error) from None

    def _told_without_values(self, error: SQLAlchemyError) -> Exception:
        if not is_outage(error):
            return without_values(error).with_traceback(error.__traceback__)
        return StoreUnavailable(f"the store does not answer: {self._name} ({type(error).__name__})")


def _with_driver(url: str) -> URL:
    where = make_url(url)
    return where.set(drivername=_DRIVERS.get(where.drivername, where.drivername))


def _postgresql(where: URL) -> AsyncEngine:
    timeout = {} if "connect_timeout" in where.query else {"connect_timeout": _CONNECT_SECONDS}
    return create_async_engine(
        where,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        connect_args=timeout,
        # Who waited for a row must see what was committed meanwhile, whatever the server's default is.
        isolation_level="READ COMMITTED",
    )
