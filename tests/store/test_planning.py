"""A batch is planned in one transaction: decided, written down, told in-app; once, however often asked."""

import asyncio

import pytest

from domain.deciding import HOURLY_CAPS
from domain.ledger import NotificationStatus
from domain.messages import Attempt
from domain.status import Role, Status
from domain.telling import Settle, Verdict
from tests.store.stage import (
    EMAIL,
    IN_APP,
    MINUTE,
    NOON,
    PUSH,
    SMS,
    Stage,
    batch,
    news,
    sent,
    somebody,
    taken_back,
)


async def test_a_batch_gets_a_row_for_every_channel_it_is_told_on(stage: Stage) -> None:
    plan = await stage.plan(batch(Status.PLACED, facts={"merchant_name": "Burger Barn"}))

    assert {channel: made.verdict for channel, made in plan.channels.items()} == {
        PUSH: Verdict.SEND,
        SMS: Verdict.OFF,
        EMAIL: Verdict.SEND,
        IN_APP: Verdict.TOLD,
    }
    assert await stage.statuses() == {PUSH: "PENDING", EMAIL: "PENDING", IN_APP: "DELIVERED"}


async def test_a_row_holds_what_its_send_will_need(stage: Stage) -> None:
    told = batch(Status.ACCEPTED, Status.PREPARING, number=3, facts={"merchant_name": "Burger Barn"})
    await stage.plan(told)

    row = (await stage.rows())[PUSH]
    assert row.message_id == told.message_id(PUSH)
    assert (row.order_id, row.recipient_id, row.role, row.batch) == ("A17", "c-42", Role.CUSTOMER, 3)
    assert row.statuses == (Status.ACCEPTED, Status.PREPARING)
    assert list(row.events) == ["evt-accepted", "evt-preparing"]
    assert row.facts == {"merchant_name": "Burger Barn"}
    assert (row.priority, row.deadline) == (5, told.deadline)
    assert (row.created_at, row.updated_at) == (told.told_at, told.told_at)
    assert (row.sent_at, row.delivered_at, row.provider, row.retry_count) == (None, None, None, 0)


async def test_in_app_news_is_in_the_inbox_as_soon_as_it_is_planned(stage: Stage) -> None:
    told = batch(Status.PLACED, facts={"merchant_name": "Burger Barn"})
    await stage.plan(told)

    [message] = await stage.store.inbox("c-42")
    assert (message.title, message.text) == ("en customer in_app", "PLACED Burger Barn")
    row = (await stage.rows())[IN_APP]
    assert (row.provider, row.sent_at, row.delivered_at) == ("inbox", told.told_at, told.told_at)


async def test_a_channel_that_leads_nowhere_fails_with_its_reason(stage: Stage) -> None:
    await stage.store.load([somebody(devices=[])])

    plan = await stage.plan(batch(Status.PLACED), carried={PUSH})

    assert plan.channels[PUSH].reason == "no device"
    rows = await stage.rows()
    assert (rows[PUSH].status, rows[PUSH].reason) == ("FAILED", "no device")
    assert (rows[EMAIL].status, rows[EMAIL].reason) == ("FAILED", "no provider is configured")


async def test_news_told_too_late_is_written_down_as_expired(stage: Stage) -> None:
    await stage.plan(batch(Status.PLACED, told_at=NOON + 31 * MINUTE))

    assert await stage.statuses() == {PUSH: "EXPIRED", EMAIL: "EXPIRED", IN_APP: "EXPIRED"}
    assert await stage.store.inbox("c-42") == ()


async def test_quiet_hours_leave_the_inbox_and_a_reason(stage: Stage) -> None:
    await stage.store.load([somebody(quiet_hours={"start": "11:00", "end": "13:00"})])

    await stage.plan(batch(Status.PLACED))

    rows = await stage.rows()
    assert (rows[PUSH].status, rows[PUSH].reason) == (
        "SUPPRESSED",
        "quiet hours 11:00-13:00 in UTC",
    )
    assert rows[IN_APP].status == "DELIVERED"


async def test_somebody_nobody_loaded_is_told_in_app(stage: Stage) -> None:
    await stage.plan(batch(Status.PLACED, recipient_id="c-unknown"))

    assert await stage.statuses() == {PUSH: "FAILED", EMAIL: "FAILED", IN_APP: "DELIVERED"}
    assert len(await stage.store.inbox("c-unknown")) == 1


async def test_what_is_off_or_waits_for_its_turn_has_no_row(stage: Stage) -> None:
    plan = await stage.plan(batch(Status.NEARBY))

    assert plan.channels[SMS].verdict is Verdict.HELD
    assert set(await stage.rows()) == {PUSH, IN_APP}


