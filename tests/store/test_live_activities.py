"""Which phones show which order, and that none of them is forgotten."""

from datetime import timedelta

from sqlalchemy import text

from domain.consents import By
from domain.live_activities import LiveActivity
from domain.messages import Envelope
from domain.outcomes import Gone
from domain.recipients import Address, Device, Kind
from domain.status import Status
from tests.store.stage import NOON, PUSH, Stage, batch, run_sql, somebody

PHONE = {"platform": "ios", "token": "device", "live_activity_token": "start", "environment": "sandbox"}
START = Address(PUSH, "start", "ios", "sandbox", Kind.LIVE_START)
LIVE = Address(PUSH, "live", "ios", "sandbox", Kind.LIVE)
ACTIVITY = LiveActivity("A17", "c-42", "device", "sandbox")
LATER = NOON + timedelta(days=3650)
BY = By("privacy", "DELETE")


async def a_push(stage: Stage) -> Envelope:
    """A planned push to somebody whose iPhone wants Live Activities."""
    await stage.store.load([somebody(devices=[PHONE])])
    told = batch(Status.PLACED)
    plan = await stage.plan(told)
    assert plan.live
    return await envelope(stage)


async def envelope(stage: Stage) -> Envelope:
    found = await stage.store.envelope(batch(Status.PLACED).message_id(PUSH))
    assert found
    return found


async def test_a_device_is_read_with_the_token_that_begins_activities(stage: Stage) -> None:
    push = await a_push(stage)

    assert push.recipient.devices == (Device.model_validate(PHONE),)
    assert push.activities == ()


async def test_a_plan_says_whether_there_will_be_something_to_end(stage: Stage) -> None:
    assert not (await stage.plan(batch(Status.PLACED))).live


async def test_an_activity_is_known_from_its_start_and_has_an_address_once_its_app_gave_one(
    stage: Stage,
) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.note_live_activity(await envelope(stage), START)
    assert (await envelope(stage)).activities == (ACTIVITY,)
    assert await stage.store.live_activities("A17") == ()

    assert await stage.store.register_live_activity(ACTIVITY.activity_id, "live") == "A17"

    assert [shown.address for shown in await stage.store.live_activities("A17")] == [LIVE]


async def test_nobody_registers_what_was_never_begun(stage: Stage) -> None:
    assert await stage.store.register_live_activity(ACTIVITY.activity_id, "live") is None


async def test_what_has_ended_is_shown_no_more_and_not_begun_again(stage: Stage) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.register_live_activity(ACTIVITY.activity_id, "live")
    assert await stage.store.orders_shown(LATER) == ["A17"]
    assert await stage.store.orders_shown(LATER, after="A17") == []

    await stage.store.live_activity_ended("live")

    assert await stage.store.orders_shown(LATER) == []
    (ended,) = (await envelope(stage)).activities
    assert ended.ended_at
    assert ended.address is None


async def test_an_activity_swiped_away_is_over_and_the_device_is_not(stage: Stage) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.register_live_activity(ACTIVITY.activity_id, "live")

    await stage.store.mark_gone("c-42", LIVE, Gone("swiped away"))

    assert await stage.store.live_activities("A17") == ()
    assert len((await envelope(stage)).recipient.devices) == 1


async def test_a_phone_that_wants_none_any_more_keeps_its_alerts(stage: Stage) -> None:
    await a_push(stage)

    await stage.store.mark_gone("c-42", START, Gone("unregistered"))

    (device,) = (await envelope(stage)).recipient.devices
    assert (device.token, device.live_activity_token) == ("device", None)


async def test_of_somebody_erased_it_is_known_what_to_end_until_it_is(stage: Stage) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.register_live_activity(ACTIVITY.activity_id, "live")
    assert await stage.store.orders_shown_to_erased() == []

    await stage.store.people.erase("c-42", BY)
    assert await stage.store.orders_shown_to_erased() == ["A17"]
    (left,) = await stage.store.live_activities("A17")
    assert (left.address, left.device) == (LIVE, "")
    await stage.store.live_activity_ended("live")

    assert await stage.store.orders_shown_to_erased() == []
    assert await run_sql(stage.url, text("SELECT * FROM live_activities")) == []


async def test_what_had_ended_before_somebody_was_erased_goes_with_them(stage: Stage) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.register_live_activity(ACTIVITY.activity_id, "live")
    await stage.store.live_activity_ended("live")

    await stage.store.people.erase("c-42", BY)

    assert await run_sql(stage.url, text("SELECT * FROM live_activities")) == []


async def test_an_app_that_hands_its_token_in_too_late_has_the_activity_ended_all_the_same(
    stage: Stage,
) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.people.erase("c-42", BY)
    assert await stage.store.orders_shown_to_erased() == []

    assert await stage.store.register_live_activity(ACTIVITY.activity_id, "live") == "A17"

    assert await stage.store.orders_shown_to_erased() == ["A17"]


async def test_of_somebody_erased_while_an_activity_began_it_is_not_noted_on_which_device(
    stage: Stage,
) -> None:
    push = await a_push(stage)
    await stage.store.people.erase("c-42", BY)

    await stage.store.note_live_activity(push, START)

    assert await run_sql(stage.url, text("SELECT order_id, device FROM live_activities")) == [("A17", "")]


async def test_somebody_erased_who_comes_back_is_not_shown_the_same_order_over_and_over(
    stage: Stage,
) -> None:
    await stage.store.note_live_activity(await a_push(stage), START)
    await stage.store.people.erase("c-42", BY)
    await stage.store.load([somebody(devices=[PHONE])])

    await stage.store.note_live_activity(await envelope(stage), START)

    assert (await envelope(stage)).activities == (ACTIVITY,)
