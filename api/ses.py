"""What Amazon SES tells us through SNS: what became of an e-mail."""

import logging
from typing import Protocol

from fastapi import APIRouter, HTTPException, Request, Response

from activities.store.notifications import Notification
from api.answers import forged, problems
from api.reading import JSON, TEXT, json_object, read_body
from api.receipts import Addresses, Consequence, Receipts, address_is_dead, nothing_more
from api.ses_events import SesEvent, read_event
from api.sns import SnsMessage, SnsMessages
from domain.channels import Channel
from domain.orders import Receipt
from domain.recipients import OptOut

log = logging.getLogger(__name__)

EVENTS = "/webhooks/ses"


class Mailboxes(Addresses, Protocol):
    """The store, as far as e-mails need it."""

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, source: str) -> None: ...  # noqa: D102 as the store says


class SesDoor:
    """Takes SES's events. Without ``messages`` no topic is ours."""

    def __init__(self, receipts: Receipts, store: Mailboxes, messages: SnsMessages | None) -> None:
        self._receipts, self._store, self._messages = receipts, store, messages

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Amazon SES"])
        router.post(
            EVENTS,
            response_class=Response,
            response_description="Taken in, or not about anything of ours",
            responses=problems(400, 403, 408, 413, 415, 422, 503),
            openapi_extra=_POSTED,
        )(self.take)
        return router

    async def take(self, request: Request) -> Response:
        """Take in a message of SNS's: an event, or the offer of a subscription."""
        envelope = json_object(await read_body(request, TEXT, JSON))
        if self._messages is None:
            raise forged("SES_SNS_TOPIC_ARN is not set here")
        message = await self._messages.read(envelope)
        match message.kind:
            case "SubscriptionConfirmation":
                await self._messages.confirm(message)
                log.info("ses: the subscription to our topic is confirmed")
            case "UnsubscribeConfirmation":
                log.warning("ses: somebody ended the subscription to our topic, subscribe again")
            case "Notification":
                await self._news(message)
        return Response()

    async def _news(self, message: SnsMessage) -> None:
        try:
            event = read_event(json_object(message.message))
        except HTTPException:
            # SES greets a new topic with a sentence.
            event = None
        if event is None:
            log.info("ses: message %s has no news for us", message.message_id)
            return
        receipt = Receipt(message_id=event.message_id, state=event.state, code=event.code, at=message.at)
        await self._receipts.take(f"sns:{message.message_id}", "ses", receipt, self._consequence(event))

    def _consequence(self, event: SesEvent) -> Consequence:
        if event.is_gone:
            return address_is_dead(self._store, event.address, event.code or "SES bounce")
        return self._silence if event.is_complaint else nothing_more

    async def _silence(self, row: Notification) -> None:
        address = await self._store.address_of(row.recipient_id, Channel.EMAIL)
        if address:
            await self._store.opt_out(Channel.EMAIL, address, OptOut.EVERYTHING, "complaint")


_EXAMPLE = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses-events",
    "Message": '{"eventType": "Delivery"}',
    "Timestamp": "2026-11-22T12:00:00.000Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLE=",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
}
_SCHEMA = SnsMessage.model_json_schema()
_POSTED = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": _SCHEMA, "example": _EXAMPLE} for name in (TEXT, JSON)},
    }
}
