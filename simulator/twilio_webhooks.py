"""Twilio's own calls: what became of a text, and what people text back. Signed, and to this machine only."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from simulator.providers import TWILIO_AUTH_TOKEN, TWILIO_NUMBER
from simulator.twilio_log import Sent

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Twilio waits 5 s for a connection and 15 s for an answer.
_TIMEOUT = httpx.Timeout(15, connect=5)

Form = Mapping[str, str]


def is_callable(url: str) -> bool:
    """Whether Twilio takes a URL to call: an underscore in its host is one reason not to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "_" not in (parts.hostname or "")


def is_here(url: str) -> bool:
    """Whether a URL is on this machine: a simulator calls nobody else."""
    return is_callable(url) and urlsplit(url).hostname in LOOPBACK


def signature(url: str, form: Form) -> str:
    """Sign a call as Twilio does: the URL, then each field's name and value, in the order of the names."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return b64encode(hmac.digest(TWILIO_AUTH_TOKEN.encode(), signed.encode(), "sha1")).decode()


async def post(url: str, *forms: Form) -> int | None:
    """Post signed forms one after the other; gives the last answer's status, None where nobody answered."""
    status = None
    # It calls http here, or whoever has a certificate for localhost: nobody could have signed that.
    async with httpx.AsyncClient(timeout=_TIMEOUT, verify=False) as http:  # noqa: S501
        for form in forms:
            headers = {"X-Twilio-Signature": signature(url, form), "User-Agent": "TwilioProxy/1.1"}
            try:
                status = (await http.post(url, data=dict(form), headers=headers)).status_code
            except httpx.HTTPError:
                status = None
    return status


def callbacks(sent: Sent) -> list[Form]:
    """What Twilio reports of a text: that it went out, and what became of it. Never that it was queued."""
    return [_callback(sent, "sent"), _callback(sent, sent.status)]


def _callback(sent: Sent, status: str) -> Form:
    form = {
        **_of_every_webhook(sent.sid, sent.account, sent.service),
        "MessageStatus": status,
        "SmsStatus": status,
        "To": sent.to,
        "From": sent.sender or TWILIO_NUMBER,
    }
    return {**form, "ErrorCode": str(sent.error_code)} if sent.error_code and status == sent.status else form


def inbound(sid: str, last: Sent, body: str, opt_out_type: str | None = None) -> Form:
    """What Twilio says of a text from somebody, to the sender of the last one they got."""
    form = {
        **_of_every_webhook(sid, last.account, last.service),
        "SmsStatus": "received",
        "From": last.to,
        "To": last.sender or TWILIO_NUMBER,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
    }
    return {**form, "OptOutType": opt_out_type} if opt_out_type else form


def _of_every_webhook(sid: str, account: str, service: str | None) -> dict[str, str]:
    form = {"AccountSid": account, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid}
    return {**form, "MessagingServiceSid": service} if service else form
