"""What an event of Amazon SES means to us. Unknown events and fields are for others: they are never an error.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OUR_HEADER = "x-order-notification"
OUR_TAG = "message_id"
_A_WORD = re.compile(r"[A-Za-z]{1,40}")


@dataclass(frozen=True, slots=True)
class SesEvent:
    """News of one e-mail. ``code`` is a fixed phrase.

    ``is_gone``: the ``address`` does not exist. ``is_complaint``: its owner reported us as a sender of spam.
    """

    message_id: str
    state: str
    code: str | None = None
    is_gone: bool = False
    is_complaint: bool = False
    address: str | None = field(default=None, repr=False)


def read_event(event: Mapping[str, Any]) -> SesEvent | None:
    """The news in an event, None where it has none for us."""
    message_id = _message_id(_object(event, "mail"))
    kind = event.get("eventType") or event.get("notificationType")
    if message_id is None:
        return None
    match kind:
        case "Delivery":
            return SesEvent(message_id, "delivered")
        case "Open":
            return SesEvent(message_id, "read")
        case "Complaint":
            # Only what was delivered can be complained about.
            return SesEvent(message_id, "delivered", is_complaint=True)
        case "Reject":
            return SesEvent(message_id, "undelivered", "SES reject")
        case "Bounce":
            return _bounce(message_id, _object(event, "bounce"))
    return None


def _bounce(message_id: str, bounce: Mapping[str, Any]) -> SesEvent:
    kind, subtype = _word(bounce, "bounceType"), _word(bounce, "bounceSubType")
    code = " ".join(filter(None, ("SES bounce", kind, subtype)))
    if kind == "Permanent":
        return SesEvent(message_id, "bounced", code, is_gone=True, address=_bounced(bounce))
    # A full mailbox is a full mailbox: this news has not arrived, the next may.
    return SesEvent(message_id, "undelivered", code)


def _bounced(bounce: Mapping[str, Any]) -> str | None:
    match bounce.get("bouncedRecipients"):
        case [{"emailAddress": str(address)}, *_]:
            return address
    return None


def _message_id(mail: Mapping[str, Any]) -> str | None:
    match _object(mail, "tags").get(OUR_TAG):
        case [str(message_id), *_]:
            return message_id
    for header in mail.get("headers") or () if isinstance(mail.get("headers"), list) else ():
        match header:
            case {"name": str(name), "value": str(value)} if name.lower() == OUR_HEADER:
                return value.strip()
    return None


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def _word(parent: Mapping[str, Any], name: str) -> str:
    """One of Amazon's own words; anything else might be an address."""
    found = parent.get(name)
    return found if isinstance(found, str) and _A_WORD.fullmatch(found) else ""
