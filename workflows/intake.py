"""Reads what arrives, whatever it is: raw, so that nothing that cannot be read is lost or stops an order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from domain.ledger import dead_letter_id
    from domain.orders import BadInput
    from domain.redriving import RAW_CHARACTERS_KEPT
    from domain.telling import DeadLetter
    from workflows.carried import NextRun

# Stands for an argument that was not given.
NOTHING = RawValue(Payload())


def decoded(raw: RawValue) -> Any:
    """The JSON value of a payload, or :class:`BadInput`."""
    if raw.payload == NOTHING.payload:
        raise BadInput("event", "missing, give one argument")
    try:
        return workflow.payload_converter().from_payload(raw.payload)
    except Exception:  # noqa: BLE001 whatever a converter raises, the content is what is wrong
        raise BadInput("event", "is not JSON") from None


def only(arguments: Sequence[RawValue]) -> Any:
    """The one argument of a signal, decoded, or :class:`BadInput`."""
    if len(arguments) > 1:
        raise BadInput("event", f"{len(arguments)} arguments, give one")
    return decoded(arguments[0] if arguments else NOTHING)


def read_start(raw: RawValue) -> NextRun:
    """The start input, or :class:`BadInput`."""
    try:
        return NextRun.model_validate(decoded(raw))
    except ValidationError as error:
        raise BadInput.first_of(error, "start") from None


def unreadable(
    order_id: str, source: str, problem: BadInput, arguments: Sequence[RawValue], at: datetime
) -> DeadLetter:
    """The dead letter for input that could not be read: the same content twice is one."""
    raw = b"\n".join(argument.payload.data for argument in arguments).decode(errors="replace")
    return DeadLetter(
        dead_letter_id=dead_letter_id(order_id, source, raw),
        order_id=order_id,
        source=source,
        reason=str(problem),
        field=problem.field,
        raw=raw[:RAW_CHARACTERS_KEPT],
        at=at,
    )
