"""Twilio's Messages resource: text messages, from one sender of the account or the next.

https://www.twilio.com/docs/messaging/api/message-resource. What its codes mean is in ``twilio_codes.py``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Self, TypeGuard
from urllib.parse import urlencode, urlsplit

import httpx

from activities.channels.environ import any_given, base_url, optional, required
from activities.channels.http import call, json_object, retry_after
from activities.channels.twilio_codes import ERRORS, code_of, ours
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address
from domain.status import Status

NAME = "twilio"
SERVICE = "MessagingServiceSid"
BASE_URL = "https://api.twilio.com"
SHORTEST_VALIDITY, LONGEST_VALIDITY = 5, 36_000
# An order service's clock and ours may differ; and an hour's identical text is hardly of another order.
CLOCK_SLACK = timedelta(minutes=15)

# Without a code it is not Twilio's Messages resource that speaks.
NOT_ABOUT_THE_MESSAGE = frozenset({401, 403, 404, 405, 407})
UNREAD = TryLater("Twilio's list could not be read")


@dataclass(frozen=True, slots=True)
class Config:
    """What Twilio needs: an account, and numbers or a messaging service to send from, tried in this order.

    ``callbacks`` is where Twilio reports what became of a text, None when it cannot reach us.
    """

    FIRST_SETTING: ClassVar[str] = "TWILIO_ACCOUNT_SID"

    account_sid: str
    auth_token: str = field(repr=False)
    senders: Sequence[Mapping[str, str]]
    base_url: str = BASE_URL
    callbacks: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""
        names = ("ACCOUNT_SID", "AUTH_TOKEN", "FROM", "MESSAGING_SERVICE_SID", "BASE_URL")
        if not any_given(environ, *(f"TWILIO_{name}" for name in names)):
            return None
        return cls(
            _sid("TWILIO_ACCOUNT_SID", "AC", required(environ, "TWILIO_ACCOUNT_SID")),
            required(environ, "TWILIO_AUTH_TOKEN"),
            _senders(environ),
            base_url(environ, "TWILIO_BASE_URL", BASE_URL),
            _callbacks(environ),
        )

    def providers(self, http: httpx.AsyncClient) -> "Sequence[Twilio]":
        """Build one for each sender: ``twilio``, ``twilio_2``, and so on."""
        return [
            Twilio(self, http, sender, NAME if number == 1 else f"{NAME}_{number}")
            for number, sender in enumerate(self.senders, 1)
        ]


def _senders(environ: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    service = optional(environ, "TWILIO_MESSAGING_SERVICE_SID")
    given = optional(environ, "TWILIO_FROM") if service else required(environ, "TWILIO_FROM")
    numbers = [number.strip() for number in (given or "").split(",")] if given else []
    if "" in numbers or len(set(numbers)) < len(numbers):
        raise BadInput("TWILIO_FROM", "has an empty place or a number twice, write for example +15550100")
    services = [{SERVICE: _sid("TWILIO_MESSAGING_SERVICE_SID", "MG", service)}] if service else []
    return (*services, *({"From": number} for number in numbers))


def _callbacks(environ: Mapping[str, str]) -> str | None:
    if optional(environ, "PUBLIC_URL") is None:
        return None
    url = base_url(environ, "PUBLIC_URL", "https://notifications.example.org")
    if "_" in (urlsplit(url).hostname or ""):
        raise BadInput("PUBLIC_URL", "has an underscore in its host, which Twilio does not call: use another")
    return f"{url}/webhooks/twilio/status"


def _sid(setting: str, prefix: str, value: str) -> str:
    if not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
        raise BadInput(setting, f"is not a SID: {prefix} and 32 hexadecimal digits")
    return value


class Twilio:
    """Sends texts from one sender. Without an idempotency key, a repeat looks into Twilio's list first.

    The list is the account's: it also has what another sender sent.
    """

    channel = Channel.SMS

    def __init__(
        self, config: Config, http: httpx.AsyncClient, sender: Mapping[str, str], name: str = NAME
    ) -> None:
        self.name = name
        self._http = http
        self._url = httpx.URL(f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages.json")
        self._auth = httpx.BasicAuth(config.account_sid, config.auth_token)
        self._sender = sender
        self._callbacks = config.callbacks

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
        return {"To": address.value, **self._sender, **body, **self._callback(message)}

    def _callback(self, message: Message) -> dict[str, str]:
        if self._callbacks is None:
            return {}
        # Our own id: a callback that overtakes our record of Twilio's is understood all the same.
        return {"StatusCallback": f"{self._callbacks}?{urlencode({'message_id': message.message_id})}"}

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
    outcome = _refusal(response.status_code, code_of(body.get("code")))
    return replace(outcome, wait=wait) if isinstance(outcome, TryLater) else outcome


def _refusal(status: int, code: int | None) -> Outcome:
    if status == 429:
        return ERRORS[20429]
    if code is not None and code in ERRORS:
        return ERRORS[code]
    if status >= 500:
        return Unknown(f"Twilio HTTP {status}")
    if status < 400 or (code is None and status in NOT_ABOUT_THE_MESSAGE):
        return ours(f"Twilio HTTP {status}: wrong base URL or credentials")
    return Refused(f"Twilio {code}" if code else f"Twilio HTTP {status}")
