"""Amazon SES, API v2: e-mails over HTTPS.

Calls: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any, ClassVar, Self

import httpx

from activities.channels.environ import any_given, base_url, optional, required
from activities.channels.http import call, json_object, retry_after
from activities.channels.mail import NO_RECORD, mail, sender_from
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address

if TYPE_CHECKING:
    from activities.channels.aws import Keys

PATH = "/v2/email/outbound-emails"
SETTINGS = ("SES_REGION", "SES_BASE_URL", "SES_CONFIGURATION_SET")


def _ours(error_type: str) -> TryLater:
    return TryLater(f"SES {error_type}", ours=True)


# None says that an address is dead: SES accepts mail to those as well, and tells by an event afterwards.
ERRORS: Mapping[str, Outcome] = {
    "TooManyRequestsException": TryLater("SES TooManyRequestsException"),
    "ThrottlingException": TryLater("SES ThrottlingException"),
    "Throttling": TryLater("SES ThrottlingException"),
    "MessageRejected": Refused("SES MessageRejected"),
    # What is wrong with a request of ours is wrong with every one, since addresses are checked before.
    **{
        error_type: _ours(error_type)
        for error_type in (
            "AccountSuspendedException",
            "BadRequestException",
            "LimitExceededException",
            "MailFromDomainNotVerifiedException",
            "NotFoundException",
            "SendingPausedException",
            # What all of AWS says of a wrong key or clock, mostly with a 403.
            "AccessDeniedException",
            "ExpiredTokenException",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "RequestExpired",
            "SerializationException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
            "ValidationException",
        )
    },
}
# The same type as "slower, please", but it lasts for hours and takes an operator to change.
QUOTA = TryLater("SES daily quota used up", wait=3600, ours=True)
SANDBOX = TryLater("SES MessageRejected: address not verified", ours=True)
# Without a type that we know it is not SES that speaks, or not about the message.
NOT_ABOUT_THE_MESSAGE = frozenset({401, 403, 404, 405, 407})

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Config:
    """What SES needs. A ``configuration_set`` is what makes SES publish events about what it sent."""

    FIRST_SETTING: ClassVar[str] = "SES_REGION"

    region: str
    sender: str
    keys: "Keys" = field(repr=False)
    base_url: str
    configuration_set: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong.

        AWS's own variables and EMAIL_FROM alone are none: they belong to others as well.
        """
        if not any_given(environ, *SETTINGS):
            return None
        # Loading botocore takes as long as loading all the rest: only who sends by SES waits for it.
        from activities.channels.aws import Keys  # noqa: PLC0415

        region = _region(environ)
        url = base_url(environ, "SES_BASE_URL", f"https://email.{region}.amazonaws.com")
        return cls(region, sender_from(environ), Keys.read(environ), url, _configuration_set(environ))

    def providers(self, http: httpx.AsyncClient) -> "Sequence[Ses]":
        """Build what these settings describe."""
        return [Ses(self, http)]


def _region(environ: Mapping[str, str]) -> str:
    value = required(environ, "SES_REGION")
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}", value):
        raise BadInput("SES_REGION", "is not a region, write for example us-east-1")
    return value


def _configuration_set(environ: Mapping[str, str]) -> str | None:
    value = optional(environ, "SES_CONFIGURATION_SET")
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise BadInput("SES_CONFIGURATION_SET", "is not a name: up to 64 letters, digits, - and _")
    return value


class Ses:
    """Sends e-mails. SES has no idempotency key, so only a record is worth the risk of a repeat."""

    name = "ses"
    channel = Channel.EMAIL

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        from activities.channels.aws import Signer  # noqa: PLC0415 as above

        self._config = config
        self._http = http
        self._url = config.base_url + PATH
        self._signer = Signer(config.keys, "ses", config.region)

    def carries(self, address: Address) -> bool:
        """Any e-mail address."""
        return address.channel is Channel.EMAIL

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt."""
        if message.is_repeat and not message.is_record:
            return NO_RECORD
        if not _MAILBOX.fullmatch(address.value):
            return Refused("not an address that SES takes as it is")
        request = self._http.build_request("POST", self._url, json=self._body(message, address))
        request.headers.update(self._signer.headers("POST", self._url, request.content))
        answer = await call(self._http, "SES", request)
        return outcome_of(answer) if isinstance(answer, httpx.Response) else answer

    def _body(self, message: Message, address: Address) -> dict[str, Any]:
        """Say the mail as a whole, raw: so a recipient gets the same mail by SES as by SMTP."""
        raw = mail(message, self._config.sender, address.value).as_bytes()
        tags = {"message_id": message.message_id, "order_id": message.order_id}
        configuration_set = self._config.configuration_set
        return {
            "FromEmailAddress": formataddr(parseaddr(self._config.sender)),
            "Destination": {"ToAddresses": [address.value]},
            "Content": {"Raw": {"Data": b64encode(raw).decode()}},
            "EmailTags": [{"Name": k, "Value": v} for k, v in tags.items() if _TAG.fullmatch(v)],
            **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
        }


def outcome_of(response: httpx.Response) -> Outcome:
    """Say what an answer of SES means. A wait that SES names replaces the table's."""
    if response.is_success:
        return _accepted(json_object(response).get("MessageId"))
    outcome = _refusal(response)
    wait = retry_after(response)
    return replace(outcome, wait=wait) if isinstance(outcome, TryLater) and wait is not None else outcome


def _accepted(message_id: object) -> Outcome:
    if isinstance(message_id, str) and re.fullmatch(r"[A-Za-z0-9-]{1,200}", message_id):
        return Accepted(message_id)
    return Unknown("SES answered without a message id")


def _refusal(response: httpx.Response) -> Outcome:
    status, body = response.status_code, json_object(response)
    error_type, text = _type(response, body), str(body.get("message", body.get("Message")))
    if error_type in {"ThrottlingException", "Throttling"} and "daily message quota" in text.lower():
        return QUOTA
    if error_type == "MessageRejected" and "not verified" in text:
        return SANDBOX
    if error_type in ERRORS:
        return ERRORS[error_type]
    if status == 429:
        return ERRORS["TooManyRequestsException"]
    if status >= 500:
        return Unknown(f"SES HTTP {status}")
    if status < 400 or status in NOT_ABOUT_THE_MESSAGE:
        return _ours(f"HTTP {status}: wrong base URL or credentials")
    return Refused(f"SES HTTP {status}")


def _type(response: httpx.Response, body: dict[str, Any]) -> str:
    """Read the error's name: ``NAME:http://...`` in the header, or ``com.amazonaws...#NAME`` in the body."""
    named = response.headers.get("x-amzn-errortype") or str(body.get("__type"))
    return str(named).partition(":")[0].rpartition("#")[2]
