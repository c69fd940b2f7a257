"""The stage of the store's tests: one order, its batches, and a way to plan them as the worker does."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, TextClause, create_engine, make_url, text

from activities.planning import Wording
from activities.store import Store
from activities.store.notifications import Notification
from domain.channels import Channel
from domain.deciding import decide, why_unreachable
from domain.ledger import NotificationStatus
from domain.messages import Attempt, Words
from domain.news import News
from domain.orders import Fact
from domain.recipients import Recipient
from domain.status import Role, Status
from domain.telling import Batch, Decision, Plan, TakeOver, Withdrawn

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP
ALL_CHANNELS = frozenset(Channel)
MINUTE = timedelta(minutes=1)


class PlainWording:
    """Says a path in its own statuses, so that a test can read what was told."""

    def words(
        self,
        locale: str,
        role: Role,
        channel: Channel,
        path: tuple[Status, ...],
        facts: Mapping[str, Fact],
        variant: str | None = None,
    ) -> Words:
        said = f"{' '.join(path)} {facts.get('merchant_name', '')}"
        return Words(title=f"{locale} {role} {channel}", text=f"{said}{variant or ''}")

    def variant(
        self, locale: str, role: Role, path: tuple[Status, ...], recipient_id: str, at: datetime
    ) -> str | None:
        return None


def somebody(recipient_id: str = "c-42", **given: Any) -> Recipient:
    """A customer with everything one can have."""
    reached = {
        "email": "ana@example.org",
        "phone": "+15550100",
        "devices": [{"platform": "android", "token": "tok-1"}, {"platform": "ios", "token": "tok-2"}],
    }
    return Recipient.model_validate({"recipient_id": recipient_id, "role": "customer", **reached, **given})


def news(status: Status, *, at: datetime = NOON, event_id: str | None = None) -> News:
    """A piece of news whose event is named after its status."""
    return News(event_id=event_id or f"evt-{status.lower()}", status=status, at=at)


def batch(*pieces: Status | News, number: int = 1, order_id: str = "A17", **given: Any) -> Batch:
    """News to the customer c-42, a minute apart unless said otherwise."""
    told = tuple(
        piece if isinstance(piece, News) else news(piece, at=NOON + piece.rank * MINUTE) for piece in pieces
    )
    usual = {"recipient_id": "c-42", "role": Role.CUSTOMER, "told_at": told[-1].at, "facts": {}}
    return Batch(order_id=order_id, number=number, news=told, **{**usual, **given})


def taken_back(row: Notification) -> Withdrawn:
    """A row as the workflow hands it to the next batch."""
    return Withdrawn(message_id=row.message_id, channel=row.channel, statuses=row.statuses)


def sent(at: datetime = NOON + MINUTE) -> Attempt:
    """An attempt that a provider accepted."""
    return Attempt(status=NotificationStatus.SENT, at=at, failures=0, provider="fcm", reference="ref-1")


@dataclass
class Stage:
    """A store, planned with as the planning activities do."""

    store: Store
    url: str
    wording: Wording = field(default_factory=PlainWording)

    async def plan(self, news: Batch, carried: Collection[Channel] = ALL_CHANNELS) -> Plan:
        return await self.store.plan(news, partial(decide, carried=carried), self.wording)

    async def take_over(
        self,
        news: Batch,
        channel: Channel,
        failed: Channel = PUSH,
        carried: Collection[Channel] = ALL_CHANNELS,
    ) -> Decision:
        request = TakeOver(batch=news, channel=channel, failed=failed, reason="out of attempts")
        return await self.store.take_over(
            request,
            lambda recipient, wanted: why_unreachable(recipient, wanted, wanted in carried),
            self.wording,
        )

    async def rows(self, order_id: str = "A17", batch: int | None = None) -> dict[Channel, Notification]:
        """The newest row on each channel, or those of one batch."""
        rows = await self.store.history(order_id)
        return {row.channel: row for row in rows if batch is None or row.batch == batch}

    async def statuses(self, order_id: str = "A17", batch: int | None = None) -> dict[Channel, str]:
        return {channel: row.status for channel, row in (await self.rows(order_id, batch)).items()}

    async def are_now(self, statuses: Mapping[str, NotificationStatus]) -> None:
        """Put rows where a test needs them, whatever moves are allowed."""
        move = text("UPDATE notifications SET status = :status WHERE message_id = :message_id")
        moves = [{"message_id": message_id, "status": status} for message_id, status in statuses.items()]
        await run_sql(self.url, move, moves)


def as_url(path: Path) -> str:
    return f"sqlite:///{path}"


# Whose the tables are, where the role in the URL of the store may only work with them.
_OWNERS: dict[str, str] = {}


async def run_sql(url: str, statement: TextClause, values: Any = None, *, as_owner: bool = True) -> list[Any]:
    """One statement behind the store's back, by whoever owns the tables unless said otherwise."""
    where = make_url(owner_of(url) if as_owner else url)
    driver = "sqlite" if where.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return await asyncio.to_thread(_run_sql, where.set(drivername=driver), statement, values)


def _run_sql(where: URL, statement: TextClause, values: Any) -> list[Any]:
    engine = create_engine(where, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(statement, values)
            return list(result.all()) if result.returns_rows else []
    finally:
        engine.dispose()


def owner_of(url: str) -> str:
    """The same database, as the role that owns its tables."""
    return _OWNERS.get(url, url)


@asynccontextmanager
async def a_role(server: str) -> AsyncIterator[str]:
    """A role that may do nothing yet, on a PostgreSQL server."""
    name = f"programs_{uuid4().hex}"
    await run_sql(server, text(f"CREATE ROLE {name} LOGIN PASSWORD 'open-sesame'"))
    yield name
    await run_sql(server, text(f"DROP ROLE {name}"))


@asynccontextmanager
async def as_role(url: str, role: str) -> AsyncIterator[str]:
    """A database as another role sees it."""
    where = make_url(url).set(username=role, password="open-sesame")  # noqa: S106 of a server for tests
    theirs = where.render_as_string(hide_password=False)
    _OWNERS[theirs] = url
    yield theirs
    del _OWNERS[theirs]


@asynccontextmanager
async def a_database(server: str) -> AsyncIterator[str]:
    """An empty database of its own on a PostgreSQL server."""
    name = f"test_{uuid4().hex}"
    await run_sql(server, text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    await run_sql(server, text(f"DROP DATABASE {name} WITH (FORCE)"))
