"""Stands in for Twilio's Messages resource, which carries SMS.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import re
import secrets
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, ValidationError, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.segments import segments
from simulator import twilio_webhooks as webhooks
from simulator.answering import answer, raw
from simulator.control import unprocessable
from simulator.faults import FATES, KINDS_WITHOUT_A_MESSAGE
from simulator.providers import TWILIO_ACCOUNT, TWILIO_AUTH_TOKEN, TWILIO_NUMBER
from simulator.twilio_errors import error, phrase
from simulator.twilio_log import Json, Sent, SentLog, page
from simulator.world import World

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_PATH = "/2010-04-01/Accounts/{sid}/Messages"
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000

Form = Mapping[str, str]


class TextedBack(BaseModel):
    """What ``POST /inbound`` takes: somebody's text, and where Twilio posts it."""

    number: str = Field(alias="from", pattern=_E164.pattern)
    body: str
    url: str
    opt_out_type: Literal["STOP", "START", "HELP"] | None = None

    @field_validator("url")
    @classmethod
    def _is_here(cls, url: str) -> str:
        if not webhooks.is_here(url):
            raise ValueError("is not on this machine, give for example http://127.0.0.1:8080/path")
        return url


class Twilio:
    """Accepts messages, and lists what it accepted even after the received messages were emptied.

    It tells what became of a message by a signed callback, if the message asked for one.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._log = SentLog()
        self._stopped: set[tuple[str, str | None]] = set()

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [
            Route(f"{_PATH}.json", self._create, methods=["POST"]),
            Route(f"{_PATH}.json", self._list, methods=["GET"]),
            Route(f"{_PATH}/{{message}}.json", self._fetch, methods=["GET"]),
            Route("/inbound", self._inbound, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode(errors="replace")))
        fault = self._world.faults.draw("twilio", form.get("To"))
        return await answer(self._world, fault, lambda: self._accept(request, body, form), phrase)

    def _accept(self, request: Request, body: bytes, form: Form) -> Response:
        account = request.path_params["sid"]
        if not _is_from(request, account):
            return error(20003)
        if code := next(_what_is_wrong(form), None):
            return error(code)
        sent = _sent(account, form)
        if (sent.to, sent.from_whom) in self._stopped:
            return error(21610)
        sent = self._with_its_fate(sent)
        self._log.add(sent)
        self._world.receive("twilio", sent.to, text=sent.body, key=sent.sid, raw=raw(request, body))
        if webhooks.is_here(url := form.get("StatusCallback", "")):
            self._world.in_background(webhooks.post(url, *webhooks.callbacks(sent)))
        return JSONResponse(_created(sent), 201)

    def _with_its_fate(self, sent: Sent) -> Sent:
        fate = self._world.faults.draw("twilio", sent.to, kinds=FATES)
        return replace(sent, error_code=int(fate.code or 30003)) if fate else sent

    async def _list(self, request: Request) -> Response:
        filters = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
        return await self._look_up(filters.get("To"), lambda: self._found(request, filters))

    async def _fetch(self, request: Request) -> Response:
        return await self._look_up(None, lambda: self._one(request))

    async def _look_up(self, to: str | None, accept: Callable[[], Response]) -> Response:
        fault = self._world.faults.draw("twilio", to, call="look_up", kinds=KINDS_WITHOUT_A_MESSAGE)
        return await answer(self._world, fault, accept, phrase)

    def _found(self, request: Request, filters: Form) -> Response:
        account = request.path_params["sid"]
        if not _is_from(request, account):
            return error(20003)
        try:
            return JSONResponse(page(self._log, account, filters))
        except ValueError as wrong:
            return error(20001, str(wrong))

    def _one(self, request: Request) -> Response:
        account = request.path_params["sid"]
        if not _is_from(request, account):
            return error(20003)
        sent = self._log.find(request.path_params["message"])
        return JSONResponse(sent.resource()) if sent and sent.account == account else error(20404)

    async def _inbound(self, request: Request) -> Response:
        try:
            texted = TextedBack.model_validate_json(await request.body())
        except ValidationError as wrong:
            return unprocessable(wrong)
        last = next(self._log.newest_first(texted.number), None) or _nothing(texted.number)
        self._heed(texted, last)
        sid = f"SM{secrets.token_hex(16)}"
        status = await webhooks.post(
            texted.url, webhooks.inbound(sid, last, texted.body, texted.opt_out_type)
        )
        return JSONResponse({"sid": sid, "status": status})

    def _heed(self, texted: TextedBack, last: Sent) -> None:
        """A STOP is said to the sender of the last text, which may send there again after a START."""
        word, pair = texted.opt_out_type or texted.body.strip().upper(), (last.to, last.from_whom)
        if word in _STOP:
            self._stopped.add(pair)
        elif word in _START:
            self._stopped.discard(pair)


def _nothing(number: str) -> Sent:
    """Stands for the last text of somebody who never got one."""
    return Sent("", TWILIO_ACCOUNT, number, TWILIO_NUMBER, None, "", 1, datetime.now(UTC))


def _is_from(request: Request, account: str) -> bool:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        given = b64decode(credentials)
    except ValueError:
        return False
    return scheme.lower() == "basic" and given == f"{account}:{TWILIO_AUTH_TOKEN}".encode()


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
    if "StatusCallback" in form and not webhooks.is_callable(form["StatusCallback"]):
        yield 21609


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
