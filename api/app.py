"""Builds the API from its parts. Nothing is opened or read here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.types import ASGIApp
from temporalio.converter import PayloadCodec

from activities.store import Store
from activities.store.errors import StoreUnavailable
from activities.wording import FluentWording
from api.answers import ComeAgain, come_again, not_allowed, refused
from api.callers import Callers
from api.codec import CodecDoor
from api.document import ABOUT, completed
from api.envelope import CrossOrigin, Envelope
from api.events import EventsDoor
from api.experiments import ExperimentsDoor
from api.explanation import ExplanationDoor
from api.health import HealthDoor
from api.inbox import InboxDoor
from api.inbox_page import InboxPageDoor
from api.inbox_stream import StreamDoor
from api.letters import LettersDoor
from api.limiting import Limited, Limits
from api.live_activities import LiveActivitiesDoor
from api.me import MeDoor
from api.operations import Operations
from api.operators import OperatorPages
from api.orders import Orders, Service
from api.preference_centre import PreferenceCentre
from api.preferences import PreferencesDoor
from api.providers import ProvidersDoor
from api.receipts import Receipts
from api.recipients import RecipientsDoor
from api.rendering import Pages
from api.searching import LedgerDoor, Searching
from api.ses import SesDoor
from api.sns import SnsMessages
from api.timelines import TimelineDoor
from api.twilio import TwilioDoor
from domain.links import SignedLinks


@dataclass(frozen=True)
class Parts:
    """What the API is made of. None of ``twilio_auth_token`` and ``sns``: that provider is not ours.

    ``origins``: whose web apps may call what is a recipient's own. ``codec``: what encrypts payloads, None
    where they are in the clear.
    """

    store: Store
    orders: Orders
    links: SignedLinks
    service: Service
    callers: Callers
    wording: FluentWording
    operations: Operations
    twilio_auth_token: str | None = field(default=None, repr=False)
    sns: SnsMessages | None = None
    limits: Limits = field(default_factory=Limits)
    origins: Sequence[str] = ()
    codec: PayloadCodec | None = field(default=None, repr=False)


class Api(FastAPI):
    """FastAPI with our envelope around all of it, errors included, and a document that says everything."""

    def __init__(self, parts: Parts, **given: Any) -> None:
        super().__init__(**given)
        self._parts = parts
        self.add_middleware(Limited, limits=parts.limits, callers=parts.callers)

    def build_middleware_stack(self) -> ASGIApp:
        """Everything that a call passes on its way to a door."""
        within = CrossOrigin(
            super().build_middleware_stack(), self._parts.origins, self._parts.callers.temporal_ui
        )
        return Envelope(within, is_https=self._parts.links.public_url.startswith("https:"))

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def build(parts: Parts) -> Api:
    """The API as an ASGI application."""
    store, receipts, pages = parts.store, Receipts(parts.store, parts.orders), Pages()
    searching = Searching(store, parts.service, parts.operations)
    doors = (
        TwilioDoor(receipts, store, parts.links.public_url, parts.twilio_auth_token),
        SesDoor(receipts, store, parts.sns),
        PreferencesDoor(store, parts.links, parts.wording, pages),
        RecipientsDoor(store.people, store.consents, parts.links, parts.callers),
        MeDoor(store.people, parts.callers),
        PreferenceCentre(store.people, parts.links, parts.callers, parts.wording, pages),
        LiveActivitiesDoor(store, parts.links),
        LettersDoor(store, parts.callers, parts.operations, parts.wording),
        ProvidersDoor(store, parts.callers, parts.operations),
        LedgerDoor(searching, parts.callers),
        OperatorPages(store, parts.callers, parts.operations, parts.wording, searching, pages),
        EventsDoor(parts.service, parts.callers),
        TimelineDoor(parts.service, store.timelines, parts.callers),
        ExplanationDoor(store, parts.service, parts.callers),
        ExperimentsDoor(parts.wording.experiments, store.experiments, parts.callers),
        InboxDoor(store.inboxes, parts.callers),
        StreamDoor(store.inboxes, parts.callers),
        InboxPageDoor(store, parts.callers, parts.links, parts.wording, pages),
        CodecDoor(parts.codec, parts.callers),
        pages,
        HealthDoor(store, parts.orders),
    )
    # The usual pages for people load scripts from elsewhere.
    app = Api(
        parts,
        title="order-notifications",
        version="0.1.0",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for problem in (ComeAgain, StoreUnavailable):
        app.add_exception_handler(problem, come_again)
    app.add_exception_handler(405, not_allowed)
    app.add_exception_handler(RequestValidationError, refused)
    for door in doors:
        app.include_router(door.router())
    return app
