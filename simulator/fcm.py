"""Stands in for FCM HTTP v1, which carries pushes to Android.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answering import answer, raw, retry_after
from simulator.faults import Fault
from simulator.google import Google
from simulator.world import World

# FCM's own code -> HTTP status, Google's status, message.
ERRORS = {
    "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
    "INVALID_ARGUMENT": (
        400,
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Send requests'."),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
    "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
}
# What Google answers by itself, without FCM's detail. A 404 like this is a wrong project, not a dead token.
_PLAIN = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_BY_STATUS = {500: "INTERNAL", 503: "UNAVAILABLE", 429: "QUOTA_EXCEEDED"}

_TARGETS = frozenset({"token", "fid", "topic", "condition"})
_FIELDS = _TARGETS | {"name", "data", "notification", "android", "androidV2", "apns", "webpush", "fcmOptions"}
_RESERVED = ("google.", "gcm.notification.")
_TTL = re.compile(r"\d+(\.\d{1,9})?s")
PAYLOAD_LIMIT = 4096

Json = dict[str, Any]


class Fcm:
    """Accepts messages to a token or an installation id, in camelCase or snake_case as Google does."""

    def __init__(self, world: World, google: Google) -> None:
        self._world = world
        self._google = google

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"])]

    async def _send(self, request: Request) -> Response:
        body = await request.body()
        asked = _parsed(body)
        message = _part(asked, "message")
        address = _address(message)
        fault = self._world.faults.draw("fcm", address)
        return await answer(
            self._world, fault, lambda: self._accept(request, body, asked, message, address), _phrase
        )

    def _accept(self, request: Request, body: bytes, asked: Json, message: Json, address: str) -> Response:
        if not self._google.knows(request.headers.get("authorization", "")):
            return _unauthenticated()
        if wrong := next(_what_is_wrong(message, body), None):
            return _bad_request(*wrong)
        if not asked.get("validateOnly", asked.get("validate_only")):
            self._world.receive(
                "fcm", address, text=_text(message), key=_collapse_id(message), raw=raw(request, body)
            )
        name = f"projects/{request.path_params['project']}/messages/0:{secrets.token_hex(16)}"
        return JSONResponse({"name": name})


def _parsed(body: bytes) -> Json:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _part(whole: Json, name: str) -> Json:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _address(message: Json) -> str:
    return str(message.get("token") or message.get("fid") or "")


def _text(message: Json) -> str:
    # Android's own notification overrules the common one; without either, the app shows what is in the data.
    shown = {
        **_part(message, "data"),
        **_part(message, "notification"),
        **_part(_part(message, "android"), "notification"),
    }
    return "\n".join(str(shown[part]) for part in ("title", "body") if shown.get(part))


def _collapse_id(message: Json) -> str:
    android = _part(message, "android")
    tag = _part(android, "notification").get("tag")
    return str(tag or android.get("collapseKey") or android.get("collapse_key") or "")


def _what_is_wrong(message: Json, body: bytes) -> Iterator[tuple[str, str]]:
    """Which field is wrong with a message and why, in no order that Google promises."""
    names = {_camel(name) for name in message}
    for unknown in names - _FIELDS:
        yield "message", f'Invalid JSON payload received. Unknown name "{unknown}": Cannot find field.'
    if len(names & _TARGETS) != 1 or not _address(message):
        yield "message", "Exactly one of token or fid is required."
    for name, value in _part(message, "data").items():
        if not isinstance(value, str):
            yield "message.data", "Invalid value (TYPE_STRING)."
        if name.startswith(_RESERVED) or name in {"from", "message_type"}:
            yield "message.data", f"Invalid data payload key: {name}"
    ttl = _part(message, "android").get("ttl")
    if ttl is not None and not _TTL.fullmatch(str(ttl)):
        yield "message.android.ttl", "Illegal duration format; duration must end with 's'"
    if len(body) > PAYLOAD_LIMIT and _payload_size(message) > PAYLOAD_LIMIT:
        yield "message", "Android message is too big"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _payload_size(message: Json) -> int:
    payload = [
        message.get("data"),
        message.get("notification"),
        _part(message, "android").get("notification"),
    ]
    return len(json.dumps(payload, ensure_ascii=False).encode())


def _phrase(fault: Fault) -> Response:
    if fault.code:
        return _error(str(fault.code))
    match fault.kind:
        case "throttle":
            return _error("QUOTA_EXCEEDED", retry_after(fault))
        case "dead":
            return _error("UNREGISTERED")
        case "refuse":
            return _bad_request("message.notification.body", "Refused by the simulator.")
        case "credentials":
            return _unauthenticated()
        case _:
            return _outage(fault.status or 503)


def _outage(status: int) -> Response:
    if status in _BY_STATUS:
        return _error(_BY_STATUS[status])
    return _google_error(status, _PLAIN.get(status, "UNKNOWN"), f"The simulator answers {status}.")


def _unauthenticated() -> Response:
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return _google_error(401, "UNAUTHENTICATED", message)


def _bad_request(field: str, description: str) -> Response:
    violations = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": description}],
    }
    return _google_error(400, "INVALID_ARGUMENT", description, violations)


def _error(code: str, headers: dict[str, str] | None = None) -> Response:
    http_status, status, message = ERRORS.get(code, (400, "INVALID_ARGUMENT", code))
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    return _google_error(http_status, status, message, detail, headers)


def _google_error(
    code: int, status: str, message: str, detail: Json | None = None, headers: dict[str, str] | None = None
) -> Response:
    error: Json = {"code": code, "message": message, "status": status}
    if detail:
        error["details"] = [detail]
    return JSONResponse({"error": error}, code, headers)
