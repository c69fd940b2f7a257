"""What Twilio's status callbacks say about a text that it had accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["delivered", "undelivered", "read"]

_STATES: Mapping[str, State] = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "read": "read",
}
_DEAD = {"30005": "Twilio 30005: unknown number", "30006": "Twilio 30006: a landline or out of reach"}


@dataclass(frozen=True, slots=True)
class TwilioReceipt:
    """One callback. ``state`` is None where it says nothing about the end; ``code`` is a fixed phrase."""

    state: State | None
    code: str | None
    number_is_dead: bool
    receipt_id: str


def receipt_of(form: Mapping[str, str]) -> TwilioReceipt | None:
    """The receipt in a form, None when it is no status callback."""
    sid, status = form.get("MessageSid"), form.get("MessageStatus")
    if not sid or not status:
        return None
    error = form.get("ErrorCode", "")
    code = _DEAD.get(error, "Twilio: not delivered") if status in ("undelivered", "failed") else None
    return TwilioReceipt(_STATES.get(status), code, error in _DEAD, f"twilio:{sid}:{status}")
