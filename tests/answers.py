"""The stage of what follows an answer: every provider on a wire of ours, and one notification that is sent.

The activity, the adapters and the ledger are the real ones. What follows is said in the words below.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.breakers import Breakers
from activities.channels import fcm, ses, smtp, twilio
from activities.channels.aws import Keys
from activities.channels.http import Client, new_client
from activities.provider import Provider
from activities.reaching import Reaching
from activities.sending import Sending
from activities.store import Store
from activities.store.migrating import migrate
from domain.channels import Channel
from domain.effort import JITTER, Effort
from domain.ledger import NotificationStatus
from domain.outcomes import Outcome
from domain.recipients import OptOut
from domain.status import Status
from domain.telling import Batch, Send, Settled
from tests.channels import test_fcm as by_fcm
from tests.channels import test_twilio as by_twilio
from tests.channels.apple import Apple, an_apple
from tests.channels.messages import DEVICE, EMAIL, PHONE, TOKEN
from tests.channels.relay import Relay, a_relay, patient
from tests.channels.wire import Cuts, Says, Wire, a_wire, patience
from tests.store.stage import PlainWording, Stage, as_url, batch, somebody
from workflows.policy import USUAL, WAITS

TOLD = "the recipient is told"
NEXT_CHANNEL = "the channel is given up, the next takes over"
RESTS = "it rests as unknown, until a receipt settles it"
IN_DOUBT = "it may have arrived"
DEAD = "the address is never used again"
SILENCED = "the address is silenced, for its owner wants no more"
OPERATOR = "an operator is asked"
ENDS = {
    NotificationStatus.SENT: TOLD,
    NotificationStatus.FAILED: NEXT_CHANNEL,
    NotificationStatus.UNKNOWN: RESTS,
}


def again(seconds: float) -> str:
    return f"it is tried again in {seconds:g} s"


AGAIN = again(5)

ANDROID, IPHONE = {"platform": "android", "token": TOKEN}, {"platform": "ios", "token": DEVICE}
SENDER = "Burger Barn <orders@example.org>"
SES_ID = "010001903a8b2d11-000000"


def row(of_the_table: str, answer: object, *follows: str) -> Any:
    """A row of PROVIDERS.md, the answer on the wire (or a list of them), and what the order does next."""
    return pytest.param(answer, set(follows), id=of_the_table)


def ses_refuses(status: int, error_type: str, message: str = f"about {EMAIL}", **headers: str) -> Says:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says(status, {"message": message}, {"x-amzn-ErrorType": error_type, **named})


@dataclass
class Providers:
    """What the adapters talk to, and the adapters."""

    wire: Wire
    relay: Relay
    apple: Apple
    http: Client
    android: Sequence[Provider]

    def twilio(self, *answers: Says | Cuts, senders: int = 1) -> Sequence[Provider]:
        self._will(by_twilio.PATH, answers)
        numbers = [{"From": f"+1555019{number}"} for number in range(senders)]
        config = twilio.Config(by_twilio.ACCOUNT, by_twilio.AUTH_TOKEN, numbers, self.wire.url)
        return config.providers(self.http)

    def fcm(self, *answers: Says | Cuts) -> Sequence[Provider]:
        self._will(by_fcm.PATH, answers)
        self.wire.will("/token", by_fcm.signed_in())
        return self.android

    def apns(self, *answers: Any) -> Sequence[Provider]:
        """Where nothing else is told, the stand-in answers as APNs does."""
        self.apple.asked.clear()
        self.apple.will(*answers)
        return [self.apple.apns]

    def ses(self, *answers: Says | Cuts) -> Sequence[Provider]:
        self._will(ses.PATH, answers)
        config = ses.Config("us-east-1", SENDER, Keys("AKIAEXAMPLE", "auth-token"), self.wire.url)
        return config.providers(self.http)

    def smtp(self, *replies: tuple[str, str]) -> Sequence[Provider]:
        """``replies``: which step of the conversation is answered how."""
        self.relay.replies = dict(replies)
        self.relay.mails.clear()
        config = patient(smtp.Config("127.0.0.1", self.relay.port, SENDER, "none"), self.relay.replies)
        return config.providers(self.http)

    def _will(self, path: str, answers: Sequence[Says | Cuts]) -> None:
        self.wire.heard.clear()
        self.wire.will(path, *answers)
        self.http.timeout = patience(*answers)


@asynccontextmanager
async def all_providers(folder: Path) -> AsyncIterator[Providers]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with a_wire() as wire, a_relay() as relay, an_apple(folder) as apple, new_client() as http:
        key_file = by_fcm.a_key_file(folder, wire, key)
        config = fcm.Config.read({"FCM_SERVICE_ACCOUNT_FILE": str(key_file), "FCM_BASE_URL": wire.url})
        assert config
        yield Providers(wire, relay, apple, http, config.providers(http))


@dataclass
class Desk:
    """A notification that is planned, and a way to send it as Temporal does."""

    stage: Stage
    log: pytest.LogCaptureFixture
    breakers: Breakers
    told: Batch = field(default_factory=lambda: batch(Status.OUT_FOR_DELIVERY))
    channel: Channel = Channel.SMS

    async def has(self, news: Status, channel: Channel, *devices: dict[str, str]) -> None:
        """Plan a piece of news to somebody who wants it on this channel."""
        self.told, self.channel = batch(news), channel
        wanted = {news: {channel: "on"}}
        person = somebody(devices=devices or (ANDROID, IPHONE), email=EMAIL, phone=PHONE, preferences=wanted)
        await self.stage.store.load([person])
        await self.stage.plan(self.told)

    async def send(
        self,
        providers: Sequence[Provider],
        attempt: int = 1,
        *,
        at: datetime | None = None,
        effort: Effort = USUAL,
        has_next: bool = False,
    ) -> set[str]:
        """Run one attempt; answers what the order does next."""
        try:
            request = self._request(effort, has_next=has_next)
            settled = await self._run(request, providers, attempt, at or self.told.told_at)
            follows = {ENDS[settled.status]}
        except ApplicationError as not_now:
            follows = {again(_as_planned(not_now.next_retry_delay))}
            settled = Settled(status=NotificationStatus.RETRYING)
        assert (await self.stage.rows())[self.channel].status is settled.status
        return follows | await self._side_effects()

    def _request(self, effort: Effort, *, has_next: bool) -> Send:
        return Send(
            message_id=self.told.message_id(self.channel),
            channel=self.channel,
            waits=effort.waits,
            fall_back_after=effort.fall_back_after,
            has_next=has_next,
        )

    async def _run(self, request: Send, providers: Sequence[Provider], attempt: int, at: datetime) -> Settled:
        env = ActivityEnvironment()
        env.info = replace(env.info, attempt=attempt, started_time=at, heartbeat_details=[])
        store = self.stage.store
        sending = Sending(store, PlainWording(), Reaching(store, providers, self.breakers))
        settled: Settled = await env.run(sending.send, request)
        return settled

    async def _side_effects(self) -> set[str]:
        store, value = self.stage.store, {Channel.SMS: PHONE, Channel.EMAIL: EMAIL}.get(self.channel, "")
        envelope = await store.envelope(self.told.message_id(self.channel))
        assert envelope
        lines = [record.getMessage() for record in self.log.records]
        assert not [line for line in lines if any(secret in line for secret in (TOKEN, DEVICE, PHONE, EMAIL))]
        is_in_doubt = envelope.status is NotificationStatus.RETRYING and envelope.is_in_doubt
        found = {
            IN_DOUBT: is_in_doubt,
            DEAD: bool(await store.gone("c-42")),
            SILENCED: await store.opted_out_of(self.channel, value) is OptOut.EVERYTHING,
            OPERATOR: any("needs an operator" in line for line in lines),
        }
        return {words for words, is_so in found.items() if is_so}

    async def is_failing(self, provider: str, outcome: Outcome, calls: int = 20) -> None:
        """So many calls that end alike, and the fleet's opinion of the provider after them."""
        for _ in range(calls):
            permit = await self.breakers.permit(provider)
            assert permit
            await self.breakers.note(provider, outcome, permit)
        await self.breakers.settle_accounts()


def _as_planned(delay: timedelta | None) -> float:
    """A wait without its jitter."""
    assert delay
    seconds = delay.total_seconds()
    return next((wait for wait in WAITS if wait <= seconds <= wait * (1 + JITTER)), round(seconds, 1))


@asynccontextmanager
async def a_desk(folder: Path, log: pytest.LogCaptureFixture) -> AsyncIterator[Desk]:
    """A store of its own, copied from one that has the tables."""
    template, url = folder.parent / "migrated.db", as_url(folder / "ledger.db")
    if not template.exists():
        await migrate(as_url(template))
    (folder / "ledger.db").write_bytes(template.read_bytes())
    log.set_level(logging.INFO)
    # The test's own relay says what it heard.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    async with Store(url) as store:
        yield Desk(Stage(store, url), log, Breakers(store))
