"""Builds the API from its parts. Nothing is opened or read here."""

from dataclasses import dataclass, field

from fastapi import FastAPI

from activities.store import Store
from activities.store.errors import StoreUnavailable
from activities.wording import FluentWording
from api.answers import ComeAgain, come_again, not_allowed
from api.callers import Callers
from api.health import HealthDoor
from api.inbox import InboxDoor
from api.inbox_page import InboxPageDoor
from api.inbox_stream import StreamDoor
from api.live_activities import LiveActivitiesDoor
from api.orders import Orders, Service
from api.preferences import PreferencesDoor
from api.receipts import Receipts
from api.rendering import Pages
from api.ses import SesDoor
from api.sns import SnsMessages
from api.twilio import TwilioDoor
from domain.links import SignedLinks


@dataclass(frozen=True)
class Parts:
    """What the API is made of. None of ``twilio_auth_token`` and ``sns``: that provider is not ours."""

    store: Store
    orders: Orders
    links: SignedLinks
    service: Service
    callers: Callers
    wording: FluentWording
    twilio_auth_token: str | None = field(default=None, repr=False)
    sns: SnsMessages | None = None


def build(parts: Parts) -> FastAPI:
    """The API as an ASGI application."""
    store, receipts, pages = parts.store, Receipts(parts.store, parts.orders), Pages()
    doors = (
        TwilioDoor(receipts, store, parts.links.public_url, parts.twilio_auth_token),
        SesDoor(receipts, store, parts.sns),
        PreferencesDoor(store, parts.links),
        LiveActivitiesDoor(store, parts.links),
        InboxDoor(store.inboxes, parts.callers),
        StreamDoor(store.inboxes, parts.callers),
        InboxPageDoor(store, parts.callers, parts.links, parts.wording, pages),
        pages,
        HealthDoor(store, parts.orders),
    )
    # The usual pages for people load scripts from elsewhere.
    app = FastAPI(
        title="order-notifications",
        version="0.1.0",
        description="What providers and recipients tell us.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for problem in (ComeAgain, StoreUnavailable):
        app.add_exception_handler(problem, come_again)
    app.add_exception_handler(405, not_allowed)
    for door in doors:
        app.include_router(door.router())
    return app
