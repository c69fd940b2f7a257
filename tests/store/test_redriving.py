"""Opening a dead letter again: asked and written in one transaction, the same answer however often."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, text

from activities.store import migrating
from activities.store.database import Database
from activities.store.redriving import Prospect
from domain.channels import Channel
from domain.deciding import decide, why_unreachable
from domain.ledger import MAY_BE_REOPENED, UNSETTLED, NotificationStatus
from domain.messages import Attempt
from domain.orders import Receipt
from domain.redriving import Reopen, Reopened
from domain.status import Role, Status
from domain.telling import Batch, DeadLetter, Verdict
from tests.store.stage import EMAIL, IN_APP, MINUTE, NOON, PUSH, SMS, Stage, batch, run_sql, sent, somebody

N = NotificationStatus
READY, OUT, NEARBY = Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY, Status.NEARBY
LATER = NOON + 10 * MINUTE
REFUSED = Attempt(status=N.FAILED, at=NOON, failures=2, reason="push refused", provider="fcm")
COURIER = somebody("d-3", role=Role.COURIER, phone=None)
WHY = "reached courier d-3 on no channel: push: push refused; sms: no phone number; out of attempts"
GROUP = "unreachable: push push refused, sms no phone number"


def to_the_courier(*pieces: Any, **given: Any) -> Batch:
    return batch(*pieces, **{"recipient_id": "d-3", "role": Role.COURIER, **given})


def letter_of(told: Batch, **given: Any) -> DeadLetter:
    usual = {"dead_letter_id": f"letter-of-{told.order_id}", "order_id": told.order_id, "source": "delivery"}
    content = {
        "reason": WHY,
        "recipient_id": told.recipient_id,
        "batch": told.number,
        "content": told,
        "at": NOON,
    }
    return DeadLetter.model_validate({**usual, **content, **given})


async def a_letter(stage: Stage, told: Batch | None = None) -> Batch:
    """A batch that reached the courier nowhere, as it is kept."""
    told = told or to_the_courier(READY)
    await stage.store.load([COURIER])
    await stage.plan(told)
    await stage.store.record(told.message_id(PUSH), REFUSED)
    await stage.take_over(told, SMS)
    await stage.store.keep(letter_of(told))
    return told


async def reopen(stage: Stage, redrive: str = "run-1", at: datetime = LATER, order: str = "A17") -> Reopened:
    request = Reopen(dead_letter_id=f"letter-of-{order}", redrive=redrive, at=at)
    return await stage.store.reopen(request, *_DECIDING, stage.wording)


_DECIDING: tuple[Any, Any] = (
    partial(decide, carried=frozenset(Channel)),
    partial(why_unreachable, is_carried=True),
)


def verdicts(reopened: Reopened) -> dict[Channel, Verdict]:
    assert reopened.plan, reopened.refusal
    return {channel: made.verdict for channel, made in reopened.plan.channels.items()}


async def test_a_failed_notification_begins_again(stage: Stage) -> None:
    told = await a_letter(stage)

    reopened = await reopen(stage)

    assert verdicts(reopened)[PUSH] is Verdict.SEND
    assert reopened.batch
    assert reopened.batch.news == told.news
    row = (await stage.rows())[PUSH]
    assert (row.status, row.reason, row.retry_count, row.failing_since) == (N.PENDING, None, 0, None)
    assert (row.redriven_by, row.deadline, row.message_id) == ("run-1", told.deadline, told.message_id(PUSH))


async def test_asked_twice_the_answer_is_the_same(stage: Stage) -> None:
    await a_letter(stage)
    in_app_too = COURIER.model_copy(update={"preferences": {READY: {IN_APP: "on"}}})
    await stage.store.load([in_app_too])

    first, rows = await reopen(stage), await stage.rows()
    await stage.store.load([in_app_too.model_copy(update={"devices": ()})])
    again = await reopen(stage)

    assert verdicts(first) == {PUSH: "send", SMS: "held", EMAIL: "off", IN_APP: "told"}
    assert (again, await stage.rows()) == (first, rows)
    assert len(await stage.store.inbox("d-3")) == 1


async def test_what_a_stopped_redrive_left_under_way_is_taken_up_by_the_next(stage: Stage) -> None:
    await a_letter(stage)
    await reopen(stage, "run-that-was-terminated")

    assert verdicts(await reopen(stage, "run-2"))[PUSH] is Verdict.SEND
    assert (await stage.rows())[PUSH].redriven_by == "run-2"


async def test_what_a_stopped_redrive_told_is_not_told_again(stage: Stage) -> None:
    told = await a_letter(stage)
    await reopen(stage, "run-that-was-terminated")
    await stage.store.record(told.message_id(PUSH), sent())

    assert (await reopen(stage, "run-2")).refusal == "it was told since, by push"


async def test_an_attempt_that_may_have_arrived_stays_in_doubt(stage: Stage) -> None:
    told = to_the_courier(READY)
    await stage.store.load([COURIER])
    await stage.plan(told)
    await stage.store.record(told.message_id(PUSH), replace(REFUSED, is_in_doubt=True))
    await stage.store.keep(letter_of(told))

    await reopen(stage)

    assert (await stage.rows())[PUSH].is_in_doubt


@pytest.mark.parametrize("new", [N.PENDING, N.RETRYING, N.SENT])
async def test_nothing_but_a_redrive_takes_the_way_back(stage: Stage, new: N) -> None:
    told = await a_letter(stage)

    await stage.store.record(told.message_id(PUSH), Attempt(status=new, at=LATER, failures=0))
    await stage.store.record_receipt(Receipt(message_id=told.message_id(PUSH), state="delivered"))

    assert (await stage.statuses())[PUSH] == "FAILED"


@pytest.mark.parametrize("status", N)
async def test_a_fallback_of_a_redrive_opens_nothing_but_what_failed_or_is_open(
    stage: Stage, status: N
) -> None:
    told = batch(NEARBY)
    await stage.plan(told)
    await stage.take_over(told, SMS)
    await stage.are_now({told.message_id(SMS): status})

    await stage.take_over(told.model_copy(update={"redriven_by": "run-1"}), SMS)

    begins_again = status in MAY_BE_REOPENED | UNSETTLED
    assert (await stage.statuses())[SMS] == (N.PENDING if begins_again else status)


async def test_what_the_order_has_moved_on_from_is_untrue_for_everyone(stage: Stage) -> None:
    await a_letter(stage)
    await stage.plan(batch(OUT, number=2))

    assert (await reopen(stage)).refusal == "the order has moved on to OUT_FOR_DELIVERY"
    assert (await stage.statuses(batch=1))[PUSH] == "FAILED", "a refusal changes nothing"


async def test_newer_news_that_reached_them_makes_it_untrue(stage: Stage) -> None:
    await stage.store.load([somebody(preferences={OUT: {IN_APP: "off", SMS: "off", EMAIL: "off"}})])
    old = batch(OUT)
    await stage.plan(old)
    await stage.store.record(old.message_id(PUSH), REFUSED)
    await stage.store.keep(letter_of(old))
    await stage.plan(batch(NEARBY, order_id="B1"))
    assert verdicts(await reopen(stage))[PUSH] is Verdict.SEND, "another order says nothing about this one"
    await stage.store.record(old.message_id(PUSH), REFUSED)

    await stage.plan(batch(NEARBY, number=2))

    assert (await reopen(stage)).refusal == "they were told newer news since: NEARBY"


async def test_after_the_deadline_it_is_refused(stage: Stage) -> None:
    told = await a_letter(stage)

    assert (await reopen(stage, at=told.deadline)).refusal == "it was of use until 2026-11-22 12:23 UTC"
    assert (await reopen(stage, at=told.deadline - MINUTE)).refusal is None


async def test_an_unknown_letter_and_one_without_its_content_are_refused(stage: Stage) -> None:
    await stage.store.keep(letter_of(to_the_courier(READY), content=None))

    assert (await reopen(stage, order="none")).refusal == "no such dead letter"
    assert (await reopen(stage)).refusal == "its content was not kept, see the order's timeline"


async def test_newer_news_carries_what_a_redrive_has_under_way(stage: Stage) -> None:
    told = await a_letter(stage)
    await reopen(stage)

    plan = await stage.plan(to_the_courier(Status.CANCELLED, number=2))

    assert plan.channels[PUSH].verdict is Verdict.SEND
    first, second = [row for row in await stage.store.history("A17") if row.channel is PUSH]
    assert (first.message_id, first.status) == (told.message_id(PUSH), N.SUPERSEDED)
    assert first.superseded_by == second.message_id


async def test_a_prospect_says_what_would_be_done_and_changes_nothing(stage: Stage) -> None:
    await a_letter(stage)
    before = await stage.rows()

    which = [Reopen(dead_letter_id=f"letter-of-{order}", redrive="", at=LATER) for order in ("A17", "none")]
    mine, none = await stage.store.prospects(which, *_DECIDING)

    assert isinstance(mine, Prospect)
    assert mine.decisions[PUSH].verdict is Verdict.SEND
    assert none == Reopened(refusal="no such dead letter")
    assert await stage.rows() == before


async def test_letters_are_counted_by_what_they_have_in_common(stage: Stage) -> None:
    for order in ("B1", "B2"):
        await stage.store.keep(letter_of(to_the_courier(READY, order_id=order)))
    unread = {"source": "status_changed", "field": "status", "content": None}
    await stage.store.keep(letter_of(to_the_courier(READY, order_id="B3"), **unread))

    assert await stage.store.letter_groups() == {GROUP: 2, "unreadable: status": 1}
    assert list(await stage.store.letter_groups()) == [GROUP, "unreadable: status"]
    kept = await stage.store.kept_letters(10, GROUP)
    assert [one.letter.order_id for one in kept] == ["B1", "B2"]
    assert kept[0].letter.content == to_the_courier(READY, order_id="B1")


async def test_a_letter_redriven_in_vain_waits_for_the_reasons_of_now(stage: Stage) -> None:
    kept = letter_of(to_the_courier(READY))
    await stage.store.keep(kept)

    again = kept.model_copy(update={"reason": "reached courier d-3 on no channel: push: no device"})
    await stage.store.give_reason(again)

    (one,) = await stage.store.kept_letters(10)
    assert (one.letter, one.group) == (again, "unreachable: push no device")
    await stage.store.resolve(kept.dead_letter_id, "discarded: late")
    await stage.store.give_reason(kept)
    found = await stage.store.kept_letter(kept.dead_letter_id)
    assert found
    assert found.letter == again, "what was decided on stays as it was"


async def test_a_thousand_letters_are_listed_by_two_statements(stage: Stage) -> None:
    for number in range(1000):
        await stage.store.keep(letter_of(to_the_courier(READY, order_id=f"C{number:04}")))
    statements = counted(stage)

    began = time.perf_counter()
    groups, kept = await stage.store.letter_groups(), await stage.store.kept_letters(1000)
    print(f"1000 letters listed in {time.perf_counter() - began:.3f} s")  # noqa: T201 a figure, not a promise

    assert groups == {GROUP: 1000}
    assert [one.letter.order_id for one in kept] == [f"C{number:04}" for number in range(1000)]
    assert statements() == 2


def counted(stage: Stage) -> Callable[[], int]:
    """Counts the statements of a store from here on."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    engine = stage.store._database._engine
    event.listen(engine if isinstance(engine, Engine) else engine.sync_engine, "before_cursor_execute", note)
    return lambda: len([one for one in said if "FROM dead_letters" in one])


async def test_letters_kept_by_an_earlier_version_get_their_group(empty_url: str) -> None:
    await to_revision(empty_url, "0002")
    insert = text(
        "INSERT INTO dead_letters (dead_letter_id, order_id, source, reason, field, created_at)"
        " VALUES (:id, 'A17', :source, :reason, :field, '2026-11-22T12:00:00.000000+00:00')"
    )
    letters: list[dict[str, str | None]] = [
        {"id": "1", "source": "delivery", "reason": WHY, "field": None},
        {"id": "2", "source": "status_changed", "reason": "status: unknown", "field": "status"},
    ]
    await run_sql(empty_url, insert, letters)

    await migrating.migrate(empty_url)

    groups = text("SELECT reason_group FROM dead_letters ORDER BY dead_letter_id")
    assert await run_sql(empty_url, groups) == [(GROUP,), ("unreadable: status",)]


async def to_revision(url: str, revision: str) -> None:
    """Bring a database to the tables of an earlier version."""

    def upgrade(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrating._MIGRATIONS))
        command.upgrade(config, revision)

    database = Database(url)
    async with database.transaction() as connection:
        await connection.run_sync(upgrade)
    await database.close()
