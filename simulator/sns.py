"""Stands in for Amazon SNS as SES publishes its events through it: envelopes signed by a key of our own.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import json
import secrets
import uuid
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CERTIFICATE_PATH = "/sns/SimpleNotificationService-simulated.pem"
SUBSCRIBE_PATH = "/sns"

Version = Literal["1", "2"]
Confirmation = Literal["SubscriptionConfirmation", "UnsubscribeConfirmation"]
Envelope = dict[str, str]

# What is signed, in this order. A field that is not there is left out.
_SIGNED_OF_A_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_OF_A_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_HASHES: Mapping[Version, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what SNS signs with unless told otherwise
    "2": hashes.SHA256(),
}


class Sns:
    """Serves the certificate to check envelopes by, and takes the visit that confirms a subscription."""

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [
            Route(CERTIFICATE_PATH, self._certificate, methods=["GET"]),
            Route(SUBSCRIBE_PATH, self._confirm, methods=["GET"]),
        ]

    async def _certificate(self, _request: Request) -> Response:
        return Response(certificate(signing_key()), media_type="binary/octet-stream")

    async def _confirm(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("Action") != "ConfirmSubscription" or not asked.get("Token"):
            return Response("<ErrorResponse/>", 400, media_type="text/xml")
        arn = f"{asked.get('TopicArn', '')}:{uuid.uuid4()}"
        return Response(
            '<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
            f"<ConfirmSubscriptionResult><SubscriptionArn>{arn}</SubscriptionArn></ConfirmSubscriptionResult>"
            "</ConfirmSubscriptionResponse>",
            media_type="text/xml",
        )


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key behind the certificate that the simulator serves, made when it is first needed."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    """A certificate for a key, in PEM and signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def signed_notification(
    event: Mapping[str, Any],
    topic_arn: str,
    key: rsa.RSAPrivateKey,
    cert_url: str,
    *,
    version: Version = "1",
    subject: str | None = "Amazon SES Email Event Notification",
) -> Envelope:
    """Wrap an event of SES as SNS posts it to a subscriber."""
    envelope = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": topic_arn,
        **({"Subject": subject} if subject else {}),
        "Message": json.dumps(event),
    }
    return _signed(envelope, key, cert_url, version)


def signed_confirmation(
    topic_arn: str,
    key: rsa.RSAPrivateKey,
    cert_url: str,
    *,
    subscribe_url: str = f"https://sns.us-east-1.amazonaws.com{SUBSCRIBE_PATH}",
    kind: Confirmation = "SubscriptionConfirmation",
    version: Version = "1",
) -> Envelope:
    """Ask a subscriber to confirm, or tell that it is one no more. ``subscribe_url`` is without its query."""
    token = secrets.token_hex(64)
    envelope = {
        "Type": kind,
        "MessageId": str(uuid.uuid4()),
        "Token": token,
        "TopicArn": topic_arn,
        "Message": f"You have chosen to subscribe to the topic {topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": f"{subscribe_url}?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}",
    }
    return _signed(envelope, key, cert_url, version)


def headers_of(envelope: Envelope) -> dict[str, str]:
    """The headers that SNS posts an envelope with: JSON that calls itself plain text."""
    return {
        "x-amz-sns-message-type": envelope["Type"],
        "x-amz-sns-message-id": envelope["MessageId"],
        "x-amz-sns-topic-arn": envelope["TopicArn"],
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
    }


def _signed(envelope: Envelope, key: rsa.RSAPrivateKey, cert_url: str, version: Version) -> Envelope:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    dated = {**envelope, "Timestamp": at, "SignatureVersion": version}
    signature = key.sign(string_to_sign(dated), padding.PKCS1v15(), _HASHES[version])
    return {**dated, "Signature": b64encode(signature).decode(), "SigningCertURL": cert_url}


def string_to_sign(envelope: Envelope) -> bytes:
    """What SNS signs of an envelope."""
    is_notification = envelope["Type"] == "Notification"
    names = _SIGNED_OF_A_NOTIFICATION if is_notification else _SIGNED_OF_A_CONFIRMATION
    return "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope).encode()
