"""An order service's own half: events are written with the change they are about, and published later."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, DateTime, Engine, Integer, String, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

# Any number that nothing else in the database takes an advisory lock by.
_RELAY = 7_023_117
_AT_ONCE = 100


class Base(DeclarativeBase):
    """The order service's tables."""


class OrderRow(Base):
    """An order, as far as the example goes."""

    __tablename__ = "orders"

    order_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(40))


class OutboxRow(Base):
    """An event that is to be published, and when that was done. ``number`` is its place in line."""

    __tablename__ = "outbox"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    order_id: Mapped[str] = mapped_column(String(200))
    event: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)


class Publisher(Protocol):
    """Puts an event into a broker."""

    def publish(self, event: Mapping[str, Any]) -> None:
        """Publish it; when this returns, the broker has it for good. Raises when it may not have it."""


def advance(session: Session, order_id: str, customer_id: str, status: str) -> None:
    """Give an order a status, and write down the event that says so: both are committed or neither is."""
    order = session.get(OrderRow, order_id, with_for_update=True)
    if order is None:
        session.add(OrderRow(order_id=order_id, customer_id=customer_id, status=status))
        # The row is there before its event has a number: whoever comes second for a new order fails here.
        session.flush()
    else:
        order.status = status
    event = {
        # Made once, here, and kept: however often it is published, it is the same event.
        "event_id": str(uuid4()),
        "order_id": order_id,
        "status": status,
        "occurred_at": datetime.now(UTC).isoformat(),
        "customer_id": customer_id,
    }
    session.add(OutboxRow(order_id=order_id, event=event))


class Relay:
    """Publishes what was committed, in order. Run it as often as you like; one at a time does something."""

    def __init__(self, engine: Engine, publisher: Publisher) -> None:
        self._engine, self._publisher = engine, publisher

    def run_once(self) -> int:
        """Publish what waits, and mark it; answers how much that was. Raises what the publisher raises."""
        with Session(self._engine) as session, session.begin():
            _wait_for_our_turn(session)
            waiting = session.scalars(
                select(OutboxRow)
                .where(OutboxRow.published_at.is_(None))
                .order_by(OutboxRow.number)
                .limit(_AT_ONCE)
            ).all()
            for row in waiting:
                self._publisher.publish(row.event)
            # All at once, after all of them: a crash before this publishes them again, which does no harm.
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.number.in_([row.number for row in waiting]))
                .values(published_at=datetime.now(UTC))
            )
            return len(waiting)


def _wait_for_our_turn(session: Session) -> None:
    """Until the end of the transaction no other relay publishes. SQLite has one writer: that is its lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:relay)"), {"relay": _RELAY})
    else:
        session.execute(update(OutboxRow).where(OutboxRow.number == 0).values(order_id=""))