# The same batch again: a local activity may run twice


async def test_a_batch_planned_twice_is_one_batch(stage: Stage) -> None:
    told = batch(Status.ACCEPTED, Status.PREPARING)
    first = await stage.plan(told)
    rows = await stage.store.history("A17")

    assert await stage.plan(told) == first
    assert await stage.store.history("A17") == rows
    assert len(await stage.store.inbox("c-42")) == 1


@pytest.mark.parametrize("first_of_run", [True, False])
@pytest.mark.parametrize(
    "preferences",
    [
        {"PLACED": {"push": "off", "sms": "on", "email": "fallback", "in_app": "off"}},
        {"PLACED": {"push": "fallback", "sms": "fallback", "email": "off"}},
    ],
)
async def test_a_change_of_mind_in_between_does_not_change_the_plan(
    stage: Stage, preferences: dict[str, object], first_of_run: bool
) -> None:
    told = batch(Status.PLACED, first_of_run=first_of_run)
    first = await stage.plan(told)
    rows = await stage.store.history("A17")
    await stage.store.load([somebody(preferences=preferences, devices=[])])

    assert await stage.plan(told) == first
    assert await stage.store.history("A17") == rows


async def test_a_change_of_mind_to_other_channels_only_does_not_add_any(stage: Stage) -> None:
    only_push = {"PLACED": {"push": "on", "sms": "off", "email": "off", "in_app": "off"}}
    only_sms = {"PLACED": {"push": "off", "sms": "on", "email": "off", "in_app": "off"}}
    await stage.store.load([somebody(preferences=only_push)])
    first = await stage.plan(batch(Status.PLACED))
    await stage.store.load([somebody(preferences=only_sms)])

    assert await stage.plan(batch(Status.PLACED)) == first
    assert set(await stage.rows()) == {PUSH}


async def test_a_plan_asked_for_again_after_it_was_carried_out_is_still_the_same(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    first = await stage.plan(told)
    failed = Attempt(status=NotificationStatus.FAILED, at=NOON, failures=1, reason="out of attempts")
    await stage.store.record(told.message_id(PUSH), failed)
    await stage.take_over(told, SMS)

    assert await stage.plan(told) == first


async def test_two_workers_with_the_same_batch_make_one_plan(stage: Stage) -> None:
    told = batch(Status.OUT_FOR_DELIVERY)

    plans = await asyncio.gather(*(stage.plan(told) for _ in range(5)))

    assert all(plan == plans[0] for plan in plans)
    assert len(await stage.store.history("A17")) == 3
    assert len(await stage.store.inbox("c-42")) == 1


async def test_rows_of_the_same_batch_under_another_number_are_found_by_their_key(stage: Stage) -> None:
    first = await stage.plan(batch(Status.PLACED, number=1))

    again = await stage.plan(batch(Status.PLACED, number=2))

    assert again == first


async def test_news_that_came_in_between_a_crash_and_its_repeat_is_told_alone(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED, number=4))

    plan = await stage.plan(batch(Status.ACCEPTED, Status.PREPARING, number=4))

    assert plan.already_told == ("evt-accepted",)
    assert plan.channels[IN_APP].path == (Status.PREPARING,)
    assert plan.channels[PUSH].path == (Status.ACCEPTED, Status.PREPARING)
    rows = await stage.store.history("A17")
    assert [row.status for row in rows if row.channel is PUSH] == ["SUPERSEDED", "PENDING"]


async def test_a_number_taken_by_other_news_takes_nothing_over(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED, number=4))

    plan = await stage.plan(batch(Status.PREPARING, number=4))

    assert plan.channels[PUSH].path == (Status.PREPARING,)
    assert [row.status for row in await stage.store.history("A17") if row.channel is PUSH] == ["PENDING"] * 2


async def test_a_plan_cancelled_at_any_point_blocks_nobody_and_can_be_made_again(stage: Stage) -> None:
    told = [batch(Status.OUT_FOR_DELIVERY, order_id=f"B{steps}") for steps in range(30)]
    for steps, one in enumerate(told):
        planning = asyncio.create_task(stage.plan(one))
        for _ in range(steps):
            await asyncio.sleep(0)
        planning.cancel()
        await asyncio.wait([planning])

    plans = [await stage.plan(one) for one in told]

    assert all(plan == plans[0] for plan in plans)
    assert len(await stage.store.inbox("c-42")) == len(told)


# Caps


async def told_often(stage: Stage, times: int) -> None:
    """Tell c-42 of as many other orders, within two minutes."""
    for number in range(times):
        piece = news(Status.ACCEPTED, at=NOON + number / 10 * MINUTE, event_id=f"evt-{number}")
        await stage.plan(batch(piece, order_id=f"B{number}"))


