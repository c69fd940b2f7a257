"""Twilio's Messages resource: text messages.

Errors: https://www.twilio.com/docs/api/errors, of which this table holds what sending can meet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Self, TypeGuard
from urllib.parse import urlencode

import httpx

from activities.channels.environ import any_given, base_url, optional, required
from activities.channels.http import call, json_object, retry_after
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address
from domain.status import Status

BASE_URL = "https://api.twilio.com"
SHORTEST_VALIDITY, LONGEST_VALIDITY = 5, 36_000
# An order service's clock and ours may differ; and an hour's identical text is hardly of another order.
CLOCK_SLACK = timedelta(minutes=15)


def _ours(reason: str) -> TryLater:
    return TryLater(reason, ours=True)


# Only a "no" about this very message or number is a refusal. A wrong sender or token is our fault.
ERRORS: Mapping[int, Outcome] = {
    20003: _ours("Twilio 20003: credentials"),
    20004: _ours("Twilio 20004: method not allowed"),
    20404: _ours("Twilio 20404: wrong account or base URL"),
    20429: TryLater("Twilio 20429: too many requests"),
    # A repeat is safe only if nothing was sent: Twilio says so of 20503, but not of 20500.
    20500: Unknown("Twilio 20500: server error"),
    20503: TryLater("Twilio 20503: unavailable"),
    21211: Gone("Twilio 21211: not a phone number"),
    21408: _ours("Twilio 21408: region not enabled"),
    21602: Refused("Twilio 21602: no body"),
    21606: _ours("Twilio 21606: sender cannot send texts"),
    21608: _ours("Twilio 21608: trial account, number not verified"),
    21610: Gone("Twilio 21610: the recipient answered STOP", opted_out=True),
    21611: TryLater("Twilio 21611: the sender's queue is full"),
    21612: _ours("Twilio 21612: sender cannot reach this number"),
    21614: Gone("Twilio 21614: not a mobile number"),
    21617: Refused("Twilio 21617: over 1600 characters"),
    21624: Refused("Twilio 21624: bad validity period"),
    21635: Gone("Twilio 21635: a landline"),
    21659: _ours("Twilio 21659: not a number of this account"),
    21660: _ours("Twilio 21660: number and account do not match"),
    30002: _ours("Twilio 30002: account suspended"),
    90007: Refused("Twilio 90007: bad validity period"),
}
# Without a code it is not Twilio's Messages resource that speaks.
NOT_ABOUT_THE_MESSAGE = frozenset({401, 403, 404, 405, 407})
UNREAD = TryLater("Twilio's list could not be read")


@dataclass(frozen=True, slots=True)
class Config:
    """What Twilio needs: an account, and a number or a messaging service to send from."""

    FIRST_SETTING: ClassVar[str] = "TWILIO_ACCOUNT_SID"

    account_sid: str
    auth_token: str = field(repr=False)
    sender: Mapping[str, str]
    base_url: str = BASE_URL

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""
        names = ("ACCOUNT_SID", "AUTH_TOKEN", "FROM", "MESSAGING_SERVICE_SID", "BASE_URL")
        if not any_given(environ, *(f"TWILIO_{name}" for name in names)):
            return None
        return cls(
            _sid("TWILIO_ACCOUNT_SID", "AC", required(environ, "TWILIO_ACCOUNT_SID")),
            required(environ, "TWILIO_AUTH_TOKEN"),
            _sender(environ),
            base_url(environ, "TWILIO_BASE_URL", BASE_URL),
        )

    def providers(self, http: httpx.AsyncClient) -> "Sequence[Twilio]":
        """Build what these settings describe."""
        return [Twilio(self, http)]


def _sender(environ: Mapping[str, str]) -> dict[str, str]:
    service = optional(environ, "TWILIO_MESSAGING_SERVICE_SID")
    if service is None:
        return {"From": required(environ, "TWILIO_FROM")}
    if optional(environ, "TWILIO_FROM"):
        raise BadInput("TWILIO_MESSAGING_SERVICE_SID", "is set beside TWILIO_FROM, keep one of them")
    return {"MessagingServiceSid": _sid("TWILIO_MESSAGING_SERVICE_SID", "MG", service)}


def _sid(setting: str, prefix: str, value: str) -> str:
    if not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
        raise BadInput(setting, f"is not a SID: {prefix} and 32 hexadecimal digits")
    return value


class Twilio:
    """Sends texts. Twilio has no idempotency key, so a repeat looks into its list first."""

    name = "twilio"
    channel = Channel.SMS

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        self._http = http
        self._url = f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        self._auth = httpx.BasicAuth(config.account_sid, config.auth_token)
        self._sender = dict(config.sender)

    def carries(self, address: Address) -> bool:
        """Any phone number."""
        return address.channel is Channel.SMS

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt. What may have arrived is sent twice only when it is urgent."""
        if message.is_repeat:
            found = await self._look_up(message, address)
            if found or message.priority != 1:
                return found or Unknown("not on the provider's list")
        request = self._http.build_request("POST", self._url, data=self._form(message, address))
        answer = await call(self._http, "Twilio", request, auth=self._auth)
        return outcome_of(answer) if isinstance(answer, httpx.Response) else answer

    def _form(self, message: Message, address: Address) -> dict[str, str]:
        validity = min(max(message.seconds_left, SHORTEST_VALIDITY), LONGEST_VALIDITY)
        body = {"Body": message.words.text, "ValidityPeriod": str(validity)}
        return {"To": address.value, **self._sender, **body}

    async def _look_up(self, message: Message, address: Address) -> Accepted | TryLater | None:
        """Find the earlier attempt, None where Twilio has none. A list that cannot be read is asked again."""
        since = datetime.now(UTC) - _age(message) - CLOCK_SLACK
        query = urlencode({"To": address.value, "DateSent>": since.date().isoformat()})
        request = self._http.build_request("GET", self._url)
        # Not as ``params``: httpx logs every URL, and this one holds a phone number.
        request.extensions["target"] = request.url.raw_path + b"?" + query.encode()
        answer = await call(self._http, "Twilio", request, auth=self._auth)
        if not isinstance(answer, httpx.Response):
            return UNREAD
        if not answer.is_success:
            refusal = outcome_of(answer)
            return refusal if isinstance(refusal, TryLater) else UNREAD
        return _found(json_object(answer), message.words.text, since)


