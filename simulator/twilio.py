"""Stands in for Twilio's Messages resource, which carries SMS.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import re
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.segments import segments
from simulator.answering import answer, raw, retry_after
from simulator.faults import KINDS_WITHOUT_A_MESSAGE, Fault
from simulator.twilio_log import Json, Sent, SentLog, page
from simulator.world import World

MESSAGES = {
    20003: "Authenticate",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21624: "The ValidityPeriod is invalid. It must be an integer between 1 and 36000.",
    21635: "'To' number cannot be a landline",
}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PATH = "/2010-04-01/Accounts/{sid}/Messages.json"
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000

Form = Mapping[str, str]


class Twilio:
    """Accepts messages, and lists what it accepted even after the received messages were emptied."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._log = SentLog()

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [Route(_PATH, self._create, methods=["POST"]), Route(_PATH, self._list, methods=["GET"])]

    async def _create(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode(errors="replace")))
        fault = self._world.faults.draw("twilio", form.get("To"))
        return await answer(self._world, fault, lambda: self._accept(request, body, form), _phrase)

    def _accept(self, request: Request, body: bytes, form: Form) -> Response:
        account = request.path_params["sid"]
        if not _is_from(request, account):
            return _error(20003)
        if code := next(_what_is_wrong(form), None):
            return _error(code)
        sent = _sent(account, form)
        self._log.add(sent)
        self._world.receive("twilio", sent.to, text=sent.body, key=sent.sid, raw=raw(request, body))
        return JSONResponse(_created(sent), 201)

    async def _list(self, request: Request) -> Response:
        filters = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
        fault = self._world.faults.draw(
            "twilio", filters.get("To"), call="look_up", kinds=KINDS_WITHOUT_A_MESSAGE
        )
        return await answer(self._world, fault, lambda: self._found(request, filters), _phrase)

    def _found(self, request: Request, filters: Form) -> Response:
        account = request.path_params["sid"]
        if not _is_from(request, account):
            return _error(20003)
        try:
            return JSONResponse(page(self._log, account, filters))
        except ValueError as wrong:
            return _error(20001, str(wrong))


def _is_from(request: Request, account: str) -> bool:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        user, colon, _ = b64decode(credentials).partition(b":")
    except ValueError:
        return False
    return scheme.lower() == "basic" and bool(colon) and user == account.encode()


def _what_is_wrong(form: Form) -> Iterator[int]:
    """Twilio's codes of what is wrong with a message, in the order it looks."""
    if "To" not in form:
        yield 21604
    elif not _E164.fullmatch(form["To"]):
        yield 21211
    if "From" not in form and "MessagingServiceSid" not in form:
        yield 21603
    if "Body" not in form:
        yield 21602
    elif len(form["Body"]) > _LONGEST_BODY:
        yield 21617
    validity = form.get("ValidityPeriod", "1")
    if not (validity.isascii() and validity.isdigit() and 1 <= int(validity) <= _LONGEST_VALIDITY):
        yield 21624


def _sent(account: str, form: Form) -> Sent:
    return Sent(
        sid=f"SM{secrets.token_hex(16)}",
        account=account,
        to=form["To"],
        sender=form.get("From"),
        service=form.get("MessagingServiceSid"),
        body=form["Body"],
        segments=segments(form["Body"]),
        at=datetime.now(UTC),
    )


def _created(sent: Sent) -> Json:
    # A Messaging Service picks the sender later, so that neither it nor the parts are known yet.
    unsettled: Json = {"status": "accepted", "num_segments": "0"} if sent.service else {"status": "queued"}
    return {**sent.resource(), "date_sent": None, **unsettled}


def _phrase(fault: Fault) -> Response:
    match fault.kind:
        case "throttle":
            return _error(20429, headers=retry_after(fault))
        case "dead":
            return _error(int(fault.code or 21211))
        case "refuse":
            return _error(int(fault.code or 21612))
        case "credentials":
            return _error(int(fault.code or 20003))
        case _:
            return _error(20_000 + (fault.status or 503))


def _error(code: int, message: str | None = None, headers: dict[str, str] | None = None) -> Response:
    # Codes from 20400 on carry their HTTP status; nearly all others are a 400.
    status = code - 20_000 if 20_400 <= code <= 20_599 else 401 if code in {20003, 20004} else 400
    body = {
        "code": code,
        "message": message or MESSAGES.get(code, f"Error {code}"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status, headers)
