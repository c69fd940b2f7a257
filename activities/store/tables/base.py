"""What all tables share: names for their constraints, and types that mean the same on both databases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, MetaData
from sqlalchemy.orm import DeclarativeBase

from activities.store.columns import Path, UtcDateTime
from domain.status import Status

_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Every constraint has a name, so that a migration can change it on both databases."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {
        datetime: UtcDateTime(),
        tuple[Status, ...]: Path(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
    }
