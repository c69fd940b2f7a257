"""Lets schemathesis past the door: gives its cases a genuine signature, link or key, and ids that exist.

Loaded by schemathesis itself, in its own process; the environment says what is genuine.
"""

import json
import os
import random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # it has none

PREFERENCES, LIVE_ACTIVITY, AUTH_TOKEN, PUBLIC_URL, KEY, TOKEN, KNOWN = (
    "FUZZ_PREFERENCES",
    "FUZZ_LIVE_ACTIVITY",
    "FUZZ_AUTH_TOKEN",
    "FUZZ_PUBLIC_URL",
    "FUZZ_KEY",
    "FUZZ_TOKEN",
    "FUZZ_KNOWN",
)


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]) -> None:
    """Make a case genuine."""
    if case.path.startswith("/preferences/"):
        case.path_parameters["token"] = os.environ[PREFERENCES]
    elif case.path.startswith("/live-activities/"):
        case.path_parameters["token"] = os.environ[LIVE_ACTIVITY]
    elif case.path.startswith("/enter/"):
        case.path_parameters["token"] = os.environ[TOKEN]
    elif case.path.startswith(("/v1/me/inbox", "/inbox")) and not case.path.endswith("/stream"):
        # A stream never ends, which is more than a case waits for.
        case.headers["Cookie"] = f"recipient={os.environ[TOKEN]}"
        case.headers["Origin"] = os.environ[PUBLIC_URL]
    elif case.path.startswith("/webhooks/twilio/"):
        case.headers["X-Twilio-Signature"] = _signature(case)
    else:
        _let_in(case)
        _meet_what_is_there(case)


def _let_in(case: schemathesis.Case[Any]) -> None:
    """Bring the key that opens everything, or the token of a recipient."""
    ways = {name for way in case.operation.definition.raw.get("security", ()) for name in way}
    for way, secret in (("key", KEY), ("token", TOKEN)):
        if way in ways:
            case.headers["Authorization"] = f"Bearer {os.environ[secret]}"


def _meet_what_is_there(case: schemathesis.Case[Any]) -> None:
    """Ask for ids that exist, half the time: of those made up all are unknown."""
    known = json.loads(os.environ[KNOWN])
    if case.method == "DELETE" and case.path == "/v1/recipients/{recipient_id}":
        # Whoever is erased takes along what the other attacks are about.
        case.path_parameters["recipient_id"] = "nobody"
        return
    for name in known.keys() & case.path_parameters.keys():
        if random.Random(repr(case.as_curl_command())).random() < 0.5:  # noqa: S311 not for secrets
            case.path_parameters[name] = known[name]


def _signature(case: schemathesis.Case[Any]) -> str:
    request = requests.Request(**case.as_transport_kwargs(base_url=os.environ[PUBLIC_URL])).prepare()
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    fields = parse_qsl(str(body or ""), keep_blank_values=True)
    parts = urlsplit(request.url or "")
    url = f"{os.environ[PUBLIC_URL]}{parts.path}{'?' if parts.query else ''}{parts.query}"
    computed: str = RequestValidator(os.environ[AUTH_TOKEN]).compute_signature(url, dict(fields))
    return computed
