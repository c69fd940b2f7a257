"""Column types that mean the same on SQLite and PostgreSQL: moments in UTC, paths, and text from outside."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    String,
    TypeDecorator,
    bindparam,
    false,
    or_,
)
from sqlalchemy.types import TypeEngine

from domain.status import Status


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, always read back in UTC. On SQLite, which has no such type, text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, ``timestamptz`` elsewhere."""
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive moment: nobody could say which one it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """PostgreSQL answers in the session's time zone."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Path(TypeDecorator[tuple[Status, ...]]):
    """Statuses in the order they are told. Has no CHECK: a new status must not take a migration."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Iterable[Status] | None, dialect: Dialect) -> Any:  # noqa: ARG002 fixed
        """Store plain names."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Status, ...] | None:  # noqa: ARG002 fixed
        """Read statuses."""
        return None if value is None else tuple(Status(name) for name in value)


class OutsideText(TypeDecorator[str]):
    """Text that others wrote. PostgreSQL refuses NUL, and no database takes half a surrogate pair."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 fixed
        """Put a replacement mark for what cannot be stored, rather than fail for ever."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def one_of(words: type[StrEnum], name: str) -> Enum:
    """A column that holds one of our words; the database checks it by the constraint ``name``."""
    return Enum(
        words,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def is_any_of(column: ColumnElement[Any], words: Iterable[StrEnum]) -> ColumnElement[bool]:
    """As ``column.in_(words)``, which SQLAlchemy would spell out anew each time it is executed."""
    return or_(false(), *(column == word for word in sorted(words)))


def moment(name: str) -> BindParameter[datetime]:
    """A moment inside a function, where nothing else says that it is one: SQLite's own text does not sort."""
    return bindparam(name, type_=UtcDateTime())
