"""Firebase Cloud Messaging, HTTP v1: push notifications to Android devices.

Errors: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self
from urllib.parse import quote

import httpx
from google.oauth2.service_account import Credentials

from activities.channels.environ import any_given, base_url, required
from activities.channels.google_sign_in import AccessTokens
from activities.channels.http import TIMEOUT, call, json_object, retry_after
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address, Kind
from domain.status import Role

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
BASE_URL = "https://fcm.googleapis.com"
FOUR_WEEKS = 28 * 86400

ANDROID = "android"
# Which field of an FCM message a device's address goes into.
TARGETS = {Kind.PLAIN: "token", Kind.FID: "fid"}
_NAMES_OF_THE_ADDRESS = frozenset(f"message.{name}" for name in TARGETS.values())

# By errorCode, which is in the details: ``status`` says NOT_FOUND for a wrong project just as well.
ERRORS: Mapping[str, Outcome] = {
    "UNREGISTERED": Gone("FCM UNREGISTERED"),
    # A token of another project is dead to us. If all of them are, the project is the wrong one.
    "SENDER_ID_MISMATCH": Gone("FCM SENDER_ID_MISMATCH", ours=True),
    "THIRD_PARTY_AUTH_ERROR": TryLater("FCM THIRD_PARTY_AUTH_ERROR", ours=True),
    "APNS_AUTH_ERROR": TryLater("FCM APNS_AUTH_ERROR", ours=True),
    "QUOTA_EXCEEDED": TryLater("FCM QUOTA_EXCEEDED", wait=60),
    "UNAVAILABLE": TryLater("FCM UNAVAILABLE"),
    "INTERNAL": TryLater("FCM INTERNAL"),
}
# Where there is no such detail, or one that is new to us.
STATUSES: Mapping[int, Outcome] = {
    400: Refused("FCM INVALID_ARGUMENT"),
    401: TryLater("FCM UNAUTHENTICATED", ours=True),
    403: TryLater("FCM PERMISSION_DENIED", ours=True),
    404: TryLater("FCM NOT_FOUND: wrong project or path", ours=True),
    429: ERRORS["QUOTA_EXCEEDED"],
}
BAD_TOKEN = Gone("FCM INVALID_ARGUMENT: not a registration token")


@dataclass(frozen=True, slots=True)
class Config:
    """What FCM needs. ``timeout`` in seconds is for signing in; sends have their client's own."""

    FIRST_SETTING: ClassVar[str] = "FCM_SERVICE_ACCOUNT_FILE"

    credentials: Credentials = field(repr=False)
    project_id: str
    base_url: str = BASE_URL
    timeout: float = TIMEOUT

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""
        if not any_given(environ, "FCM_SERVICE_ACCOUNT_FILE", "FCM_BASE_URL"):
            return None
        credentials = _service_account(
            "FCM_SERVICE_ACCOUNT_FILE", required(environ, "FCM_SERVICE_ACCOUNT_FILE")
        )
        return cls(credentials, credentials.project_id, base_url(environ, "FCM_BASE_URL", BASE_URL))

    def providers(self, http: httpx.AsyncClient) -> "Sequence[Fcm]":
        """Build what these settings describe."""
        return [Fcm(self, http)]


def _service_account(setting: str, path: str) -> Credentials:
    try:
        credentials: Credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
            path, scopes=[SCOPE]
        )
    except OSError:
        raise BadInput(setting, "names a file that cannot be read") from None
    except (ValueError, TypeError, AttributeError):
        raise BadInput(setting, "names a file that is not a service account key") from None
    if not isinstance(credentials.project_id, str) or not credentials.project_id:
        raise BadInput(setting, "names a service account key without a project_id")
    return credentials


