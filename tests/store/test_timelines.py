"""The ledger tells an order's timeline as its workflow did, once that is gone."""

import pytest

from domain.ledger import NotificationStatus as N
from domain.messages import Attempt
from domain.status import Role, Status
from domain.telling import DeadLetter
from domain.timeline import BATCHES_KEPT, opening
from tests.store.stage import (
    EMAIL,
    IN_APP,
    MINUTE,
    NOON,
    PUSH,
    SMS,
    Stage,
    batch,
    sent,
    taken_back,
)

PLACED, PREPARING, OUT, DELIVERED = (
    Status.PLACED,
    Status.PREPARING,
    Status.OUT_FOR_DELIVERY,
    Status.DELIVERED,
)
FAILED = Attempt(status=N.FAILED, at=NOON + MINUTE, failures=1, reason="no such device", provider="fcm")


async def test_a_batch_is_told_as_its_workflow_told_it(stage: Stage) -> None:
    news = batch(PLACED)
    plan = await stage.plan(news)

    (told,) = (await stage.store.timelines.of("A17", is_open=True)).batches

    # What the workflow does not know is that in-app news is carried by a provider too.
    told.line(IN_APP).provider = None
    assert told == opening(news, plan.number, plan.channels)


async def test_what_became_of_each_channel_is_there_and_what_took_over(stage: Stage) -> None:
    news = batch(Status.NEARBY)
    await stage.plan(news)
    rows = await stage.rows()
    await stage.store.record(rows[PUSH].message_id, FAILED)
    await stage.take_over(news, SMS)
    await stage.store.record((await stage.rows())[SMS].message_id, sent())

    (told,) = (await stage.store.timelines.of("A17", is_open=False)).batches

    push, sms, email = told.line(PUSH), told.line(SMS), told.line(EMAIL)
    assert (push.status, push.reason, push.provider) == (N.FAILED, "no such device", "fcm")
    assert (sms.verdict, sms.status, sms.statuses) == ("held", N.SENT, (Status.NEARBY,))
    assert (email.verdict, email.status) == ("held", None)
    assert email.reason == "not needed: kept for when another channel fails"
    assert told.line(IN_APP).status is N.DELIVERED


async def test_batches_come_in_the_order_they_were_told_each_with_its_own_path(stage: Stage) -> None:
    first = batch(PREPARING)
    await stage.plan(first)
    waiting = (await stage.rows())[PUSH]
    await stage.plan(batch(OUT, number=2, withdrawn=(taken_back(waiting),)))
    await stage.plan(batch(DELIVERED, number=3, recipient_id="m-7", role=Role.MERCHANT))

    told = await stage.store.timelines.of("A17", is_open=True)

    assert [one.statuses for one in told.batches] == [(PREPARING,), (OUT,), (DELIVERED,)]
    assert [one.recipient_id for one in told.batches] == ["c-42", "c-42", "m-7"]
    assert told.batches[0].line(PUSH).status is N.SUPERSEDED
    assert told.batches[1].line(PUSH).statuses == (PREPARING, OUT)


@pytest.mark.parametrize(
    ("status", "is_open", "state"),
    [(PLACED, True, "open"), (DELIVERED, True, "ending"), (DELIVERED, False, "over"), (OUT, False, "over")],
)
async def test_the_state_goes_by_the_newest_status_and_by_whether_it_is_open(
    stage: Stage, status: Status, is_open: bool, state: str
) -> None:
    await stage.plan(batch(status))

    told = await stage.store.timelines.of("A17", is_open=is_open)

    assert (told.status, told.state) == (status, state)


async def test_an_order_with_many_batches_shows_the_latest(stage: Stage) -> None:
    for number in range(1, BATCHES_KEPT + 3):
        news = batch(PREPARING, number=number, recipient_id=f"c-{number}")
        await stage.plan(news.model_copy(update={"told_at": NOON + number * MINUTE}))

    told = await stage.store.timelines.of("A17", is_open=True)

    assert (len(told.batches), told.earlier_batches) == (BATCHES_KEPT, 2)
    assert told.batches[-1].recipient_id == f"c-{BATCHES_KEPT + 2}"


async def test_dead_letters_of_the_order_are_there_without_what_was_in_them(stage: Stage) -> None:
    for order_id in ("A17", "A18"):
        letter = {"dead_letter_id": order_id, "order_id": order_id, "source": "status_changed"}
        content = {"reason": "status: missing", "raw": "ana@example.org", "at": NOON}
        await stage.store.keep(DeadLetter.model_validate({**letter, **content}))

    (letter_shown,) = (await stage.store.timelines.of("A17", is_open=True)).dead_letters

    assert (letter_shown.dead_letter_id, letter_shown.reason) == ("A17", "status: missing")
    assert letter_shown.raw is None


async def test_of_an_order_that_it_does_not_know_the_ledger_tells_nothing(stage: Stage) -> None:
    told = await stage.store.timelines.of("nobody's", is_open=False)

    assert (told.status, told.batches, told.dead_letters) == (None, (), ())
