"""Caps and quiet hours where it is hard: many orders at once, fallbacks, and what was sent late."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from activities.store import Store
from domain.channels import Channel
from domain.deciding import HOURLY_CAPS, decide, why_unreachable
from domain.ledger import NotificationStatus, dead_letter_id
from domain.messages import Attempt
from domain.orders import Receipt
from domain.redriving import BY_DELIVERY, Reopen
from domain.status import Status
from domain.telling import Batch, DeadLetter, Plan, TakeOver, Verdict
from tests.store.stage import (
    ALL_CHANNELS,
    EMAIL,
    IN_APP,
    MINUTE,
    NOON,
    PUSH,
    SMS,
    Stage,
    batch,
    news,
    run_sql,
    sent,
    somebody,
    taken_back,
)

N = NotificationStatus
EVERYTHING_TO_THE_PHONE = {status: {"sms": "on"} for status in Status}
FALLBACKS = {"ACCEPTED": {"sms": "fallback", "email": "fallback"}}


def told_of(status: Status, order: int, at: datetime = NOON, **given: Any) -> Batch:
    """One piece of news of an order of its own."""
    piece = news(status, at=at, event_id=f"evt-{order}")
    return batch(piece, order_id=f"B{order}", **given)


async def told(stage: Stage, status: Status, times: int, at: datetime = NOON) -> None:
    """Tell c-42 of as many other orders."""
    for order in range(times):
        await stage.plan(told_of(status, order, at))


def are_sent(plan: Plan, channel: Channel) -> bool:
    return plan.channels[channel].verdict is Verdict.SEND


# Many at once


async def test_50_orders_of_one_person_at_once_never_exceed_the_caps(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=EVERYTHING_TO_THE_PHONE)])
    async with Store(stage.url) as other:
        stores = [stage, Stage(other, stage.url)]
        plans = await asyncio.gather(
            *(stores[order % 2].plan(told_of(Status.PLACED, order)) for order in range(50))
        )

    counts = {channel: sum(are_sent(plan, channel) for plan in plans) for channel in (PUSH, SMS, EMAIL)}
    assert counts == HOURLY_CAPS
    assert len(await stage.store.inbox("c-42")) == 50, "the inbox makes no sound"


async def test_urgent_news_of_50_orders_at_once_passes_and_counts(stage: Stage) -> None:
    urgent = [told_of(Status.OUT_FOR_DELIVERY, order) for order in range(25)]
    can_wait = [told_of(Status.ACCEPTED, order) for order in range(25, 50)]

    plans = await asyncio.gather(*(stage.plan(one) for one in urgent))
    later = await asyncio.gather(*(stage.plan(one) for one in can_wait))

    assert all(are_sent(plan, PUSH) for plan in plans)
    assert not any(are_sent(plan, PUSH) for plan in later)


async def test_fallbacks_of_many_orders_at_once_never_exceed_the_cap(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS)])
    orders = [told_of(Status.ACCEPTED, order) for order in range(20)]
    for one in orders:
        await stage.plan(one)

    async with Store(stage.url) as other:
        stores = [stage, Stage(other, stage.url)]
        decisions = await asyncio.gather(
            *(stores[order % 2].take_over(one, SMS) for order, one in enumerate(orders))
        )

    verdicts = [made.verdict for made in decisions]
    assert verdicts.count(Verdict.SEND) == HOURLY_CAPS[SMS]
    assert verdicts.count(Verdict.SUPPRESSED) == 20 - HOURLY_CAPS[SMS]


async def test_redrives_plans_and_fallbacks_at_once_share_one_cap(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS | {"PREPARING": {"sms": "on"}})])
    failed = [told_of(Status.ACCEPTED, order) for order in range(8)]
    letters = [await failed_everywhere(stage, one) for one in failed]
    falling_back = [told_of(Status.ACCEPTED, order) for order in range(10, 18)]
    for one in falling_back:
        await stage.plan(one)
    wants_texts = somebody(preferences={"ACCEPTED": {"sms": "on"}, "PREPARING": {"sms": "on"}})

    taking_over = [stage.take_over(one, SMS) for one in falling_back]
    await asyncio.gather(*taking_over[:4])
    await stage.store.load([wants_texts])
    await asyncio.gather(
        *(reopen(stage, letter) for letter in letters),
        *(stage.plan(told_of(Status.PREPARING, order)) for order in range(20, 28)),
        *taking_over[4:],
    )

    rows = [row for order in range(28) for row in await stage.store.history(f"B{order}")]
    texts = [row.status for row in rows if row.channel is SMS]
    assert texts.count(N.PENDING) == HOURLY_CAPS[SMS]


async def failed_everywhere(stage: Stage, one: Batch) -> DeadLetter:
    """A batch that was tried and reached nobody."""
    await stage.plan(one)
    push = one.message_id(PUSH)
    await stage.store.record(push, Attempt(status=N.FAILED, at=NOON, failures=1, reason="no such device"))
    await stage.are_now({one.message_id(IN_APP): N.FAILED})
    letter = DeadLetter(
        dead_letter_id=dead_letter_id(one.order_id, BY_DELIVERY, "x"),
        order_id=one.order_id,
        source=BY_DELIVERY,
        reason="reached customer c-42 on no channel: push: no such device",
        content=one,
        at=NOON,
    )
    await stage.store.keep(letter)
    return letter


async def reopen(stage: Stage, letter: DeadLetter) -> None:
    await stage.store.reopen(
        Reopen(dead_letter_id=letter.dead_letter_id, redrive="run-1", at=NOON + MINUTE),
        partial(decide, carried=ALL_CHANNELS),
        partial(why_unreachable, is_carried=True),
        stage.wording,
    )


async def test_a_server_that_repeats_its_reads_by_default_counts_right_all_the_same(
    empty_postgres: str,
) -> None:
    from activities.store.migrating import migrate  # noqa: PLC0415 for this one alone

    await migrate(empty_postgres)
    name = empty_postgres.partition("?")[0].rpartition("/")[2]
    strict = f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
    await run_sql(empty_postgres, text(strict))
    async with Store(empty_postgres) as store:
        stage = Stage(store, empty_postgres)
        await store.load([somebody()])

        plans = await asyncio.gather(*(stage.plan(told_of(Status.ACCEPTED, order)) for order in range(30)))

    assert sum(are_sent(plan, PUSH) for plan in plans) == HOURLY_CAPS[PUSH]


# What counts


async def test_what_is_sent_late_counts_from_when_it_was_sent(stage: Stage) -> None:
    await told(stage, Status.DELIVERED, HOURLY_CAPS[PUSH])
    for order in range(HOURLY_CAPS[PUSH]):
        late = sent(NOON + 50 * MINUTE)
        await stage.store.record(told_of(Status.DELIVERED, order).message_id(PUSH), late)

    after_65 = await stage.plan(told_of(Status.ACCEPTED, 90, NOON + 65 * MINUTE))
    after_111 = await stage.plan(told_of(Status.ACCEPTED, 91, NOON + 111 * MINUTE))

    assert [are_sent(after_65, PUSH), are_sent(after_111, PUSH)] == [False, True]


async def test_what_is_still_on_its_way_counts_however_long_ago_it_was_told(stage: Stage) -> None:
    await told(stage, Status.DELIVERED, HOURLY_CAPS[PUSH])

    assert not are_sent(await stage.plan(told_of(Status.ACCEPTED, 90, NOON + 65 * MINUTE)), PUSH)


async def test_what_can_no_longer_be_sent_in_time_does_not_count(stage: Stage) -> None:
    await told(stage, Status.ACCEPTED, HOURLY_CAPS[PUSH])

    assert are_sent(await stage.plan(told_of(Status.ACCEPTED, 90, NOON + 31 * MINUTE)), PUSH)


@pytest.mark.parametrize(("status", "is_counted"), [("UNKNOWN", True), ("READ", True), ("FAILED", False)])
async def test_what_may_have_arrived_counts_and_what_came_back_does_not(
    stage: Stage, status: str, is_counted: bool
) -> None:
    await told(stage, Status.ACCEPTED, HOURLY_CAPS[PUSH])
    one = told_of(Status.ACCEPTED, 0).message_id(PUSH)
    await stage.store.record(one, sent())
    await stage.are_now({one: NotificationStatus(status)})

    assert are_sent(await stage.plan(told_of(Status.ACCEPTED, 90)), PUSH) is not is_counted


async def test_a_receipt_that_overtakes_the_answer_to_its_call_counts(stage: Stage) -> None:
    await told(stage, Status.ACCEPTED, HOURLY_CAPS[PUSH])
    one = told_of(Status.ACCEPTED, 0).message_id(PUSH)
    await stage.store.record_receipt(Receipt(message_id=one, state="delivered", at=NOON + MINUTE))

    assert not are_sent(await stage.plan(told_of(Status.ACCEPTED, 90)), PUSH)


async def test_what_is_taken_back_and_carried_on_counts_once(stage: Stage) -> None:
    await told(stage, Status.ACCEPTED, HOURLY_CAPS[PUSH] - 1)
    await stage.plan(batch(Status.ACCEPTED))
    for number, status in enumerate((Status.PREPARING, Status.READY_FOR_PICKUP), start=2):
        carried = taken_back((await stage.rows())[PUSH])
        plan = await stage.plan(batch(status, number=number, withdrawn=(carried,)))
        assert are_sent(plan, PUSH)

    assert not are_sent(await stage.plan(told_of(Status.ACCEPTED, 90, NOON + 5 * MINUTE)), PUSH)


# Caps of one's own


@pytest.mark.parametrize(("cap", "sent_of_10"), [(0, 0), (3, 3), (100, 10)])
async def test_a_recipient_may_have_caps_of_their_own(stage: Stage, cap: int, sent_of_10: int) -> None:
    await stage.store.load([somebody(preferences=EVERYTHING_TO_THE_PHONE, caps={"sms": cap})])

    plans = [await stage.plan(told_of(Status.ACCEPTED, order)) for order in range(10)]

    assert sum(are_sent(plan, SMS) for plan in plans) == sent_of_10
    assert all(are_sent(plan, PUSH) for plan in plans), "the other channels keep the usual"


async def test_not_even_a_cap_of_none_holds_back_what_is_urgent(stage: Stage) -> None:
    await stage.store.load([somebody(caps={"push": 0, "sms": 0, "email": 0})])

    plan = await stage.plan(batch(Status.DELIVERED))

    assert all(are_sent(plan, channel) for channel in (PUSH, SMS, EMAIL))


async def test_caps_are_stored_and_go_again(stage: Stage) -> None:
    await stage.store.load([somebody(caps={"sms": 3, "push": 0})])
    assert await stage.store.find("c-42") == somebody(caps={"sms": 3, "push": 0})

    await stage.store.load([somebody()])
    assert await stage.store.find("c-42") == somebody()


# A fallback is held back like any other channel

NIGHT = {"start": "12:10", "end": "13:00"}


async def take_over(stage: Stage, one: Batch, channel: Channel, at: datetime) -> tuple[Verdict, str | None]:
    """The next channel's turn, at a moment of its own."""
    request = TakeOver(batch=one, channel=channel, failed=PUSH, reason="out of attempts", at=at)
    decision = await stage.store.take_over(request, partial(why_unreachable, is_carried=True), stage.wording)
    return decision.verdict, decision.reason


