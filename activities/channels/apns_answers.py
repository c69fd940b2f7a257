"""What APNs answers, and what that means to us.

Errors: https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from activities.channels.http import json_object
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown

EXPIRED = "ExpiredProviderToken"


def _ours(reason: str) -> TryLater:
    return TryLater(f"APNs {reason}", ours=True)


def _table(outcome: type[Gone | Refused | TryLater], *reasons: str) -> dict[str, Outcome]:
    return {reason: outcome(f"APNs {reason}") for reason in reasons}


# A 400 about what only this push holds refuses this push. One about what all of them share, such as the
# topic, would refuse all of them: that is our mistake, and the news takes another channel meanwhile.
ERRORS: Mapping[str, Outcome] = {
    **_table(Gone, "Unregistered", "ExpiredToken"),
    "BadDeviceToken": Gone("APNs BadDeviceToken: no token of this host"),
    **_table(
        Refused, "BadCollapseId", "BadExpirationDate", "BadMessageId", "BadPriority", "DuplicateHeaders"
    ),
    **_table(Refused, "InvalidPushType", "MissingDeviceToken", "PayloadEmpty", "PayloadTooLarge"),
    "DeviceTokenNotForTopic": _ours("DeviceTokenNotForTopic: a token of another app"),
    "BadTopic": _ours("BadTopic"),
    "MissingTopic": _ours("MissingTopic"),
    "TopicDisallowed": _ours("TopicDisallowed"),
    "BadCertificate": _ours("BadCertificate"),
    "BadCertificateEnvironment": _ours("BadCertificateEnvironment"),
    "BadEnvironmentKeyIdInToken": _ours("BadEnvironmentKeyIdInToken: not a key for this host"),
    "BadEnvironmentKeyInToken": _ours("BadEnvironmentKeyIdInToken: not a key for this host"),
    # Where it is left over, the token was new or was made anew: then it is the clock.
    EXPIRED: _ours("ExpiredProviderToken: is this machine's clock right?"),
    "Forbidden": _ours("Forbidden"),
    "InvalidProviderToken": _ours("InvalidProviderToken: wrong key, key id or team id"),
    "MissingProviderToken": _ours("MissingProviderToken"),
    "UnrelatedKeyIdInToken": _ours("UnrelatedKeyIdInToken"),
    "BadPath": _ours("BadPath"),
    "MethodNotAllowed": _ours("MethodNotAllowed"),
    **_table(TryLater, "IdleTimeout", "TooManyRequests"),
    # The token stays: making another is what this complains about.
    **_table(TryLater, "TooManyProviderTokenUpdates"),
    # Apple asks for 15 minutes before a retry. We name no wait: most news would be over by then, so that a
    # hiccup of a second would cost the push. An outage meets the breaker, which calls but once in 30 s.
    **_table(TryLater, "InternalServerError", "ServiceUnavailable", "Shutdown"),
}
# For a reason that is new to us, or none.
STATUSES: Mapping[int, Outcome] = {
    403: _ours("HTTP 403"),
    404: _ours("HTTP 404"),
    405: _ours("HTTP 405"),
    410: Gone("APNs HTTP 410"),
    429: TryLater("APNs HTTP 429"),
}
# These speak of the connection: another one may do better.
NEEDS_A_NEW_CONNECTION = frozenset({"IdleTimeout", "Shutdown", "UnrelatedKeyIdInToken"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def outcome_of(response: httpx.Response) -> Outcome:
    """Say what an answer of APNs means. The reason decides, and where it is new to us the HTTP status."""
    status, reason = response.status_code, reason_of(response)
    if status == 200:
        apns_id = response.headers.get("apns-id", "")
        is_id = re.fullmatch("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", apns_id)
        return Accepted(apns_id) if is_id else Unknown("APNs answered without an apns-id")
    if known := ERRORS.get(reason) or STATUSES.get(status):
        return replace(known, since=_since(response)) if isinstance(known, Gone) else known
    if status < 400:
        return _ours(f"HTTP {status}: wrong base URL")
    return Refused(f"APNs HTTP {status}") if status < 500 else TryLater(f"APNs HTTP {status}")


def reason_of(answer: httpx.Response | TryLater | Unknown) -> str:
    """What a refusal gives as its reason; no other answer has one."""
    if not isinstance(answer, httpx.Response) or answer.is_success:
        return ""
    reason = json_object(answer).get("reason")
    return reason if isinstance(reason, str) else ""


def _since(response: httpx.Response) -> datetime | None:
    """When APNs found a token dead: a 410 says so, in milliseconds. None where that cannot be read."""
    timestamp = json_object(response).get("timestamp")
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp)
    except OverflowError:
        return None
