"""A run that follows a terminated one asks the ledger with its first plan, and tells nothing twice."""

from domain.ledger import NotificationStatus
from domain.status import Role, Status
from domain.telling import Batch, Decision, Verdict
from tests.store.stage import EMAIL, IN_APP, MINUTE, NOON, PUSH, SMS, Stage, batch, news, sent, somebody


async def all_sent(stage: Stage, told: Batch) -> None:
    """Plan a batch and let the providers have it."""
    plan = await stage.plan(told)
    for channel, decision in plan.channels.items():
        if decision.verdict is Verdict.SEND:
            await stage.store.record(told.message_id(channel), sent())


def after_a_new_start(*pieces: Status, number: int = 1) -> Batch:
    return batch(*pieces, number=number, first_of_run=True, told_at=NOON + 20 * MINUTE)


async def test_what_an_earlier_run_told_is_not_told_again(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED))
    rows = await stage.store.history("A17")

    plan = await stage.plan(after_a_new_start(Status.PLACED))

    assert (plan.channels, plan.already_told, plan.number) == ({}, ("evt-placed",), 1)
    assert await stage.store.history("A17") == rows


async def test_only_the_rest_is_news(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED))

    plan = await stage.plan(after_a_new_start(Status.PLACED, Status.ACCEPTED))

    assert plan.already_told == ("evt-placed",)
    assert plan.channels[PUSH].path == plan.channels[IN_APP].path == (Status.ACCEPTED,)
    assert list((await stage.rows(batch=plan.number))[PUSH].events) == ["evt-accepted"]


async def test_the_second_call_of_such_a_plan_gets_the_same_answer(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED))
    told = after_a_new_start(Status.PLACED, Status.ACCEPTED)
    first = await stage.plan(told)
    rows = await stage.store.history("A17")

    assert await stage.plan(told) == first
    assert await stage.store.history("A17") == rows


async def test_a_second_call_with_nothing_left_to_do_gets_the_same_answer_too(stage: Stage) -> None:
    await stage.store.load([somebody(preferences={"PLACED": {"push": "off", "email": "off"}})])
    told = batch(Status.PLACED, first_of_run=True)
    first = await stage.plan(told)

    assert await stage.plan(told) == first


async def test_an_event_sent_again_under_a_later_time_is_still_the_same_event(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED))
    later = news(Status.PLACED, at=NOON + 5 * MINUTE)

    plan = await stage.plan(batch(later, news(Status.ACCEPTED, at=NOON + 6 * MINUTE), first_of_run=True))

    assert plan.already_told == ("evt-placed",)


async def test_numbers_go_on_where_the_earlier_run_stopped(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED, number=1))
    await all_sent(stage, batch(Status.ACCEPTED, number=7))

    assert (await stage.plan(after_a_new_start(Status.PREPARING, number=1))).number == 8


async def test_a_batch_of_the_same_moment_does_not_push_the_number(stage: Stage) -> None:
    await stage.store.load([somebody("m-7", role="merchant")])
    to_merchant = batch(Status.PLACED, number=2, recipient_id="m-7", role=Role.MERCHANT, first_of_run=True)
    await stage.plan(to_merchant)

    assert (await stage.plan(batch(Status.PLACED, number=1, first_of_run=True))).number == 1


async def test_older_news_than_an_earlier_run_told_is_stale(stage: Stage) -> None:
    await all_sent(stage, batch(Status.OUT_FOR_DELIVERY))

    plan = await stage.plan(after_a_new_start(Status.PREPARING))

    assert (plan.channels, plan.already_told) == ({}, ("evt-preparing",))


async def test_news_overtaken_by_what_was_told_is_told_apart_from_news_told(stage: Stage) -> None:
    await all_sent(stage, batch(Status.PLACED))
    older = news(Status.ACCEPTED, at=NOON - MINUTE)

    plan = await stage.plan(batch(older, news(Status.PLACED), first_of_run=True))

    assert plan.overtaken == ("evt-accepted",)


async def test_news_of_the_same_instant_is_ordered_by_status(stage: Stage) -> None:
    await all_sent(stage, batch(news(Status.PREPARING, at=NOON)))
    same_instant = [
        news(status, at=NOON) for status in (Status.ACCEPTED, Status.PREPARING, Status.OUT_FOR_DELIVERY)
    ]

    plan = await stage.plan(batch(*same_instant, first_of_run=True, told_at=NOON + MINUTE))

    assert plan.already_told == ("evt-accepted", "evt-preparing")
    assert plan.channels[PUSH].path == (Status.OUT_FOR_DELIVERY,)