async def test_the_cap_counts_a_recipient_over_all_orders(stage: Stage) -> None:
    await told_often(stage, HOURLY_CAPS[PUSH])

    plan = await stage.plan(batch(Status.ACCEPTED))

    assert (plan.channels[PUSH].verdict, plan.channels[PUSH].reason) == (
        Verdict.SUPPRESSED,
        "20 in the last hour",
    )
    assert (await stage.statuses())[IN_APP] == "DELIVERED"


async def test_urgent_news_is_never_held_back(stage: Stage) -> None:
    await told_often(stage, HOURLY_CAPS[PUSH])

    assert (await stage.plan(batch(Status.OUT_FOR_DELIVERY))).channels[PUSH].verdict is Verdict.SEND


async def test_the_cap_forgets_what_is_an_hour_old(stage: Stage) -> None:
    await told_often(stage, HOURLY_CAPS[PUSH])

    late = news(Status.ACCEPTED, at=NOON + 65 * MINUTE)
    assert (await stage.plan(batch(late))).channels[PUSH].verdict is Verdict.SEND


@pytest.mark.parametrize("status", ["FAILED", "SUPPRESSED", "EXPIRED", "SUPERSEDED"])
async def test_the_cap_does_not_count_what_nobody_received(stage: Stage, status: str) -> None:
    await told_often(stage, HOURLY_CAPS[PUSH])
    row = (await stage.rows("B0"))[PUSH]
    await stage.are_now({row.message_id: NotificationStatus(status)})

    assert (await stage.plan(batch(Status.ACCEPTED))).channels[PUSH].verdict is Verdict.SEND


async def test_the_cap_does_not_count_what_the_batch_takes_back(stage: Stage) -> None:
    await told_often(stage, HOURLY_CAPS[PUSH] - 1)
    await stage.plan(batch(Status.ACCEPTED))
    row = (await stage.rows())[PUSH]

    plan = await stage.plan(batch(Status.PREPARING, number=2, withdrawn=(taken_back(row),)))

    assert plan.channels[PUSH].verdict is Verdict.SEND


# Supersession


async def test_what_a_batch_takes_back_travels_with_it(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED))
    old = (await stage.rows())[PUSH]
    newer = batch(Status.PREPARING, number=2, withdrawn=(taken_back(old),))

    plan = await stage.plan(newer)

    assert plan.channels[PUSH].path == (Status.ACCEPTED, Status.PREPARING)
    old_now = (await stage.rows(batch=1))[PUSH]
    assert (old_now.status, old_now.updated_at) == ("SUPERSEDED", newer.told_at)


async def test_each_message_taken_back_is_superseded_on_its_own_channel(stage: Stage) -> None:
    await stage.plan(batch(Status.OUT_FOR_DELIVERY))
    old = await stage.rows()
    newer = batch(Status.DELIVERED, number=2, withdrawn=(taken_back(old[PUSH]), taken_back(old[SMS])))

    await stage.plan(newer)

    old_now = await stage.rows(batch=1)
    assert old_now[PUSH].superseded_by == newer.message_id(PUSH)
    assert old_now[SMS].superseded_by == newer.message_id(SMS)


async def test_where_the_channel_has_no_new_row_any_of_the_batch_supersedes(stage: Stage) -> None:
    await stage.plan(batch(Status.OUT_FOR_DELIVERY))
    old = (await stage.rows())[SMS]
    newer = batch(Status.CANCELLED, number=2, withdrawn=(taken_back(old),))

    await stage.plan(newer)

    old_now = (await stage.rows(batch=1))[SMS]
    assert (old_now.status, old_now.superseded_by) == ("SUPERSEDED", newer.message_id(PUSH))


async def test_what_has_left_cannot_be_taken_back(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED))
    old = (await stage.rows())[PUSH]
    await stage.store.record(old.message_id, sent())

    await stage.plan(batch(Status.PREPARING, number=2, withdrawn=(taken_back(old),)))

    assert (await stage.statuses(batch=1))[PUSH] == "SENT"


# Settling


async def test_settling_closes_what_did_not_leave(stage: Stage) -> None:
    told = batch(Status.PLACED)
    await stage.plan(told)
    await stage.store.record(told.message_id(EMAIL), sent())

    ids = (told.message_id(PUSH), told.message_id(EMAIL))
    await stage.store.settle(Settle(message_ids=ids, status=NotificationStatus.FAILED, reason="given up"))

    rows = await stage.rows()
    assert (rows[PUSH].status, rows[PUSH].reason) == ("FAILED", "given up")
    assert (rows[EMAIL].status, rows[EMAIL].reason) == ("SENT", None)
