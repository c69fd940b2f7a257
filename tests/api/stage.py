"""The stage of the API's tests: the API on loopback over a real store, and those who call it."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette import types as asgi
from starlette.routing import Router
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # it has none

from activities.store import Store
from activities.store.notifications import Notification
from activities.wording import FluentWording
from api.answers import ComeAgain
from api.app import Parts, build
from api.callers import Callers
from api.operations import Operations, TemporalUi
from api.orders import Orders
from api.serving import serving
from api.sns import SnsMessages
from domain.callers import Scope
from domain.channels import Channel
from domain.desk import Answer, Outcome
from domain.links import SignedLinks
from domain.orders import OrderEvent, Receipt
from domain.redriving import Redriven, RedriveOutcome
from domain.status import Status
from domain.telling import DeadLetter
from domain.timeline import Timeline
from encryption import EncryptedPayloads, PayloadKeys
from order_service import NoSuchOrder, NoWorker, OrderIsOver
from temporal_client import NoServer
from tests.api.amazon import TOPIC, Amazon
from tests.store.stage import Stage as Planning
from tests.store.stage import as_url, batch, sent, somebody
from tests.usual_wording import usual_wording

# What the world calls; nothing of it is where the API really listens.
PUBLIC_URL = "https://notifications.example.org"
TEMPORAL_UI = "https://temporal.example.org"
AUTH_TOKEN = "auth-token"  # noqa: S105 the simulator's Twilio account
SMS, EMAIL = Channel.SMS, Channel.EMAIL
# On which status the customer gets a row on the channel.
_TOLD_BY = {SMS: Status.OUT_FOR_DELIVERY, EMAIL: Status.PLACED, Channel.PUSH: Status.PLACED}
# Reading the system's certificates for each client is what would take most of a test's time.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Real seconds that an answer may take on a busy machine.
PATIENCE = 60
FORM = "application/x-www-form-urlencoded"


class ToldOrders:
    """Stands for the orders' workflows: remembers what they were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Receipt]] = []
        self.announced: list[OrderEvent] = []
        self.asked: list[str] = []
        self.over: set[str] = set()
        self.away_for: set[str] = set()
        self.are_away = False
        self.have_a_worker = True

    async def tell(self, order_id: str, receipt: Receipt) -> None:
        if self.are_away:
            raise ComeAgain("Temporal does not answer")
        self.told.append((order_id, receipt))

    async def answer(self) -> bool:
        return not self.are_away

    async def announce(self, event: OrderEvent) -> None:
        # As it is with a server: whoever comes later may well be answered earlier.
        for _ in range(-len(self.asked) % 7):
            await asyncio.sleep(0)
        if self.are_away or event.event_id in self.away_for:
            raise NoServer("no Temporal server answers")
        if event.order_id in self.over:
            raise OrderIsOver(f"order {event.order_id} is over")
        self.announced.append(event)

    async def announce_and_wait(self, event: OrderEvent) -> Answer:
        self.asked.append(event.event_id)
        if not (self.have_a_worker or self.are_away or event.order_id in self.over):
            raise NoWorker("no worker took the event")
        is_known = event.event_id in {known.event_id for known in self.announced}
        await self.announce(event)
        outcome = Outcome.DUPLICATE if is_known else Outcome.ACCEPTED
        return Answer(outcome=outcome, order_id=event.order_id, event_id=event.event_id)

    async def timeline(self, order_id: str, *, while_open: bool = False) -> Timeline:
        if self.are_away:
            raise NoServer("no Temporal server answers")
        if order_id in self.over:
            raise OrderIsOver(f"order {order_id} is over")
        if order_id in {event.order_id for event in self.announced} and not self.have_a_worker:
            raise NoWorker("no worker answers")
        raise NoSuchOrder(f"order {order_id} is not known")


class ToldRedrives:
    """Stands for the workflows of redrives: remembers which letters were to be told again."""

    def __init__(self) -> None:
        self.redriven: list[str] = []
        self.are_away = False

    async def redrive(self, letters: Iterable[DeadLetter]) -> list[Redriven]:
        if self.are_away:
            raise ComeAgain("Temporal does not answer")
        ids = [letter.dead_letter_id for letter in letters]
        self.redriven += ids
        outcome = RedriveOutcome.REDRIVEN
        return [Redriven(dead_letter_id=one, outcome=outcome, how="push SENT") for one in ids]


