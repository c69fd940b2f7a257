"""Apple Push Notification service: pushes to iPhones and iPads, alerts and Live Activities.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from activities.channels.apns_answers import EXPIRED, NEEDS_A_NEW_CONNECTION, outcome_of, reason_of
from activities.channels.apns_body import AT_ONCE, SHOWN_AFTER_THE_END, Event, alert, live, urgency
from activities.channels.apns_token import Clock, ProviderToken
from activities.channels.environ import any_given, base_url, optional, required
from activities.channels.http import Client, call
from activities.channels.http2 import Http2Client
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Outcome, TryLater, Unknown
from domain.recipients import Address, Kind

HOSTS = {"production": "https://api.push.apple.com", "sandbox": "https://api.sandbox.push.apple.com"}
SETTINGS = ("KEY_FILE", "KEY_ID", "TEAM_ID", "TOPIC", "BASE_URL", "CA_FILE")
EVENTS = {Kind.LIVE_START: Event.START, Kind.LIVE: Event.UPDATE}
KINDS = frozenset({Kind.PLAIN, *EVENTS})
LIVE_TOPIC = ".push-type.liveactivity"


@dataclass(frozen=True, slots=True)
class Config:
    """What APNs needs: a key, the ids of the key and its team, and the app's bundle id as topic."""

    FIRST_SETTING: ClassVar[str] = "APNS_KEY_FILE"

    token: ProviderToken = field(repr=False)
    topic: str
    hosts: Mapping[str, str]
    trust: ssl.SSLContext = field(repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""
        if not any_given(environ, *(f"APNS_{name}" for name in SETTINGS)):
            return None
        key = _key("APNS_KEY_FILE", required(environ, "APNS_KEY_FILE"))
        token = ProviderToken(key, _id(environ, "APNS_KEY_ID"), _id(environ, "APNS_TEAM_ID"))
        return cls(token, _topic(environ), _hosts(environ), _trust(environ))

    def providers(self, http: Client) -> "Sequence[Apns]":
        """Build what these settings describe, on a client of its own: ``http`` speaks HTTP/1.1."""
        own = Http2Client(self.trust, http.timeout)
        http.closes(own)
        return [Apns(self, own)]


def _key(setting: str, path: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(Path(path).read_bytes(), None)
    except OSError:
        raise BadInput(setting, "names a file that cannot be read") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInput(setting, "names a file that is not a private key in PEM, as Apple's .p8 is") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadInput(setting, "names a key that is not a P-256 one, as Apple's .p8 is")
    return key


def _id(environ: Mapping[str, str], setting: str) -> str:
    value = required(environ, setting)
    if not re.fullmatch("[0-9A-Za-z]{10}", value):
        raise BadInput(setting, "is not one of Apple's ids: 10 letters and digits")
    return value


def _topic(environ: Mapping[str, str]) -> str:
    value = required(environ, "APNS_TOPIC")
    if not re.fullmatch(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", value) or value.endswith(LIVE_TOPIC):
        raise BadInput("APNS_TOPIC", "is not an app's bundle id, write for example org.example.orders")
    return value


def _hosts(environ: Mapping[str, str]) -> Mapping[str, str]:
    if optional(environ, "APNS_BASE_URL") is None:
        return HOSTS
    return dict.fromkeys(HOSTS, base_url(environ, "APNS_BASE_URL", HOSTS["production"]))


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=optional(environ, "APNS_CA_FILE"))
    except OSError:
        raise BadInput("APNS_CA_FILE", "names a file without readable PEM certificates") from None


@dataclass(frozen=True, slots=True)
class _Push:
    """What goes to one address, whichever token of ours it goes with."""

    host: str
    headers: Mapping[str, str]
    body: bytes


class Apns:
    """Sends pushes. A resend is harmless: its collapse id replaces what the device shows already."""

    name = "apns"
    channel = Channel.PUSH

    def __init__(self, config: Config, http: Http2Client, clock: Clock = time.time) -> None:
        self._config, self._http, self._clock = config, http, clock

    def carries(self, address: Address) -> bool:
        """Apple's devices, and the Live Activities on them."""
        return address.channel is Channel.PUSH and address.platform == "ios" and address.kind in KINDS

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, with one resend when only our own token was out of date."""
        if event := EVENTS.get(address.kind):
            return await self._send(self._live(message, address, event), address)
        push = self._push(message, address, alert(message))
        return await self._send(push, address)

    async def end(self, message: Message, address: Address, *, at_once: bool = False) -> Outcome:
        """End a Live Activity with what ``message`` says; it leaves after 15 minutes, or ``at_once``."""
        push = self._live(message, address, Event.END, AT_ONCE if at_once else SHOWN_AFTER_THE_END)
        return await self._send(replace(push, headers={**push.headers, "apns-priority": "10"}), address)

    def _live(
        self, message: Message, address: Address, event: Event, shown_for: int = SHOWN_AFTER_THE_END
    ) -> _Push:
        now = int(self._clock())
        body = live(message, event, now, now + message.seconds_left, shown_for)
        push = self._push(message, address, body)
        topic = self._config.topic + LIVE_TOPIC
        headers = {**push.headers, "apns-push-type": "liveactivity", "apns-topic": topic}
        return replace(push, headers=headers)

    def _push(self, message: Message, address: Address, body: bytes) -> _Push:
        hosts = self._config.hosts
        headers = {
            "apns-id": message.message_id,
            "apns-collapse-id": message.message_id,
            "apns-expiration": str(int(self._clock()) + message.seconds_left),
            "apns-priority": urgency(message).priority,
            "apns-push-type": "alert",
            "apns-topic": self._config.topic,
        }
        return _Push(hosts.get(address.environment, hosts["production"]), headers, body)

    async def _send(self, push: _Push, address: Address) -> Outcome:
        token = self._config.token.current()
        answer = await self._post(push, address, token)
        if reason_of(answer) == EXPIRED and (newer := self._config.token.instead_of(token)):
            answer = await self._post(push, address, newer)
        if not isinstance(answer, httpx.Response):
            return answer
        if reason_of(answer) in NEEDS_A_NEW_CONNECTION:
            await self._http.renew(answer)
        return outcome_of(answer)

    async def _post(self, push: _Push, address: Address, token: str) -> httpx.Response | TryLater | Unknown:
        headers = {**push.headers, "authorization": f"bearer {token}"}
        request = self._http.build_request(
            "POST", f"{push.host}/3/device", content=push.body, headers=headers
        )
        # Not in the URL: httpx logs every one, and this would hold a device's token.
        device = quote(address.value, safe="").encode()
        request.extensions["target"] = request.url.raw_path + b"/" + device
        return await call(self._http, "APNs", request)
