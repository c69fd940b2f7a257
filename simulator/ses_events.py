"""What became of an e-mail, as SES tells it in its event publishing.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

Json = dict[str, Any]
Bounce = Literal["Permanent", "Transient", "Undetermined"]

_ACCOUNT = "123456789012"
_SENDER = "orders@example.org"
_FEEDBACK = "0100000000000000-00000000-0000-0000-0000-000000000000-000000"
_DIAGNOSES: Mapping[Bounce, tuple[str, str]] = {
    "Permanent": ("5.1.1", "smtp; 550 5.1.1 user unknown"),
    "Transient": ("4.2.2", "smtp; 452 4.2.2 mailbox full"),
    "Undetermined": ("5.0.0", "smtp; 550 undetermined"),
}


def bounce(
    reference: str,
    address: str,
    kind: Bounce = "Permanent",
    subtype: str = "General",
    *,
    message_id: str | None = None,
) -> Json:
    """A mail that came back. ``reference`` is SES's own id, ``message_id`` the tag that we gave it."""
    status, diagnosis = _DIAGNOSES[kind]
    recipient = {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": diagnosis}
    told = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [recipient],
        "timestamp": _now(),
        "feedbackId": _FEEDBACK,
        "reportingMTA": "dsn; mta.example.org",
    }
    return {"eventType": "Bounce", "bounce": told, "mail": _mail(reference, address, message_id)}


def complaint(reference: str, address: str, *, message_id: str | None = None) -> Json:
    """A mail that its recipient called spam."""
    told = {
        "complainedRecipients": [{"emailAddress": address}],
        "timestamp": _now(),
        "feedbackId": _FEEDBACK,
        "complaintSubType": None,
        "complaintFeedbackType": "abuse",
        "userAgent": "ExampleCorp Feedback Loop (V0.01)",
        "arrivalDate": _now(),
    }
    return {"eventType": "Complaint", "complaint": told, "mail": _mail(reference, address, message_id)}


def delivery(reference: str, address: str, *, message_id: str | None = None) -> Json:
    """A mail that the recipient's server took."""
    told = {
        "timestamp": _now(),
        "processingTimeMillis": 546,
        "recipients": [address],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.example.org",
    }
    return {"eventType": "Delivery", "delivery": told, "mail": _mail(reference, address, message_id)}


def _mail(reference: str, address: str, message_id: str | None) -> Json:
    tags = {
        "ses:configuration-set": ["simulated"],
        "ses:from-domain": ["example.org"],
        **({"message_id": [message_id]} if message_id else {}),
    }
    return {
        "timestamp": _now(),
        "source": _SENDER,
        "sourceArn": f"arn:aws:ses:us-east-1:{_ACCOUNT}:identity/example.org",
        "sendingAccountId": _ACCOUNT,
        "messageId": reference,
        "destination": [address],
        "headersTruncated": False,
        "headers": [{"name": "From", "value": _SENDER}, {"name": "To", "value": address}],
        "commonHeaders": {"from": [_SENDER], "to": [address], "messageId": reference},
        "tags": tags,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