def _age(message: Message) -> timedelta:
    """How long ago the news can have happened at most, as seen from its deadline."""
    stage = message.path[-1].rule.stage
    useful_for = max(status.rule.useful_for for status in Status if status.rule.stage is stage)
    return max(useful_for - timedelta(seconds=message.seconds_left), timedelta())


def _found(body: dict[str, Any], text: str, since: datetime) -> Accepted | TryLater | None:
    listed = body.get("messages")
    if not isinstance(listed, list):
        return UNREAD
    for entry in listed:
        # Yesterday's order from the same place has the same words: only recent ones are ours.
        if isinstance(entry, dict) and entry.get("body") == text and _is_recent(entry, since):
            sid = entry.get("sid")
            return Accepted(sid) if _is_message_sid(sid) else UNREAD
    return None


def _is_recent(entry: dict[str, Any], since: datetime) -> bool:
    try:
        created = parsedate_to_datetime(str(entry.get("date_created")))
    except (ValueError, IndexError, OverflowError):
        return True
    return (created if created.tzinfo else created.replace(tzinfo=UTC)) >= since


def _is_message_sid(sid: object) -> TypeGuard[str]:
    return isinstance(sid, str) and re.fullmatch(r"(SM|MM)[0-9a-fA-F]{32}", sid) is not None


def outcome_of(response: httpx.Response) -> Outcome:
    """Say what an answer to a create-message call means. The code decides, not the HTTP status."""
    body, wait = json_object(response), retry_after(response)
    if response.is_success:
        sid = body.get("sid")
        return Accepted(sid) if _is_message_sid(sid) else Unknown("Twilio answered without a SID")
    outcome = _refusal(response.status_code, body.get("code"))
    return replace(outcome, wait=wait) if isinstance(outcome, TryLater) else outcome


def _refusal(status: int, code: object) -> Outcome:
    if status == 429:
        return ERRORS[20429]
    if isinstance(code, int) and code in ERRORS:
        return ERRORS[code]
    if status >= 500:
        return Unknown(f"Twilio HTTP {status}")
    if status < 400 or (code is None and status in NOT_ABOUT_THE_MESSAGE):
        return _ours(f"Twilio HTTP {status}: wrong base URL or credentials")
    is_a_code = isinstance(code, int) and 10_000 <= code <= 99_999
    return Refused(f"Twilio {code}" if is_a_code else f"Twilio HTTP {status}")
