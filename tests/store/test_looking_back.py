"""The store looks back: what counted against a cap then, and the words that were told in-app."""

from datetime import timedelta

import pytest

from domain.ledger import NotificationStatus
from domain.messages import Attempt
from domain.status import Status
from domain.telling import Settle
from tests.store.stage import IN_APP, MINUTE, NOON, PUSH, Stage, batch, news, sent

N = NotificationStatus
HOUR = timedelta(hours=1)


async def pushes_that_counted(stage: Stage, at: object, *but: str) -> int:
    counted = await stage.store.looking_back.told_in_last_hour("c-42", at, but)  # type: ignore[arg-type]
    return counted.get(PUSH, 0)


async def test_what_was_sent_counted_from_its_plan_until_an_hour_after_it_left(stage: Stage) -> None:
    told = batch(Status.PLACED, told_at=NOON)
    await stage.plan(told)
    await stage.store.record(told.message_id(PUSH), sent(NOON + 5 * MINUTE))

    moments = [NOON - MINUTE, NOON, NOON + MINUTE, NOON + HOUR + 4 * MINUTE, NOON + HOUR + 6 * MINUTE]
    assert [await pushes_that_counted(stage, at) for at in moments] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("came_to_nothing", [N.FAILED, N.EXPIRED])
async def test_what_came_to_nothing_counted_while_it_was_on_its_way(
    stage: Stage, came_to_nothing: NotificationStatus
) -> None:
    told = batch(Status.PLACED, told_at=NOON)
    await stage.plan(told)
    ended = Attempt(status=came_to_nothing, at=NOON + 5 * MINUTE, failures=1, reason="no")
    await stage.store.record(told.message_id(PUSH), ended)

    moments = [NOON + 4 * MINUTE, NOON + 6 * MINUTE]
    assert [await pushes_that_counted(stage, at) for at in moments] == [1, 0]


async def test_what_was_superseded_and_what_was_never_to_leave_did_not_count(stage: Stage) -> None:
    old = batch(Status.PLACED, told_at=NOON)
    await stage.plan(old)
    taken_back = Settle(message_ids=(old.message_id(PUSH),), status=N.SUPERSEDED, reason="newer")
    await stage.store.settle(taken_back)
    too_late = batch(news(Status.PLACED, event_id="late"), order_id="B1", told_at=NOON + HOUR)
    await stage.plan(too_late)

    assert await pushes_that_counted(stage, NOON + HOUR) == 0


async def test_what_is_still_on_its_way_counts_until_its_deadline_and_not_what_is_left_out(
    stage: Stage,
) -> None:
    told = batch(Status.PLACED, told_at=NOON)
    await stage.plan(told)

    assert await pushes_that_counted(stage, NOON + MINUTE) == 1
    assert await pushes_that_counted(stage, NOON + MINUTE, told.message_id(PUSH)) == 0
    assert await pushes_that_counted(stage, told.deadline) == 0


async def test_the_words_that_were_told_in_app_are_had_by_message(stage: Stage) -> None:
    told = batch(Status.PLACED, told_at=NOON)
    await stage.plan(told)
    await stage.plan(batch(news(Status.PLACED, event_id="other"), order_id="B1"))

    kept = await stage.store.looking_back.inbox_words("A17")

    assert list(kept) == [told.message_id(IN_APP)]
    assert kept[told.message_id(IN_APP)].text.startswith("PLACED")
