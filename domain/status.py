"""The statuses an order moves through and how each is told: the one table to change.

The order of the members is the order of an order's life. Adding a status takes its member and row
here, and its words in ``activities/wording/en.ftl``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """What the order service says has happened to an order."""

    PLACED = "PLACED"
    ACCEPTED = "ACCEPTED"
    PREPARING = "PREPARING"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    NEARBY = "NEARBY"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"

    @property
    def rank(self) -> int:
        """Place in an order's life, which settles events of the same instant."""
        return _RANKS[self]

    @property
    def rule(self) -> "StatusRule":
        """How this status is told."""
        return STATUS_RULES[self]


class Role(StrEnum):
    """In what capacity a recipient hears about an order."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"
    COURIER = "courier"


class Stage(IntEnum):
    """Where the order is. News of an earlier stage is no longer true in a later one."""

    KITCHEN = 1
    ROAD = 2
    END = 3


@dataclass(frozen=True, slots=True)
class Told:
    """How one role is told one status. ``priority`` is Temporal's: 1 is the most urgent, 5 the least."""

    priority: int
    at_once: bool


@dataclass(frozen=True, slots=True)
class StatusRule:
    """One row of the table. ``record``: its e-mail is kept by the recipient and never superseded."""

    stage: Stage
    useful_for: timedelta
    told: Mapping[Role, Told]
    final: bool = False
    silences: bool = False
    record: bool = False


def _at_once(priority: int) -> Told:
    return Told(priority, at_once=True)


def _in_window(priority: int) -> Told:
    return Told(priority, at_once=False)


CUSTOMER, MERCHANT, COURIER = Role.CUSTOMER, Role.MERCHANT, Role.COURIER
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

STATUS_RULES: Mapping[Status, StatusRule] = {
    Status.PLACED: StatusRule(
        Stage.KITCHEN, 30 * _MINUTE, {CUSTOMER: _at_once(3), MERCHANT: _at_once(1)}, record=True
    ),
    Status.ACCEPTED: StatusRule(Stage.KITCHEN, 30 * _MINUTE, {CUSTOMER: _in_window(5)}),
    Status.PREPARING: StatusRule(Stage.KITCHEN, 20 * _MINUTE, {CUSTOMER: _in_window(5)}),
    Status.READY_FOR_PICKUP: StatusRule(
        Stage.KITCHEN, 20 * _MINUTE, {CUSTOMER: _in_window(5), COURIER: _at_once(1)}
    ),
    Status.OUT_FOR_DELIVERY: StatusRule(Stage.ROAD, 45 * _MINUTE, {CUSTOMER: _at_once(1)}),
    Status.NEARBY: StatusRule(Stage.ROAD, 10 * _MINUTE, {CUSTOMER: _at_once(1)}),
    Status.DELIVERED: StatusRule(
        Stage.END, _DAY, {CUSTOMER: _at_once(1), MERCHANT: _at_once(1)}, final=True, record=True
    ),
    Status.CANCELLED: StatusRule(
        Stage.END,
        _DAY,
        {CUSTOMER: _at_once(1), MERCHANT: _at_once(1), COURIER: _at_once(1)},
        final=True,
        silences=True,
        record=True,
    ),
}

_RANKS = {status: rank for rank, status in enumerate(Status)}