async def test_a_fallback_is_held_back_by_the_quiet_hours_of_the_moment_it_takes_over(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS, quiet_hours=NIGHT)])
    one = batch(Status.ACCEPTED)
    await stage.plan(one)

    assert await take_over(stage, one, SMS, NOON + 12 * MINUTE) == (
        Verdict.SUPPRESSED,
        "quiet hours 12:10-13:00 in UTC",
    )
    row = (await stage.rows())[SMS]
    assert (row.status, row.instead_of, row.created_at) == ("SUPPRESSED", PUSH, NOON + 12 * MINUTE)


async def test_a_fallback_before_the_quiet_hours_is_sent(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS, quiet_hours=NIGHT)])
    one = batch(Status.ACCEPTED)
    await stage.plan(one)

    assert await take_over(stage, one, SMS, NOON + 9 * MINUTE) == (Verdict.SEND, None)


async def test_the_7th_text_of_an_hour_is_held_back_when_it_is_a_fallback_too(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS)])
    for order in range(HOURLY_CAPS[SMS]):
        one = told_of(Status.ACCEPTED, order)
        await stage.plan(one)
        assert (await take_over(stage, one, SMS, NOON + MINUTE))[0] is Verdict.SEND
    seventh = told_of(Status.ACCEPTED, 90)
    await stage.plan(seventh)

    assert await take_over(stage, seventh, SMS, NOON + MINUTE) == (Verdict.SUPPRESSED, "6 in the last hour")
    assert (await take_over(stage, seventh, EMAIL, NOON + MINUTE))[0] is Verdict.SEND


