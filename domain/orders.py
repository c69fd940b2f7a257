"""What the order service tells us, start input, order events and receipts, and what is wrong with a bad one.

These are wire types of a public contract: they only ever grow, every new field has a default, and fields
we do not know are ignored.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    field_validator,
)

from domain.status import Role, Status

WORKFLOW_TYPE = "OrderNotifications"
ORDERS_QUEUE = "order-notifications"

# Signals and histories must never carry a contact detail: the store alone holds them.
# One character before the at sign is enough: more of them make a long text take its length squared.
_EMAIL = re.compile(r"[^@\s]@[^@\s]+\.[^@\s]")
_PHONE = re.compile(r"\+\d[\d ().-]{6,}\d")


def workflow_id(order_id: str) -> str:
    """The id of the one workflow that an order has."""
    return f"order-{order_id}"


def order_id_of(workflow_id: str) -> str:
    """The inverse of :func:`workflow_id`."""
    return workflow_id.removeprefix("order-")


def _no_contact_detail(value: str) -> str:
    if _EMAIL.search(value) or _PHONE.search(value):
        raise ValueError("looks like a contact detail, which belongs to the recipient, not to the order")
    return value


Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f]+$"),
    AfterValidator(_no_contact_detail),
]


def _a_fact(value: object) -> object:
    if not isinstance(value, (str, int, float)):
        raise ValueError("is not a text, a number or true or false")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is not a number that JSON has")
    if isinstance(value, str):
        if len(value) > 200:
            raise ValueError("is longer than 200 characters")
        _no_contact_detail(value)
    return value


Fact = Annotated[
    str | int | float | bool,
    PlainValidator(_a_fact, json_schema_input_type=str | int | float | bool),
]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Wire(BaseModel):
    """Base of everything that crosses a process border: immutable, and lenient about fields of the future."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OrderEvent(Wire):
    """One message from the order service: this order now has this status."""

    event_id: Identifier
    order_id: Identifier
    status: Status
    occurred_at: AwareDatetime
    customer_id: Identifier
    merchant_id: Identifier | None = None
    courier_id: Identifier | None = None
    facts: Annotated[dict[FactName, Fact], Field(max_length=20)] = {}

    @field_validator("facts", mode="before")
    @classmethod
    def _facts_we_have(cls, value: object) -> object:
        if isinstance(value, dict):
            return {name: fact for name, fact in value.items() if fact is not None}
        return {} if value is None else value

    def recipient(self, role: Role) -> str | None:
        """Who holds this role in the order, as far as this event says."""
        holders = {
            Role.CUSTOMER: self.customer_id,
            Role.MERCHANT: self.merchant_id,
            Role.COURIER: self.courier_id,
        }
        return holders[role]


class Rules(Wire):
    """How one order is told, where its owner wants other than the usual. Seconds."""

    window_seconds: float = Field(default=60, ge=0, le=3600)
    linger_seconds: float = Field(default=1800, ge=0, le=7 * 86400)


class Order(Wire):
    """Start input of an order's workflow."""

    order_id: Identifier
    rules: Rules = Rules()


class Receipt(Wire):
    """What a provider told us later about a notification."""

    message_id: str
    state: str
    code: str | None = None
    at: datetime | None = None

    @field_validator("state")
    @classmethod
    def _known_state(cls, value: str) -> str:
        if value not in RECEIPT_STATES:
            raise ValueError(f"use one of {', '.join(RECEIPT_STATES)}")
        return value


RECEIPT_STATES = ("delivered", "undelivered", "bounced", "read")


class BadInput(ValueError):
    """Input that cannot be used. ``field`` is what was wrong, ``problem`` says why and what to do."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem

    @classmethod
    def first_of(cls, error: ValidationError, whole: str) -> Self:
        """The first thing wrong, in words that never repeat the input: it may hold contact details.

        ``whole`` names the input for when nothing in it can be named.
        """
        return cls.of(error.errors(include_url=False, include_input=False)[0], whole)

    @classmethod
    def of(cls, first: Mapping[str, Any], whole: str) -> Self:
        """One thing wrong, as pydantic describes it; otherwise as :meth:`first_of`."""
        # A name that somebody else chose may be anything, also an address.
        parts = [
            str(part) if _IS_A_NAME.fullmatch(str(part)) else "..."
            for part in first["loc"]
            if part != "[key]"
        ]
        name = next((part for part in reversed(parts) if not part.isdigit()), "")
        problem = _REMEDIES.get((name, first["type"])) or _REMEDIES.get(("", first["type"])) or first["msg"]
        return cls(".".join(parts) or whole, problem.removeprefix("Value error, "))


_IS_A_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
_REMEDIES = {
    ("status", "enum"): f"unknown status, use one of {', '.join(Status)}",
    ("status", "missing"): f"missing, use one of {', '.join(Status)}",
    ("occurred_at", "timezone_aware"): "has no time zone, write for example 2026-11-22T12:00:00Z",
    ("", "missing"): "missing",
    ("", "bool_parsing"): "is neither true nor false",
    ("", "string_pattern_mismatch"): "has a character that is not allowed here",
    ("", "datetime_from_date_parsing"): "is not a time, write for example 2026-11-22T12:00:00Z",
    ("", "datetime_parsing"): "is not a time, write for example 2026-11-22T12:00:00Z",
    ("", "model_type"): "is not a JSON object",
    ("", "model_attributes_type"): "is not a JSON object",
    ("", "json_invalid"): "is not JSON",
    ("", "extra_forbidden"): "is no field we know",
    ("phone", "string_pattern_mismatch"): "is no phone number with its country, write for example +15550100",
    ("email", "string_pattern_mismatch"): "is no e-mail address",
    ("locale", "string_pattern_mismatch"): "is no language, write for example en or pt-BR",
}


def read_event(raw: Any, *, order_id: str) -> OrderEvent:
    """The order event in ``raw``, or :class:`BadInput` naming the field and the remedy."""
    try:
        event = OrderEvent.model_validate(raw)
    except ValidationError as error:
        raise BadInput.first_of(error, "event") from None
    if event.order_id != order_id:
        raise BadInput("order_id", f"is of another order than {order_id}, signal it to its own workflow")
    return event


def read_receipt(raw: Any) -> Receipt:
    """The receipt in ``raw``, or :class:`BadInput` naming the field and the remedy."""
    try:
        return Receipt.model_validate(raw)
    except ValidationError as error:
        raise BadInput.first_of(error, "receipt") from None
