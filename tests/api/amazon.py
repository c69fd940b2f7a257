"""Stands for Amazon: signs what SNS would sign, and hands out the certificate that goes with it."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from api.answers import ComeAgain

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-01d088a6f77103d0fe307c0069e40ed6.pem"
CONFIRM = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"

_ORDER = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "Confirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Amazon:
    """One key, one certificate, and every URL that was asked for."""

    def __init__(self, name: str = "amazon", valid_for: timedelta = timedelta(days=30)) -> None:
        self._key = _key(name)
        self.certificate = _certificate(self._key, valid_for)
        self.asked: list[str] = []
        self.is_away = False

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.is_away:
            raise ComeAgain("Amazon does not answer")
        return self.certificate

    def notification(self, message: Any, **other: Any) -> dict[str, Any]:
        text = message if isinstance(message, str) else json.dumps(message)
        return self.signed({**_envelope("Notification"), "Message": text, **other})

    def offer(self, **other: Any) -> dict[str, Any]:
        offered = {"Message": "You have chosen to subscribe", "Token": "abc", "SubscribeURL": CONFIRM}
        return self.signed({**_envelope("SubscriptionConfirmation"), **offered, **other})

    def signed(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        kind = "Notification" if envelope["Type"] == "Notification" else "Confirmation"
        lines = [f"{name}\n{envelope[name]}\n" for name in _ORDER[kind] if name in envelope]
        algorithm = hashes.SHA256() if envelope["SignatureVersion"] == "2" else hashes.SHA1()  # noqa: S303 as SNS
        signature = self._key.sign("".join(lines).encode(), padding.PKCS1v15(), algorithm)
        return {**envelope, "Signature": base64.b64encode(signature).decode()}


def event(kind: str, message_id: str, **details: Any) -> dict[str, Any]:
    """An event as SES publishes it for a mail with our tag."""
    mail = {
        "messageId": "0100018f-ses",
        "destination": ["ana@example.org"],
        "headers": [{"name": "Subject", "value": "On its way"}],
        "tags": {"message_id": [message_id], "ses:from-domain": ["example.org"]},
    }
    return {"eventType": kind, "mail": mail, kind.lower(): details}


def bounce(message_id: str, kind: str, subtype: str, address: str = "ana@example.org") -> dict[str, Any]:
    recipients = [{"emailAddress": address, "status": "5.1.1", "diagnosticCode": f"550 no {address}"}]
    return event("Bounce", message_id, bounceType=kind, bounceSubType=subtype, bouncedRecipients=recipients)


def _envelope(kind: str) -> dict[str, Any]:
    return {
        "Type": kind,
        "MessageId": str(uuid4()),
        "TopicArn": TOPIC,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE,
    }


@cache
def _key(name: str) -> rsa.RSAPrivateKey:  # noqa: ARG001 each name has its own
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(key: rsa.RSAPrivateKey, valid_for: timedelta) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    until = datetime.now(UTC) + valid_for
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(min(until, datetime.now(UTC)) - timedelta(days=1))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