@dataclass
class Door:
    """The running API and everybody around it."""

    url: str
    http: httpx.AsyncClient
    store: Store
    links: SignedLinks
    orders: ToldOrders
    redrives: ToldRedrives
    amazon: Amazon
    folder: Path
    parts: Parts
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def sent(self, channel: Channel, order_id: str = "A17") -> str:
        """A notification to c-42 that its provider accepted; answers its id."""
        planning = Planning(self.store, "")
        number = next(self._numbers)
        news = batch(_TOLD_BY[channel], number=number, order_id=order_id)
        await planning.plan(news)
        row = next(row for row in await self.store.history(order_id) if row.channel is channel)
        await self.store.record(row.message_id, sent())
        return row.message_id

    async def key(self, *scopes: Scope) -> dict[str, str]:
        """The headers of a caller with a key of these scopes, or of all of them."""
        made = await self.store.api_keys.make("order-service", scopes or list(Scope))
        return {"Authorization": f"Bearer {made.text}"}

    def token(self, recipient_id: str = "c-42") -> dict[str, str]:
        """The headers of a recipient."""
        return {"Authorization": f"Bearer {self.links.recipient_token(recipient_id)}"}

    async def row(self, message_id: str) -> Notification:
        found = await self.store.notification(message_id)
        assert found
        return found

    async def status(self, message_id: str) -> str:
        return (await self.row(message_id)).status

    async def twilio_says(
        self, message_id: str, status: str, *, sid: str = "SM" + "1" * 32, **more: str
    ) -> httpx.Response:
        """A status callback, signed for the URL that Twilio knows."""
        form = {"MessageSid": sid, "MessageStatus": status, "To": "+15550100", "From": "+15550199", **more}
        return await self.twilio_calls(f"/webhooks/twilio/status?message_id={message_id}", form)

    async def somebody_texts(self, body: str, sid: str = "SM" + "2" * 32, **more: str) -> httpx.Response:
        """What Twilio posts when +15550100 answers."""
        form = {"MessageSid": sid, "From": "+15550100", "To": "+15550199", "Body": body, **more}
        return await self.twilio_calls("/webhooks/twilio/inbound", form)

    async def twilio_calls(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        headers = {"X-Twilio-Signature": signature(PUBLIC_URL + path, form), "Content-Type": FORM}
        return await self.http.post(path, content=urlencode(form), headers=headers)

    async def sns_posts(self, envelope: Mapping[str, Any]) -> httpx.Response:
        """An envelope as SNS posts it."""
        return await self.http.post(
            "/webhooks/ses",
            content=httpx.Request("POST", "http://x", json=envelope).content,
            headers={"Content-Type": "text/plain; charset=UTF-8"},
        )

    async def ses_says(self, news: Any, **other: Any) -> httpx.Response:
        return await self.sns_posts(self.amazon.notification(news, **other))

    def preferences(self, channel: Channel = EMAIL, recipient_id: str = "c-42") -> str:
        """The path of a recipient's own page."""
        link = self.links.preferences(recipient_id, channel, is_optional=True).preferences
        return link.removeprefix(PUBLIC_URL)

    def live_activity(self, activity_id: str) -> str:
        return self.links.live_activity(activity_id).removeprefix(PUBLIC_URL)

    @contextmanager
    def temporal_is_away(self) -> Any:
        self.orders.are_away = True
        yield
        self.orders.are_away = False

    @asynccontextmanager
    async def store_is_away(self) -> AsyncIterator[None]:
        """The folder with the database is not there, as a share that is not mounted."""
        await self.store.close()
        elsewhere = self.folder.rename(self.folder.with_name("unmounted"))
        yield
        await self.store.close()
        elsewhere.rename(self.folder)


def signature(url: str, form: Mapping[str, str], auth_token: str = AUTH_TOKEN) -> str:
    """As Twilio's own library computes it."""
    computed: str = RequestValidator(auth_token).compute_signature(url, dict(form))
    return computed


class Front:
    """What listens, for many APIs one after the other: each test has an API of its own behind it."""

    def __init__(self) -> None:
        self.app: asgi.ASGIApp = Router()
        self.url = ""

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await self.app(scope, receive, send)


@asynccontextmanager
async def open_front() -> AsyncIterator[Front]:
    """Listen on a free port."""
    front = Front()
    async with serving(front) as front.url:
        yield front


@asynccontextmanager
async def open_door(
    front: Front,
    folder: Path,
    orders: Orders | None = None,
    wording: FluentWording | None = None,
    **more: Any,
) -> AsyncIterator[Door]:
    """Serve the API over the store in a folder, which then knows c-42; ``more`` says other parts."""
    told, redrives, amazon = ToldOrders(), ToldRedrives(), Amazon()
    async with (
        Store(as_url(folder / "store.db")) as store,
        httpx.AsyncClient(base_url=front.url, verify=_NO_TLS, timeout=PATIENCE) as http,
    ):
        await store.load([somebody()])
        links = SignedLinks(PUBLIC_URL, await store.signing_secrets())
        parts = Parts(
            store=store,
            orders=orders or told,
            links=links,
            service=told,
            callers=Callers(store.api_keys, links, TEMPORAL_UI),
            wording=wording or usual_wording(),
            operations=Operations(redrives, ["smtp"], TemporalUi(TEMPORAL_UI, "default")),
            twilio_auth_token=AUTH_TOKEN,
            sns=SnsMessages(TOPIC, amazon.fetch),
            codec=EncryptedPayloads(PayloadKeys({"k1": bytes(32)})),
        )
        parts = replace(parts, **more)
        front.app = build(parts)
        yield Door(front.url, http, store, links, told, redrives, amazon, folder, parts)
