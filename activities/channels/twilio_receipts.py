"""Reads Twilio's status callbacks: what became of a text that was accepted.

Callbacks: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from activities.channels.twilio_codes import code_of, failure, gone_of, needs_an_operator

State = Literal["delivered", "undelivered", "read"]

# A "failed" text never left Twilio, an "undelivered" one did. Neither arrived, nor will it.
STATES: Mapping[str, State] = {
    "canceled": "undelivered",
    "delivered": "delivered",
    "failed": "undelivered",
    "read": "read",
    "undelivered": "undelivered",
}


@dataclass(frozen=True, slots=True)
class TwilioReceipt:
    """One callback. ``state`` is None while the text is still on its way.

    ``code`` says why it did not arrive. ``number_is_dead``: never text this number again, ``opted_out``: its
    owner answered STOP, ``ours``: an operator has to put something right. ``receipt_id`` is the same for the
    same callback, which Twilio may repeat.
    """

    state: State | None
    code: str | None
    number_is_dead: bool
    receipt_id: str
    opted_out: bool = False
    ours: bool = False


def receipt_of(form: Mapping[str, str]) -> TwilioReceipt | None:
    """Read a callback's form, None where it is no status callback. Fields and statuses new to us are fine."""
    sid, status = form.get("MessageSid", ""), form.get("MessageStatus", "")
    if not _is_plain(sid) or not _is_plain(status):
        return None
    receipt_id, state = f"twilio-{sid}-{status}", STATES.get(status)
    if state != "undelivered":
        return TwilioReceipt(state, None, number_is_dead=False, receipt_id=receipt_id)
    code = code_of(form.get("ErrorCode"))
    if code is None:
        return TwilioReceipt(state, f"Twilio: {status}", number_is_dead=False, receipt_id=receipt_id)
    gone = gone_of(code)
    return TwilioReceipt(
        state,
        failure(code),
        number_is_dead=gone is not None and not gone.opted_out,
        receipt_id=receipt_id,
        opted_out=gone is not None and gone.opted_out,
        ours=needs_an_operator(code),
    )


def _is_plain(value: str) -> bool:
    """Whether a value is a word of Twilio's own, short enough to keep."""
    return value.isascii() and value.replace("_", "").isalnum() and len(value) <= 64
