"""What Twilio tells us: what became of a text, and what its recipient answered."""

import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import APIRouter, Request, Response

from activities.channels.twilio_inbound import opt_word
from activities.channels.twilio_receipts import TwilioReceipt, receipt_of
from activities.channels.twilio_signature import is_signed
from api.answers import forged, problems, unusable
from api.reading import FORM, Form, form_of, read_body
from api.receipts import (
    Addresses,
    Consequence,
    Ledger,
    Receipts,
    address_is_dead,
    nothing_more,
    operator_has_to_act,
    owner_wants_no_more,
)
from domain.channels import Channel
from domain.orders import Receipt
from domain.recipients import OptOut

log = logging.getLogger(__name__)

STATUS, INBOUND = "/webhooks/twilio/status", "/webhooks/twilio/inbound"
SILENT = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
HELP = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Message>'
    "These are updates about your orders: answer STOP to get no more of them, START to get them again."
    "</Message></Response>"
)
_A_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class PhoneBook(Ledger, Addresses, Protocol):
    """The store, as far as texts need it."""

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, source: str) -> None: ...  # noqa: D102 as the store says

    async def opt_in(self, channel: Channel, value: str, source: str) -> None: ...  # noqa: D102


class TwilioDoor:
    """Takes Twilio's callbacks. Without ``auth_token`` nobody can prove to be Twilio."""

    def __init__(self, receipts: Receipts, store: PhoneBook, public_url: str, auth_token: str | None) -> None:
        self._receipts, self._store = receipts, store
        self._public_url, self._auth_token = public_url, auth_token

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Twilio"])
        router.post(
            STATUS,
            response_class=Response,
            response_description="Taken in, or not about anything of ours",
            responses=problems(400, 403, 408, 413, 415, 422, 503),
            openapi_extra=_posted(_STATUS_EXAMPLE, _MESSAGE_ID),
        )(self.status)
        router.post(
            INBOUND,
            response_class=Response,
            responses={
                **problems(400, 403, 408, 413, 415, 422, 503),
                200: {
                    "description": "What to answer, as TwiML",
                    "content": {"text/xml": {"example": SILENT}},
                },
            },
            openapi_extra=_posted(_INBOUND_EXAMPLE),
        )(self.inbound)
        return router

    async def status(self, request: Request) -> Response:
        """Take in what became of a text."""
        form = dict(await self._signed_form(request, STATUS))
        told, message_id = receipt_of(form), request.query_params.get("message_id")
        if told is None:
            raise unusable("MessageStatus", "missing, this is for status callbacks alone")
        if not message_id:
            raise unusable("message_id", "missing in the query")
        if told.state:
            receipt = Receipt(message_id=message_id, state=told.state, code=told.code)
            then = self._consequence(told, form.get("To"))
            await self._receipts.take(told.receipt_id, "twilio", receipt, then)
        return Response()

    async def inbound(self, request: Request) -> Response:
        """Take in what a recipient answered: STOP, START and HELP mean something, the rest does not."""
        form = dict(await self._signed_form(request, INBOUND))
        sid, number = form.get("MessageSid"), form.get("From", "")
        if not sid:
            raise unusable("MessageSid", "missing")
        word = opt_word(form.get("Body", ""), form.get("OptOutType"))
        if word == "HELP":
            # With its Advanced Opt-Out Twilio has answered already, and says so.
            return _twiml(SILENT if form.get("OptOutType") else HELP)
        if word and _A_NUMBER.fullmatch(number):
            await self._note(word, number, sid)
        return _twiml(SILENT)

    async def _note(self, word: str, number: str, sid: str) -> None:
        receipt_id = f"twilio:inbound:{sid}"
        if await self._store.is_known_receipt(receipt_id):
            return
        if word == "STOP":
            await self._store.opt_out(Channel.SMS, number, OptOut.EVERYTHING, "STOP")
        else:
            await self._store.opt_in(Channel.SMS, number, word)
        # About no notification of ours: Twilio's own id and the word are what there is to remember.
        await self._store.remember_receipt(
            receipt_id, "twilio", Receipt.model_construct(message_id=sid[:36], state=word)
        )
        log.info("twilio: %s by text", word)

    def _consequence(self, told: TwilioReceipt, number: str | None) -> Consequence:
        if told.opted_out and number:
            return owner_wants_no_more(self._store, Channel.SMS, number, told.code or "Twilio: opted out")
        if told.ours:
            return operator_has_to_act("twilio", told.code or "Twilio: not sent")
        if not told.number_is_dead:
            return nothing_more
        return address_is_dead(self._store, number, told.code or "Twilio: the number is dead")

    async def _signed_form(self, request: Request, path: str) -> Form:
        form = form_of(await read_body(request, FORM))
        # What Twilio called and signed, whatever a proxy or the Host header make of it.
        query = request.scope["query_string"].decode("latin-1")
        url = f"{self._public_url}{path}{'?' if query else ''}{query}"
        if self._auth_token is None:
            raise forged("Twilio is not configured here")
        if not is_signed(self._auth_token, url, list(form), request.headers):
            raise forged("the signature is not Twilio's")
        return form


def _twiml(content: str) -> Response:
    return Response(content, media_type="text/xml")


_MESSAGE_ID = {
    "name": "message_id",
    "in": "query",
    "required": True,
    "description": "The notification that the text was",
    "schema": {"type": "string"},
    "example": "6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11",
}
_SIGNATURE = {
    "name": "X-Twilio-Signature",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "example": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
}
_STATUS_EXAMPLE = {"MessageSid": "SM00000000000000000000000000000001", "MessageStatus": "delivered"}
_INBOUND_EXAMPLE = {**_STATUS_EXAMPLE, "From": "+15550100", "Body": "STOP"}
del _INBOUND_EXAMPLE["MessageStatus"]


def _posted(example: Mapping[str, str], *parameters: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": list(example),
        "properties": {name: {"type": "string"} for name in example},
        "additionalProperties": {"type": "string"},
    }
    return {
        "parameters": [_SIGNATURE, *parameters],
        "requestBody": {"required": True, "content": {FORM: {"schema": schema, "example": dict(example)}}},
    }
