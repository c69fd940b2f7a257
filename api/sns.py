"""Makes sure that a message is from Amazon SNS and from our own topic: its signature, certificate and age.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from api.answers import ComeAgain, forged, unusable
from domain.orders import BadInput

Fetch = Callable[[str], Awaitable[bytes]]
Clock = Callable[[], datetime]

# SNS tries for an hour at most; what is older is somebody's replay. The rest is for clocks that differ.
OLDEST, SLACK = timedelta(hours=1), timedelta(minutes=10)
LONGEST_CERTIFICATE = 64 * 1024
FETCHED_WITHIN = 5.0
CERTIFICATES_KEPT = 8

_CERTIFICATE_PATH = re.compile(r"/[A-Za-z0-9_./-]+\.pem")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, Sequence[str]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
# SHA-1 is what SNS signs with unless the topic says otherwise: it is theirs to choose.
_HASHES: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303


class SnsMessage(BaseModel):
    """An envelope as SNS posts it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] = Field(alias="Type")
    message_id: str = Field(alias="MessageId", min_length=1, max_length=100)
    topic: str = Field(alias="TopicArn")
    message: str = Field(alias="Message")
    at: AwareDatetime = Field(alias="Timestamp")
    version: Literal["1", "2"] = Field(alias="SignatureVersion")
    signature: str = Field(alias="Signature")
    certificate_url: str = Field(alias="SigningCertURL")
    subscribe_url: str | None = Field(alias="SubscribeURL", default=None)


class SnsMessages:
    """Reads the messages of one topic. ``fetch`` gets a URL of Amazon's, or raises ComeAgain."""

    def __init__(self, topic: str, fetch: Fetch, now: Clock = lambda: datetime.now(UTC)) -> None:
        self._topic, self._fetch, self._now = topic, fetch, now
        # Of the topic's own region: any other host of the pattern may be a bucket named sns.
        region = re.escape(topic.split(":")[3])
        self._host = re.compile(rf"sns\.{region}\.amazonaws\.com(\.cn)?")
        self._certificates: dict[str, x509.Certificate] = {}
        self._one_at_a_time = asyncio.Lock()

    async def read(self, envelope: Mapping[str, Any]) -> SnsMessage:
        """The message in an envelope, refused with 403 or 422 unless SNS signed it for our topic just now."""
        try:
            message = SnsMessage.model_validate(envelope)
        except ValidationError as error:
            wrong = BadInput.first_of(error, "envelope")
            raise unusable(wrong.field, wrong.problem) from None
        if message.topic != self._topic:
            raise forged("this is not our topic")
        if not -SLACK <= self._now() - message.at <= OLDEST + SLACK:
            raise forged("the message is not of the last hour")
        if not self._is_amazons(message.certificate_url, _CERTIFICATE_PATH):
            raise forged("the certificate is not Amazon's")
        certificate = await self._certificate(message.certificate_url)
        if not _is_signed(certificate, message, canonical(envelope)):
            raise forged("the signature is not Amazon's")
        return message

    async def confirm(self, message: SnsMessage) -> None:
        """Confirm the subscription that a verified message offers."""
        if not self._is_amazons(message.subscribe_url or "", re.compile("/")):
            raise forged("the confirmation is not Amazon's")
        await self._fetch(message.subscribe_url or "")

    def _is_amazons(self, url: str, path: re.Pattern[str]) -> bool:
        """Whether a URL is https on Amazon's host and nothing else is in its authority."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        # Of the URL itself too: urlsplit quietly drops tabs and line breaks.
        is_clean = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
        return (
            is_clean
            and parts.scheme == "https"
            and self._host.fullmatch(parts.netloc) is not None
            and path.fullmatch(parts.path) is not None
            and ".." not in parts.path
            and not parts.fragment
            and (not parts.query or parts.path == "/")
        )

    async def _certificate(self, url: str) -> x509.Certificate:
        # One at a time: a flood of made-up URLs makes us ask Amazon for one after the other, not for all.
        if url not in self._certificates:
            async with self._one_at_a_time:
                if url not in self._certificates:
                    self._keep(url, _parsed(await self._fetch(url)))
        certificate = self._certificates[url]
        if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
            raise forged("the certificate is not valid now")
        return certificate

    def _keep(self, url: str, certificate: x509.Certificate) -> None:
        while len(self._certificates) >= CERTIFICATES_KEPT:
            del self._certificates[next(iter(self._certificates))]
        self._certificates[url] = certificate


def canonical(envelope: Mapping[str, Any]) -> bytes:
    """What SNS signs of an envelope."""
    names = _SIGNED[envelope["Type"]]
    return "".join(f"{name}\n{envelope[name]}\n" for name in names if envelope.get(name) is not None).encode()


def fetching(http: httpx.AsyncClient) -> Fetch:
    """Get URLs over the network: small answers, soon, and from nowhere else."""

    async def fetch(url: str) -> bytes:
        try:
            async with (
                asyncio.timeout(FETCHED_WITHIN),
                http.stream("GET", url, follow_redirects=False) as got,
            ):
                if got.status_code != 200:
                    raise ComeAgain("Amazon's answer cannot be used")
                return await _limited(got)
        except (httpx.HTTPError, TimeoutError):
            raise ComeAgain("Amazon does not answer") from None

    return fetch


async def _limited(got: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in got.aiter_bytes():
        content += chunk
        if len(content) > LONGEST_CERTIFICATE:
            raise ComeAgain("Amazon's answer cannot be used")
    return bytes(content)


def _parsed(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ComeAgain("Amazon's certificate cannot be read") from None


def _is_signed(certificate: x509.Certificate, message: SnsMessage, signed: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        signature = base64.b64decode(message.signature, validate=True)
        key.verify(signature, signed, padding.PKCS1v15(), _HASHES[message.version])
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
