"""Providers: their breakers, and how their calls went."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import Mapped, mapped_column

from activities.store.columns import one_of
from activities.store.tables.base import Base
from domain.breaker import BreakerState


class BreakerRow(Base):
    """Whether the fleet calls a provider, and until when somebody is probing it."""

    __tablename__ = "breakers"

    provider: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[BreakerState] = mapped_column(one_of(BreakerState, "state"))
    since: Mapped[datetime]
    reason: Mapped[str]
    probing_until: Mapped[datetime | None]


class CallsRow(Base):
    """Calls to a provider in one stretch of time, from all workers together."""

    __tablename__ = "calls"

    provider: Mapped[str] = mapped_column(primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failures: Mapped[int]


breakers = cast("Table", BreakerRow.__table__)
calls = cast("Table", CallsRow.__table__)
