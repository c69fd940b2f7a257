"""Reads what arrives, whatever it is: raw, so that nothing that cannot be read is lost or stops an order."""

from collections import deque
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
# One workflow task may bring 10,000 signals, and the SDK fails a task that takes longer than 2 s. To be
# handed a signal takes 0.08 ms of them and cannot be put off; to read one takes 0.12 ms and can.
READ_AT_ONCE = 250

Signal = tuple[str, Sequence[RawValue]]


class Crowd:
    """Signals that came in too great a number to be read in the task that brought them, oldest first.

    Whoever holds it must read it to its end before an order ends or continues as new.
    """

    def __init__(self) -> None:
        self._waiting: deque[Signal] = deque()
        self._task_of: datetime | None = None
        self._read = 0

    def __bool__(self) -> bool:
        """Whether any signal waits to be read."""
        return bool(self._waiting)

    def may_read(self, now: datetime) -> bool:
        """Whether one more signal may be read in this task, all of which has the same time."""
        if now != self._task_of:
            self._task_of, self._read = now, 0
        self._read += 1
        return self._read <= READ_AT_ONCE and not self._waiting

    def add(self, signal: Signal) -> None:
        """Let a signal wait for a later task."""
        self._waiting.append(signal)

    def take(self) -> list[Signal]:
        """As many as may be read in one task."""
        return [self._waiting.popleft() for _ in range(min(READ_AT_ONCE, len(self._waiting)))]


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