async def test_what_another_recipient_was_told_is_news_to_this_one(stage: Stage) -> None:
    await stage.store.load([somebody("m-7", role="merchant")])
    await all_sent(stage, batch(Status.PLACED, recipient_id="m-7", role=Role.MERCHANT))

    assert (await stage.plan(after_a_new_start(Status.PLACED))).channels[PUSH].verdict is Verdict.SEND


async def test_what_an_earlier_run_left_unsettled_travels_with_the_new_batch(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED))

    plan = await stage.plan(after_a_new_start(Status.PREPARING))

    assert plan.channels[PUSH].path == (Status.ACCEPTED, Status.PREPARING)
    assert plan.channels[IN_APP].path == (Status.PREPARING,)
    left = (await stage.rows(batch=1))[PUSH]
    taking_over = (await stage.rows(batch=plan.number))[PUSH]
    assert (left.status, left.superseded_by) == ("SUPERSEDED", taking_over.message_id)


async def test_an_event_sent_again_with_newer_news_is_told_once_on_each_channel(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED, Status.PREPARING))

    plan = await stage.plan(after_a_new_start(Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP))

    assert plan.channels[PUSH].path == (Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP)
    assert plan.channels[IN_APP].path == (Status.READY_FOR_PICKUP,)


async def test_an_event_sent_again_alone_goes_on_where_the_earlier_run_stopped(stage: Stage) -> None:
    first = await stage.plan(batch(Status.OUT_FOR_DELIVERY))

    again = await stage.plan(after_a_new_start(Status.OUT_FOR_DELIVERY))

    assert again == first
    assert (await stage.statuses())[PUSH] == "PENDING"


async def test_a_channel_that_failed_before_leaves_the_fallback_to_be_tried(stage: Stage) -> None:
    await stage.store.load([somebody(devices=[])])
    first = await stage.plan(batch(Status.NEARBY))

    again = await stage.plan(after_a_new_start(Status.NEARBY))

    assert again == first
    assert again.channels[SMS].verdict is Verdict.HELD


async def test_an_e_mail_that_is_a_record_travels_too_because_nobody_else_would_send_it(stage: Stage) -> None:
    await stage.plan(batch(Status.PLACED))

    plan = await stage.plan(after_a_new_start(Status.ACCEPTED))

    before = await stage.statuses(batch=1)
    assert (before[PUSH], before[EMAIL]) == ("SUPERSEDED", "SUPERSEDED")
    assert plan.channels[EMAIL].verdict is Verdict.SEND
    assert plan.channels[EMAIL].path == (Status.PLACED, Status.ACCEPTED)


async def test_what_failed_on_its_only_channel_and_never_fell_back_is_still_news(stage: Stage) -> None:
    await stage.store.load([somebody(devices=[], preferences={"ACCEPTED": {"in_app": "off"}})])
    await stage.plan(batch(Status.ACCEPTED))

    plan = await stage.plan(batch(Status.ACCEPTED, Status.PREPARING, first_of_run=True))

    assert plan.already_told == ()
    assert plan.channels[EMAIL] == Decision(verdict=Verdict.HELD, path=(Status.ACCEPTED, Status.PREPARING))


async def test_a_superseded_event_sent_again_is_stale_where_its_successor_was_told(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED))
    await stage.are_now({batch(Status.ACCEPTED).message_id(PUSH): NotificationStatus.SUPERSEDED})
    await all_sent(stage, batch(Status.PREPARING, number=2))

    plan = await stage.plan(after_a_new_start(Status.ACCEPTED))

    assert plan.channels == {}


async def test_what_was_superseded_and_never_carried_is_still_news(stage: Stage) -> None:
    await stage.store.load([somebody(preferences={"ACCEPTED": {"in_app": "off"}})])
    await stage.plan(batch(Status.ACCEPTED))
    await stage.are_now({batch(Status.ACCEPTED).message_id(PUSH): NotificationStatus.SUPERSEDED})

    plan = await stage.plan(after_a_new_start(Status.ACCEPTED, Status.PREPARING))

    assert plan.channels[PUSH].path == (Status.ACCEPTED, Status.PREPARING)


async def test_the_first_plan_of_a_first_run_is_like_any_other(stage: Stage) -> None:
    plan = await stage.plan(batch(Status.PLACED, first_of_run=True))

    assert (plan.number, plan.already_told) == (1, ())
    assert plan.channels[PUSH].verdict is Verdict.SEND
