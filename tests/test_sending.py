"""One send by itself: what it looks at before it calls a provider, and what it leaves when it cannot write.

The activity runs as it ships, on a real ledger; the provider only counts. On the stage other parts would
make up for what is missing here.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.breakers import Breakers
from activities.reaching import Reaching
from activities.sending import Sending
from activities.store import Store, StoreUnavailable
from activities.store.migrating import migrate
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.messages import Attempt, Envelope, Message, Noted
from domain.outcomes import Accepted, Gone, Outcome, TryLater
from domain.recipients import Address
from domain.status import Status
from domain.telling import Batch, Send, Settled
from tests.store.stage import MINUTE, SMS, PlainWording, Stage, as_url, batch, run_sql, sent, somebody

N = NotificationStatus


class PowerCut(BaseException):
    """What nothing of ours can catch."""


@dataclass
class Carrier:
    """Takes every text, and remembers each; the worker dies with the answer on its way when ``is_cut``."""

    name: str = "twilio"
    channel: Channel = SMS
    taken: list[Message] = field(default_factory=list)
    is_cut: bool = False
    answer: Outcome | None = None

    def carries(self, address: Address) -> bool:
        return address.channel is SMS

    async def send(self, message: Message, address: Address) -> Outcome:
        self.taken.append(message)
        if self.is_cut:
            raise PowerCut
        return self.answer or Accepted(f"ref-{len(self.taken)}")


@dataclass
class Ledger:
    """The store, which goes away for writing when told to."""

    store: Store
    is_away: bool = False
    cannot_mark: bool = False

    async def envelope(self, message_id: str) -> Envelope | None:
        return await self.store.envelope(message_id)

    async def record(self, message_id: str, attempt: Attempt) -> NotificationStatus:
        if self.is_away:
            raise StoreUnavailable("away")
        return await self.store.record(message_id, attempt)

    async def mark_gone(self, recipient_id: str, address: Address, outcome: Gone) -> None:
        if self.cannot_mark:
            raise StoreUnavailable("away")
        await self.store.mark_gone(recipient_id, address, outcome)

    async def note_live_activity(self, envelope: Envelope, started_by: Address) -> None:
        await self.store.note_live_activity(envelope, started_by)


@dataclass
class Desk:
    """A text that is planned, and a way to send it as Temporal does."""

    stage: Stage
    ledger: Ledger
    told: Batch
    carrier: Carrier = field(default_factory=Carrier)
    noted: list[Noted] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)

    async def send(
        self, attempt: int = 1, *, at: datetime | None = None, noted: Noted | None = None
    ) -> Settled:
        """Run one attempt; ``noted`` is what the one before left."""
        env = ActivityEnvironment()
        details = [noted.model_dump()] if noted else []
        started = at or self.told.told_at
        env.info = replace(env.info, attempt=attempt, started_time=started, heartbeat_details=details)
        env.on_heartbeat = self.noted.append
        reaching = Reaching(self.ledger, self.carriers or [self.carrier], Breakers(self.stage.store))
        sending = Sending(self.ledger, PlainWording(), reaching)
        request = Send(message_id=self.told.message_id(SMS), channel=SMS, waits=(5, 30))
        settled: Settled = await env.run(sending.send, request)
        return settled

    async def status(self) -> str:
        """What the row says."""
        return (await self.stage.statuses())[SMS]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = as_url(tmp_path / "ledger.db")
    await migrate(url)
    async with Store(url) as store:
        stage, told = Stage(store, url), batch(Status.OUT_FOR_DELIVERY)
        await store.load([somebody()])
        await stage.plan(told)
        yield Desk(stage, Ledger(store), told)


async def test_what_is_planned_is_sent(desk: Desk) -> None:
    settled = await desk.send()

    assert (settled.status, settled.provider) == (N.SENT, "twilio")
    assert [message.is_repeat for message in desk.carrier.taken] == [False]
    assert await desk.status() == N.SENT


async def test_every_attempt_tells_the_variant_that_the_row_has(desk: Desk) -> None:
    await run_sql(desk.stage.url, text("UPDATE notifications SET variant = 'departure-tone/warm'"))

    desk.carrier.answer = TryLater("busy")
    with pytest.raises(ApplicationError):
        await desk.send()
    desk.carrier.answer = None
    await desk.send(attempt=2)

    texts = [message.words.text for message in desk.carrier.taken]
    assert len(texts) == 2
    assert all("departure-tone/warm" in text for text in texts)


@pytest.mark.parametrize("status", [N.SENT, N.DELIVERED, N.SUPERSEDED, N.FAILED, N.UNKNOWN])
async def test_what_its_row_says_is_over_is_not_sent(desk: Desk, status: NotificationStatus) -> None:
    await desk.stage.are_now({desk.told.message_id(SMS): status})

    assert (await desk.send()).status is status
    assert desk.carrier.taken == []


async def test_what_comes_after_its_deadline_is_not_sent(desk: Desk) -> None:
    settled = await desk.send(2, at=desk.told.deadline)

    assert settled.status is N.EXPIRED
    assert desk.carrier.taken == []
    assert await desk.status() == N.EXPIRED


async def test_what_the_provider_took_while_the_store_was_away_is_only_written_down(desk: Desk) -> None:
    desk.ledger.is_away = True
    with pytest.raises(StoreUnavailable):
        await desk.send()
    desk.ledger.is_away = False

    settled = await desk.send(2, noted=desk.noted[-1])

    assert settled.status is N.SENT
    assert len(desk.carrier.taken) == 1
    assert (await desk.stage.rows())[SMS].provider_reference == "ref-1"


async def test_an_attempt_that_vanished_makes_the_next_one_a_repeat(desk: Desk) -> None:
    await desk.send(2)

    assert [message.is_repeat for message in desk.carrier.taken] == [True]


async def test_an_attempt_that_said_how_it_failed_leaves_no_doubt(desk: Desk) -> None:
    failed = Attempt(status=N.RETRYING, at=desk.told.told_at, failures=1, reason="busy")
    await desk.ledger.record(desk.told.message_id(SMS), failed)

    await desk.send(2, at=desk.told.told_at + timedelta(seconds=6))

    assert [message.is_repeat for message in desk.carrier.taken] == [False]


async def test_a_lost_attempt_is_not_hidden_by_what_an_earlier_runs_send_had_recorded(desk: Desk) -> None:
    failed = Attempt(status=N.RETRYING, at=desk.told.told_at, failures=1, reason="busy")
    await desk.ledger.record(desk.told.message_id(SMS), failed)
    desk.carrier.is_cut = True
    with pytest.raises(PowerCut):
        await desk.send()
    desk.carrier.is_cut = False

    await desk.send(2, noted=desk.noted[-1])

    assert [message.is_repeat for message in desk.carrier.taken] == [False, True]


async def test_an_attempt_that_could_not_read_its_row_called_nobody(desk: Desk) -> None:
    noted = Noted(harmless=3)

    await desk.send(4, noted=noted)

    assert [message.is_repeat for message in desk.carrier.taken] == [False]


async def test_an_answer_that_comes_late_does_not_overwrite_what_came_first(desk: Desk) -> None:
    await desk.stage.store.record(desk.told.message_id(SMS), sent(desk.told.told_at + MINUTE))
    late = Attempt(status=N.EXPIRED, at=desk.told.deadline, failures=0, reason="late")

    assert await desk.ledger.record(desk.told.message_id(SMS), late) is N.SENT


async def test_a_notification_without_a_row_is_our_own_mistake(desk: Desk) -> None:
    desk.told = batch(Status.NEARBY)

    with pytest.raises(ApplicationError, match="no row"):
        await desk.send()


async def test_an_answer_is_not_lost_when_a_dead_number_cannot_be_marked(desk: Desk) -> None:
    desk.carrier.answer, desk.ledger.cannot_mark = Gone("a landline"), True

    settled = await desk.send()

    assert (settled.status, settled.reason) == (N.FAILED, "a landline")
    assert await desk.status() == N.FAILED
