"""Stands in for Amazon SES, API v2, which carries e-mail: raw messages of up to fifty recipients.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import json
import re
import secrets
import uuid
from base64 import b64decode
from collections.abc import Iterator
from email import message_from_bytes
from email.utils import getaddresses
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import aws
from simulator.answering import answer, retry_after
from simulator.faults import Fault
from simulator.letters import opened
from simulator.world import World

CONFIGURATION_SET = "simulated"
MOST_RECIPIENTS, LONGEST_LINE = 50, 998

# SES's own error types: HTTP status, message.
ERRORS = {
    "AccountSuspendedException": (400, "The account is suspended."),
    "BadRequestException": (400, "The input you provided is invalid."),
    "InternalServiceErrorException": (500, "The request couldn't be processed."),
    "MessageRejected": (400, "Transaction failed: the message was rejected."),
    "NotFoundException": (404, f"Configuration set <{CONFIGURATION_SET}> does not exist."),
    "ServiceUnavailableException": (503, "Service Unavailable"),
    "ThrottlingException": (400, "Maximum sending rate exceeded."),
    "TooManyRequestsException": (429, "Too Many Requests"),
    "UnrecognizedClientException": (403, "The security token included in the request is invalid."),
}
_BY_STATUS = {status: error_type for error_type, (status, _) in ERRORS.items()}
_BY_STATUS[400] = "BadRequestException"
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_ADDRESS = re.compile(r"[!-~]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")

Json = dict[str, Any]


class Ses:
    """Accepts raw messages. Like SES it does not say when it sends nothing, to an address that is dead."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [Route("/v2/email/outbound-emails", self._send, methods=["POST"])]

    async def _send(self, request: Request) -> Response:
        body = await request.body()
        asked = _parsed(body)
        content = _content(asked)
        recipients = _recipients(asked, content)
        fault = self._world.faults.draw("ses", recipients[0] if recipients else None)
        return await answer(
            self._world, fault, lambda: self._accept(request, body, asked, content, recipients), _phrase
        )

    def _accept(
        self, request: Request, body: bytes, asked: Json, content: bytes, recipients: list[str]
    ) -> Response:
        if wrong := aws.what_is_wrong(request, body, "ses"):
            return _error(*wrong)
        if wrong := next(_what_is_wrong(asked, content, recipients), None):
            return _error(*wrong)
        letter = opened(content)
        for address in recipients:
            self._world.receive("ses", address, text=letter.text, key=letter.key, raw=letter.raw)
        return _sent()


def _parsed(body: bytes) -> Json:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _part(whole: Json, name: str) -> Json:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _list(whole: Json, name: str) -> list[Any]:
    part = whole.get(name)
    return part if isinstance(part, list) else []


def _content(asked: Json) -> bytes:
    data = _part(_part(asked, "Content"), "Raw").get("Data")
    try:
        return b64decode(str(data or ""), validate=True)
    except ValueError:
        return b""


def _recipients(asked: Json, content: bytes) -> list[str]:
    """Who gets it: the destination if there is one, else who the message says it is to."""
    destination = _part(asked, "Destination")
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    named = [str(address) for kind in kinds for address in _list(destination, kind)]
    if named:
        return named
    message = message_from_bytes(content)
    headers = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, ())]
    return [address for _, address in getaddresses(headers) if address]


def _what_is_wrong(asked: Json, content: bytes, recipients: list[str]) -> Iterator[aws.Wrong]:
    """SES's error types and messages, in no order that Amazon promises."""
    kinds = set(_part(asked, "Content"))
    if kinds != {"Raw"}:
        yield _bad("Content must be Raw, the simulator takes nothing else.")
    if not content:
        yield _bad("Content.Raw.Data is not a message in base64.")
    if not recipients:
        yield _bad("Missing required header 'To'.")
    if len(recipients) > MOST_RECIPIENTS:
        yield _bad("Recipient count exceeds 50.")
    yield from (_bad(_why_no_address(one)) for one in recipients if not _ADDRESS.fullmatch(one))
    if "From" not in message_from_bytes(content):
        yield _bad("Missing required header 'From'.")
    if any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        yield _bad("Line length exceeds 1000 characters.")
    yield from (_bad(f"Invalid tag <{tag}>.") for tag in _tags(asked) if not _TAG.fullmatch(tag))
    name = asked.get("ConfigurationSetName")
    if name not in (None, CONFIGURATION_SET):
        yield "NotFoundException", f"Configuration set <{name}> does not exist."


def _tags(asked: Json) -> Iterator[str]:
    for tag in _list(asked, "EmailTags"):
        yield from (str(tag.get(part, "")) if isinstance(tag, dict) else "" for part in ("Name", "Value"))


def _why_no_address(address: str) -> str:
    if "@" not in address:
        return "Missing final '@domain'"
    return "Local address contains control or whitespace" if not address.isascii() else "Invalid address"


def _bad(message: str) -> aws.Wrong:
    return "BadRequestException", message


def _sent() -> Response:
    return JSONResponse({"MessageId": f"0100{secrets.token_hex(6)}-{uuid.uuid4()}-000000"})


def _phrase(fault: Fault) -> Response:
    if fault.code:
        return _error(str(fault.code))
    match fault.kind:
        case "throttle":
            return _error("TooManyRequestsException", headers=retry_after(fault))
        case "dead":
            # Accepted, and never delivered: a bounce event is all that tells.
            return _sent()
        case "refuse":
            return _error("MessageRejected")
        case "credentials":
            return _error("UnrecognizedClientException")
        case _:
            status = fault.status or 503
            return _error(_BY_STATUS.get(status, "UnknownError"), f"The simulator answers {status}.", status)


def _error(
    error_type: str,
    message: str | None = None,
    status: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    # What is not SES's own is about the signature: AWS answers 403, but for one it cannot read.
    usual = 400 if error_type == "IncompleteSignatureException" else 403
    known_status, known_message = ERRORS.get(error_type, (usual, error_type))
    return JSONResponse(
        {"message": message or known_message},
        status or known_status,
        {"x-amzn-errortype": error_type, "x-amzn-requestid": str(uuid.uuid4()), **(headers or {})},
    )
