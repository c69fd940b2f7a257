"""What a recipient had chosen when a batch was decided on stays with its rows, for whoever asks later."""

from domain.recipients import OptOut
from domain.status import Status
from tests.store.stage import EMAIL, IN_APP, PUSH, SMS, Stage, batch, somebody


async def test_wishes_that_differ_from_the_defaults_are_in_every_row_of_the_plan(stage: Stage) -> None:
    await stage.store.load([somebody(preferences={"PREPARING": {"sms": "off", "email": "on"}})])
    await stage.plan(batch(Status.ACCEPTED, Status.PREPARING))

    chosen = {SMS: {Status.PREPARING: "off"}, EMAIL: {Status.PREPARING: "on"}}
    rows = await stage.rows()
    assert {channel: row.choices for channel, row in rows.items()} == dict.fromkeys(
        (PUSH, EMAIL, IN_APP), chosen
    )


async def test_a_later_change_of_mind_does_not_change_what_was_written(stage: Stage) -> None:
    await stage.plan(batch(Status.ACCEPTED))
    await stage.store.load([somebody(preferences={"ACCEPTED": {"push": "off"}})])

    assert (await stage.rows())[PUSH].choices == {}


async def test_an_opt_out_is_told_from_a_choice(stage: Stage) -> None:
    await stage.store.opt_out(SMS, "+15550100", OptOut.EVERYTHING, "STOP by text")
    await stage.plan(batch(Status.OUT_FOR_DELIVERY))

    assert (await stage.rows())[PUSH].choices == {SMS: {Status.OUT_FOR_DELIVERY: "opted out"}}


async def test_a_fallback_writes_down_the_wishes_of_its_own_moment(stage: Stage) -> None:
    told = batch(Status.NEARBY)
    await stage.plan(told)
    await stage.store.load([somebody(preferences={"NEARBY": {"sms": "on"}})])
    await stage.take_over(told, SMS)

    rows = await stage.rows()
    assert (rows[PUSH].choices, rows[SMS].choices) == ({}, {SMS: {Status.NEARBY: "on"}})
