"""Stands in for APNs, which carries pushes to iPhones: alerts and Live Activities.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.types import Options

from simulator.answering import retry_after
from simulator.faults import Fault
from simulator.http2 import Answer, Asked, Cut, Http2Server, Reset
from simulator.world import Raw, World

# Apple's reason -> HTTP status.
REASONS = {
    **dict.fromkeys(("BadCollapseId", "BadDeviceToken", "BadExpirationDate", "BadMessageId"), 400),
    **dict.fromkeys(("BadPriority", "BadTopic", "DeviceTokenNotForTopic", "DuplicateHeaders"), 400),
    **dict.fromkeys(("IdleTimeout", "InvalidPushType", "MissingDeviceToken", "MissingTopic"), 400),
    **dict.fromkeys(("PayloadEmpty", "TopicDisallowed"), 400),
    **dict.fromkeys(("BadCertificate", "BadCertificateEnvironment", "BadEnvironmentKeyIdInToken"), 403),
    **dict.fromkeys(("ExpiredProviderToken", "Forbidden", "InvalidProviderToken"), 403),
    **dict.fromkeys(("MissingProviderToken", "UnrelatedKeyIdInToken"), 403),
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": 410,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
_BY_STATUS = {500: "InternalServerError", 503: "ServiceUnavailable", 429: "TooManyRequests"}

PUSH_TYPES = frozenset(
    {"alert", "background", "complication", "controls", "fileprovider", "liveactivity", "location", "mdm"}
    | {"pushtotalk", "voip", "widgets"}
)
LIVE, LIVE_TOPIC = "liveactivity", ".push-type.liveactivity"
PAYLOAD_LIMIT = 4096
TOKEN_LIFE, TOKEN_REST = 3600, 1200
CLOCK_SLACK = 300

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEVICE = re.compile("([0-9A-Fa-f]{2})+")
_PATH = "/3/device/"


class Apns:
    """Accepts pushes, or says as Apple does what is wrong with them.

    Any signature is taken unless ``trusts`` was told the key. ``tokens`` counts the requests by provider
    token, ``now`` is its clock. As a sandbox it answers with an ``apns-unique-id``.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self.server = Http2Server(self._answer)
        self.tokens = Counter[str]()
        self.is_sandbox = False
        self.now: Callable[[], float] = time.time

    def trusts(self, key_id: str, key: ec.EllipticCurvePublicKey) -> None:
        """Take tokens of this key id only with this key's signature."""
        self._keys[key_id] = key

    def _answer(self, asked: Asked) -> Answer | Reset | Cut:
        """Answer as Apple does, unless a fault says otherwise. What is answered late was accepted at once."""
        self.tokens[asked.one("authorization").partition(" ")[2]] += 1
        fault = self._world.faults.draw("apns", asked.one(":path").removeprefix(_PATH))
        match fault:
            case None:
                return self._accept(asked)
            case Fault(kind="slow"):
                return replace(self._accept(asked), late=partial(self._world.faults.hold, fault))
            case Fault(kind="cut_before"):
                return Reset()
            case Fault(kind="cut_after"):
                self._accept(asked)
                return Reset()
        return self._phrase(asked, fault)

    def _accept(self, asked: Asked) -> Answer:
        apns_id = asked.one("apns-id") or str(uuid4()).upper()
        if reason := next(self._what_is_wrong(asked), None):
            return self._refusal(asked, reason)
        self._receive(asked)
        unique = {"apns-unique-id": str(uuid4())} if self.is_sandbox else {}
        return Answer(200, headers={"apns-id": apns_id, **unique})

    def _receive(self, asked: Asked) -> None:
        headers = {
            name: value
            for name, value in asked.headers
            if not name.startswith(":") and name != "authorization"
        }
        self._world.receive(
            "apns",
            asked.one(":path").removeprefix(_PATH),
            text=_text(_parsed(asked.body)),
            key=asked.one("apns-collapse-id"),
            raw=Raw(headers, asked.body.decode(errors="replace")),
        )

    def _what_is_wrong(self, asked: Asked) -> Iterator[str]:
        """Which reasons to refuse there are. Apple does not say which of several comes first."""
        path, topic, push_type = asked.one(":path"), asked.one("apns-topic"), asked.one("apns-push-type")
        if asked.one(":method") != "POST":
            yield "MethodNotAllowed"
        if not f"{path}/".startswith(_PATH):
            yield "BadPath"
        yield from self._what_is_wrong_with_the_token(asked)
        yield from _what_is_wrong_with_the_headers(asked)
        if not topic:
            yield "MissingTopic"
        if (push_type == LIVE) != topic.endswith(LIVE_TOPIC):
            yield "TopicDisallowed"
        if not _parsed(asked.body):
            yield "PayloadEmpty"
        if len(asked.body) > PAYLOAD_LIMIT:
            yield "PayloadTooLarge"
        if not path.removeprefix(_PATH.rstrip("/")).strip("/"):
            yield "MissingDeviceToken"
        if not _DEVICE.fullmatch(path.removeprefix(_PATH)):
            yield "BadDeviceToken"

    def _what_is_wrong_with_the_token(self, asked: Asked) -> Iterator[str]:
        authorization = asked.one("authorization")
        if not authorization:
            yield "MissingProviderToken"
        scheme, _, token = authorization.partition(" ")
        issued_at = self._issued_at(token) if scheme == "bearer" else None
        now = self.now()
        if issued_at is None or issued_at > now + CLOCK_SLACK:
            yield "InvalidProviderToken"
            return
        if now - issued_at > TOKEN_LIFE:
            yield "ExpiredProviderToken"
        last, last_issued_at = asked.connection.setdefault("token", (token, issued_at))
        if token != last and abs(issued_at - last_issued_at) < TOKEN_REST:
            yield "TooManyProviderTokenUpdates"
        asked.connection["token"] = (token, issued_at)

    def _issued_at(self, token: str) -> int | None:
        """Read when a provider token was made, None for what is no token of a key we know."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get("kid", ""))
            options: Options = {"verify_signature": key is not None, "verify_iat": False}
            claims = jwt.decode(token, key or "", ["ES256"], options)
        except (jwt.PyJWTError, TypeError):
            return None
        is_whole = header.get("alg") == "ES256" and header.get("kid") and claims.get("iss")
        issued_at = claims.get("iat")
        return issued_at if is_whole and isinstance(issued_at, int) else None

    def _phrase(self, asked: Asked, fault: Fault) -> Answer:
        if fault.code:
            return self._refusal(asked, str(fault.code), dead_for_s=fault.dead_for_s)
        match fault.kind:
            case "throttle":
                answer = self._refusal(asked, "TooManyRequests")
                return replace(answer, headers={**answer.headers, **(retry_after(fault) or {})})
            case "dead":
                return self._refusal(asked, "Unregistered", dead_for_s=fault.dead_for_s)
            case "refuse":
                return self._refusal(asked, "PayloadTooLarge")
            case "credentials":
                return self._refusal(asked, "InvalidProviderToken")
        status = fault.status or 503
        return self._refusal(asked, _BY_STATUS.get(status, "SimulatedError"), status)

    def _refusal(self, asked: Asked, reason: str, status: int | None = None, dead_for_s: float = 0) -> Answer:
        status = status or REASONS.get(reason, 400)
        body: dict[str, Any] = {"reason": reason}
        if status == 410:
            body["timestamp"] = int((self.now() - dead_for_s) * 1000)
        headers = {"apns-id": asked.one("apns-id") or str(uuid4()).upper()}
        return Answer(status, json.dumps(body).encode(), headers)


def _what_is_wrong_with_the_headers(asked: Asked) -> Iterator[str]:
    names = [name for name, _ in asked.headers if name.startswith("apns-")]
    if len(names) != len(set(names)):
        yield "DuplicateHeaders"
    push_type, priority = asked.one("apns-push-type") or "alert", asked.one("apns-priority") or "10"
    if (apns_id := asked.one("apns-id")) and not _UUID.fullmatch(apns_id):
        yield "BadMessageId"
    if not re.fullmatch("[0-9]{1,18}", asked.one("apns-expiration") or "0"):
        yield "BadExpirationDate"
    if priority not in {"1", "5", "10"} or (push_type == "background" and priority == "10"):
        yield "BadPriority"
    if len(asked.one("apns-collapse-id").encode()) > 64:
        yield "BadCollapseId"
    if push_type not in PUSH_TYPES:
        yield "InvalidPushType"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(body: dict[str, Any]) -> str:
    """What the phone shows: an alert's title and text, or the text in the state of a Live Activity."""
    aps = _part(body, "aps")
    if "content-state" in aps:
        return str(_part(aps, "content-state").get("text", ""))
    if isinstance(aps.get("alert"), str):
        return str(aps["alert"])
    shown = _part(aps, "alert")
    return "\n".join(str(shown[part]) for part in ("title", "body") if shown.get(part))


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
