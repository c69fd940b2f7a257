"""The variant of a notification is in its row, on every channel; and what became of variants is counted."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import text

from domain.experiments import Counts, Experiment
from domain.ledger import NotificationStatus
from domain.messages import Attempt
from domain.orders import Receipt
from domain.status import Role, Status
from tests.store.stage import (
    EMAIL,
    IN_APP,
    MINUTE,
    NOON,
    PUSH,
    SMS,
    PlainWording,
    Stage,
    batch,
    run_sql,
    sent,
    somebody,
)

N = NotificationStatus
TONE = Experiment(name="nearby-tone", status=Status.NEARBY, variants={"plain": 1, "warm": 1})


@dataclass
class ComparedWording(PlainWording):
    """As if NEARBY were told in two wordings, of which everybody hears the one that is set here."""

    heard: str | None = "nearby-tone/warm"
    asked: list[datetime] = field(default_factory=list)

    def variant(
        self, locale: str, role: Role, path: tuple[Status, ...], recipient_id: str, at: datetime
    ) -> str | None:
        self.asked.append(at)
        return self.heard if path[-1:] == (Status.NEARBY,) else None


@pytest.fixture
def compared(stage: Stage) -> ComparedWording:
    stage.wording = ComparedWording()
    return stage.wording


async def test_every_row_of_a_plan_has_the_variant_and_the_inbox_its_words(
    stage: Stage, compared: ComparedWording
) -> None:
    await stage.plan(batch(Status.NEARBY))

    assert {row.variant for row in (await stage.rows()).values()} == {compared.heard}
    [message] = await stage.store.inbox("c-42")
    assert message.text.endswith("nearby-tone/warm")


@pytest.mark.usefixtures("compared")
async def test_news_that_is_not_compared_has_none(stage: Stage) -> None:
    await stage.plan(batch(Status.PLACED))

    assert {row.variant for row in (await stage.rows()).values()} == {None}


async def test_a_fallback_has_the_variant_of_the_channel_that_failed(
    stage: Stage, compared: ComparedWording
) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    compared.heard = "nearby-tone/plain"  # somebody changed the shares meanwhile

    await stage.take_over(told, SMS)

    assert (await stage.rows())[SMS].variant == "nearby-tone/warm"
    assert set(compared.asked) == {told.told_at}


@pytest.mark.usefixtures("compared")
async def test_a_send_reads_the_variant_from_the_row_with_every_attempt(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    failed = Attempt(status=N.RETRYING, at=NOON, failures=1, reason="UNAVAILABLE")
    await stage.store.record(told.message_id(PUSH), failed)

    envelope = await stage.store.envelope(told.message_id(PUSH))

    assert envelope is not None
    assert envelope.variant == "nearby-tone/warm"


async def test_recipients_count_once_and_only_for_what_is_known_of_them(
    stage: Stage, compared: ComparedWording
) -> None:
    wishes = {"NEARBY": {"sms": "on", "email": "on"}}
    for number, variant in enumerate(("plain", "warm", "warm", "warm")):
        compared.heard = f"nearby-tone/{variant}"
        recipient_id = f"c-{number}"
        await stage.store.load([somebody(recipient_id, preferences=wishes)])
        for order in ("A", "B"):
            told = batch(Status.NEARBY, order_id=f"{order}{number}", recipient_id=recipient_id)
            await stage.plan(told)
            await stage.store.record(told.message_id(PUSH), sent())
    await reported(stage, "c-1", SMS, "delivered")
    await reported(stage, "c-2", EMAIL, "bounced")
    in_app = batch(Status.NEARBY, order_id="A1", recipient_id="c-1").message_id(IN_APP)
    await stage.store.record_receipt(Receipt(message_id=in_app, state="read", at=NOON + MINUTE))
    seen = batch(Status.NEARBY, order_id="B2", recipient_id="c-2").message_id(IN_APP)
    await run_sql(
        stage.url,
        text("UPDATE inbox SET read_at = created_at WHERE message_id = :which"),
        {"which": seen},
    )

    counts = await stage.store.experiments.counts(TONE)

    assert counts == {
        "plain": Counts(recipients=1, told=1, inbox=1),
        "warm": Counts(recipients=3, told=3, reported=2, delivered=1, inbox=3, read=2),
    }


async def reported(stage: Stage, recipient_id: str, channel: str, state: str) -> None:
    """A message that left, and what its provider said of it later."""
    number = recipient_id.removeprefix("c-")
    told = batch(Status.NEARBY, order_id=f"A{number}", recipient_id=recipient_id)
    message_id = next(told.message_id(one) for one in (SMS, EMAIL) if one == channel)
    await stage.store.record(message_id, sent())
    await stage.store.record_receipt(Receipt(message_id=message_id, state=state))


async def test_other_experiments_are_not_counted(stage: Stage, compared: ComparedWording) -> None:
    compared.heard = "nearby-tone-2/warm"
    await stage.plan(batch(Status.NEARBY))

    assert await stage.store.experiments.counts(TONE) == {}