async def test_an_urgent_fallback_passes_at_night_and_over_every_cap(stage: Stage) -> None:
    await stage.store.load([somebody(quiet_hours=NIGHT, caps={"sms": 0})])
    one = batch(Status.NEARBY)
    await stage.plan(one)

    assert await take_over(stage, one, SMS, one.told_at + 5 * MINUTE) == (Verdict.SEND, None)


async def test_a_fallback_asked_for_again_at_night_is_what_it_was(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS, quiet_hours=NIGHT, caps={"sms": 1})])
    one = batch(Status.ACCEPTED)
    await stage.plan(one)
    first = await take_over(stage, one, SMS, NOON + 9 * MINUTE)

    assert await take_over(stage, one, SMS, NOON + 12 * MINUTE) == first
    assert (await stage.statuses())[SMS] == "PENDING"


async def test_a_redriven_fallback_does_not_count_against_itself(stage: Stage) -> None:
    await stage.store.load([somebody(preferences=FALLBACKS, caps={"sms": 1})])
    one = batch(Status.ACCEPTED)
    await stage.plan(one)
    await take_over(stage, one, SMS, NOON + MINUTE)
    failed = Attempt(status=N.FAILED, at=NOON + 2 * MINUTE, failures=1, reason="out of attempts")
    await stage.store.record(one.message_id(SMS), failed)
    again = one.model_copy(update={"redriven_by": "run-1"})

    first = await take_over(stage, again, SMS, NOON + 5 * MINUTE)

    assert first == (Verdict.SEND, None)
    assert await take_over(stage, again, SMS, NOON + 5 * MINUTE) == first


async def test_what_is_redriven_counts_from_when_it_is_sent_anew(stage: Stage) -> None:
    await stage.store.load([somebody(caps={"push": 1})])
    one = told_of(Status.DELIVERED, 1)
    letter = await failed_everywhere(stage, one)
    await stage.are_now({one.message_id(PUSH): N.PENDING})
    await stage.store.record(one.message_id(PUSH), sent(NOON + MINUTE))
    await stage.store.record_receipt(Receipt(message_id=one.message_id(PUSH), state="undelivered"))
    await reopen(stage, letter)
    await stage.store.record(one.message_id(PUSH), sent(NOON + 90 * MINUTE))

    plan = await stage.plan(told_of(Status.ACCEPTED, 90, NOON + 90 * MINUTE + timedelta(seconds=1)))

    assert plan.channels[PUSH].verdict is Verdict.SUPPRESSED
