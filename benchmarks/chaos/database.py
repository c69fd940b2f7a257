"""The database of a chaos run, which can be away for a while."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine

from tests.store.postgres import PostgresServer, a_postgres_server


class Database(Protocol):
    """Where the ledger is. ``url`` as the product is given it."""

    name: str
    url: str

    def engine(self) -> Engine:
        """Connect to it past the product's code."""

    async def away(self, seconds: float) -> None:
        """Let nobody write for a while."""


class Postgres:
    """A server that is stopped, and started again."""

    name = "PostgreSQL, stopped"

    def __init__(self, server: PostgresServer) -> None:
        self._server, self.url = server, server.url()

    def engine(self) -> Engine:
        """Connect to it past the product's code."""
        return create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"), pool_pre_ping=True)

    async def away(self, seconds: float) -> None:
        """Stop it: connections break, and nobody gets a new one."""
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)


class Sqlite:
    """A file that somebody else locks."""

    name = "SQLite, locked"

    def __init__(self, file: Path) -> None:
        self._file, self.url = file, f"sqlite:///{file}"

    def engine(self) -> Engine:
        """Connect to it past the product's code."""
        return create_engine(self.url)

    async def away(self, seconds: float) -> None:
        """Hold the lock: writers wait or give up. Readers of a write-ahead log never wait."""
        with closing(await asyncio.to_thread(self._locked)) as connection:
            await asyncio.sleep(seconds)
            connection.execute("ROLLBACK")

    def _locked(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=60, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN EXCLUSIVE")
        return connection


@asynccontextmanager
async def a_database(kind: str, folder: Path) -> AsyncIterator[Database]:
    """A database of its own, ``postgresql`` or ``sqlite``, until the block ends."""
    if kind == "sqlite":
        yield Sqlite(folder / "ledger.db")
        return
    with a_postgres_server() as server:
        yield Postgres(server)
