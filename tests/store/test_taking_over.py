"""The next channel takes over: it gets its row before its first attempt, and only one."""

from domain.ledger import NotificationStatus
from domain.status import Status
from domain.telling import Verdict
from tests.store.stage import IN_APP, MINUTE, NOON, PUSH, SMS, Stage, batch, sent, somebody


async def test_the_fallback_gets_a_row_of_its_own(stage: Stage) -> None:
    told = batch(Status.NEARBY, number=4)
    await stage.plan(told)

    decision = await stage.take_over(told, SMS)

    assert (decision.verdict, decision.path) == (Verdict.SEND, (Status.NEARBY,))
    row = (await stage.rows())[SMS]
    assert (row.status, row.instead_of, row.batch) == ("PENDING", PUSH, 4)
    assert row.message_id == told.message_id(SMS)


async def test_a_fallback_that_leads_nowhere_fails_with_its_reason(stage: Stage) -> None:
    await stage.store.load([somebody(phone=None)])
    told = batch(Status.NEARBY)
    await stage.plan(told)

    decision = await stage.take_over(told, SMS)

    assert (decision.verdict, decision.reason) == (Verdict.REFUSED, "no phone number")
    row = (await stage.rows())[SMS]
    assert (row.status, row.reason) == ("FAILED", "no phone number")


async def test_taking_over_twice_is_taking_over_once(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    first = await stage.take_over(told, SMS)
    await stage.store.load([somebody(phone=None)])

    assert await stage.take_over(told, SMS) == first
    assert (await stage.statuses())[SMS] == "PENDING"


async def test_taking_over_again_does_not_open_what_was_sent(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    first = await stage.take_over(told, SMS)
    await stage.store.record(told.message_id(SMS), sent())

    assert await stage.take_over(told, SMS) == first
    assert (await stage.statuses())[SMS] == "SENT"


async def test_a_channel_switched_off_since_is_not_used(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    await stage.store.load([somebody(preferences={"NEARBY": {"sms": "off"}})])

    decision = await stage.take_over(told, SMS)

    assert (decision.verdict, decision.reason) == (Verdict.REFUSED, "switched off since")
    assert (await stage.statuses())[SMS] == "FAILED"


async def test_somebody_nobody_loaded_has_no_fallback(stage: Stage) -> None:
    told = batch(Status.NEARBY, recipient_id="c-unknown")
    await stage.plan(told)

    assert (await stage.take_over(told, SMS)).verdict is Verdict.REFUSED


async def test_the_fallback_leaves_out_what_an_earlier_run_had_told(stage: Stage) -> None:
    sms_for_all = {status: {"sms": "fallback"} for status in ("ACCEPTED", "PREPARING")}
    await stage.store.load([somebody(preferences=sms_for_all)])
    earlier = batch(Status.ACCEPTED)
    await stage.plan(earlier)
    await stage.store.record(earlier.message_id(PUSH), sent())
    told = batch(Status.ACCEPTED, Status.PREPARING, first_of_run=True, told_at=NOON + 20 * MINUTE)
    plan = await stage.plan(told)

    assert (await stage.take_over(told, SMS)).path == (Status.PREPARING,)
    assert (await stage.rows())[SMS].batch == plan.number


async def test_the_inbox_is_not_written_again(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    await stage.take_over(told, SMS)

    assert (await stage.rows())[IN_APP].status == NotificationStatus.DELIVERED
    assert len(await stage.store.inbox("c-42")) == 1