class Fcm:
    """Sends pushes. A resend is harmless: its tag replaces what the device shows already."""

    name = "fcm"
    channel = Channel.PUSH

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        self._http = http
        # Parsed once: a string would be with every call.
        self._url = httpx.URL(
            f"{config.base_url}/v1/projects/{quote(config.project_id, safe='')}/messages:send"
        )
        self._tokens = AccessTokens(config.credentials, config.timeout)

    def carries(self, address: Address) -> bool:
        """Android devices, by their token or installation id."""
        is_android = address.channel is Channel.PUSH and address.platform == ANDROID
        return is_android and address.kind in TARGETS

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, with one resend when only our own token was out of date."""
        token = await self._tokens.current()
        if isinstance(token, TryLater):
            return token
        answer = await self._post(message, address, token)
        if isinstance(answer, httpx.Response) and _is_unauthenticated(answer):
            newer = await self._tokens.instead_of(token)
            if isinstance(newer, TryLater):
                return newer
            answer = await self._post(message, address, newer)
        return outcome_of(answer) if isinstance(answer, httpx.Response) else answer

    async def _post(
        self, message: Message, address: Address, token: str
    ) -> httpx.Response | TryLater | Unknown:
        headers = {"Authorization": f"Bearer {token}"}
        request = self._http.build_request("POST", self._url, json=_body(message, address), headers=headers)
        return await call(self._http, "FCM", request)


def _body(message: Message, address: Address) -> dict[str, Any]:
    is_urgent = message.priority == 1
    return {
        "message": {
            TARGETS[address.kind]: address.value,
            "notification": {"title": message.words.title, "body": message.words.text},
            "data": {
                "order_id": message.order_id,
                "message_id": message.message_id,
                "status": str(message.path[-1]),
            },
            "android": {
                **_collapse_key(message),
                "ttl": f"{min(message.seconds_left, FOUR_WEEKS)}s",
                "priority": "HIGH" if is_urgent else "NORMAL",
                # Not the order: what is shown is replaced by its own resend only, never unseen by other news.
                "notification": {
                    "tag": message.message_id,
                    "channelId": "urgent" if is_urgent else "updates",
                },
            },
        }
    }


def _collapse_key(message: Message) -> dict[str, str]:
    """Let an offline phone get an order's newest news only: what it would get before is no longer true.

    Not for those who have many orders at once. FCM keeps four keys for a device and drops the others' news.
    """
    return {"collapseKey": message.order_id} if message.role is Role.CUSTOMER else {}


def outcome_of(response: httpx.Response) -> Outcome:
    """Say what an answer of FCM means. A wait that FCM names replaces the table's."""
    if response.is_success:
        return _accepted(json_object(response).get("name"))
    outcome = _refusal(response)
    wait = retry_after(response)
    if isinstance(outcome, TryLater) and wait is not None:
        return replace(outcome, wait=wait)
    return outcome


def _accepted(name: object) -> Outcome:
    if isinstance(name, str) and re.fullmatch(r"projects/[^/\s]{1,100}/messages/[^/\s]{1,200}", name):
        return Accepted(name)
    return Unknown("FCM answered without a message name")


def _refusal(response: httpx.Response) -> Outcome:
    status, error = response.status_code, _error(response)
    if _names_the_token(error):
        return BAD_TOKEN
    for known in (ERRORS.get(_code(error)), STATUSES.get(status)):
        if known:
            return known
    if status < 400:
        return TryLater(f"FCM HTTP {status}: wrong base URL", ours=True)
    return Refused(f"FCM HTTP {status}") if status < 500 else TryLater(f"FCM HTTP {status}")


def _names_the_token(error: dict[str, Any]) -> bool:
    """Whether an INVALID_ARGUMENT is about the address alone. Any other field is a mistake of ours."""
    if error.get("status") != "INVALID_ARGUMENT":
        return False
    violations = [
        violation.get("field") if isinstance(violation, dict) else None
        for detail in _details(error, "BadRequest")
        for violation in _items(detail.get("fieldViolations"))
    ]
    if violations:
        return all(name in _NAMES_OF_THE_ADDRESS for name in violations)
    return _code(error) == "INVALID_ARGUMENT" and "registration token" in str(error.get("message"))


def _is_unauthenticated(response: httpx.Response) -> bool:
    return response.status_code == 401 and _code(_error(response)) not in ERRORS


def _error(response: httpx.Response) -> dict[str, Any]:
    error = json_object(response).get("error")
    return error if isinstance(error, dict) else {}


def _code(error: dict[str, Any]) -> str:
    return next((str(detail.get("errorCode")) for detail in _details(error, "FcmError")), "")


def _details(error: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    details = (detail for detail in _items(error.get("details")) if isinstance(detail, dict))
    return [detail for detail in details if str(detail.get("@type")).endswith(f".{kind}")]


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
