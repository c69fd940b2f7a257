"""The sweep: what no order's workflow owns any more is settled or becomes a dead letter, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio.client import ScheduleActionExecutionStartWorkflow, WorkflowHandle

from activities.store.notifications import Notification
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.orders import ORDERS_QUEUE
from domain.redriving import REDRIVE_TYPE, Redrive, redrive_id
from domain.status import Status
from domain.sweeping import Swept
from domain.telling import DeadLetter
from simulator import Fault
from tests.processes import eventually, running, settings_apart, temporal
from tests.stage import City, OrderStory, Person, Stage
from tests.store.stage import run_sql
from workflows.sweep import Sweep
from workflows.sweep_schedule import make_sure_of_the_sweep

MINUTE = 60
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
N = NotificationStatus
LOUD_ALONE = {status: {"in_app": "off"} for status in Status}
PUSH_ALONE = {status: {"sms": "off", "email": "off", "in_app": "off"} for status in Status}


@pytest.fixture(autouse=True)
async def right_time_afterwards(stage: Stage) -> AsyncIterator[None]:
    """No story's clock is the next one's."""
    yield
    stage.clock.is_right_again()


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer who hears everything by push and by nothing else."""
    return await city.customer(preferences=PUSH_ALONE)


async def sweep(stage: Stage) -> Swept:
    """One round, as the schedule starts it."""
    return await stage.client.execute_workflow(
        Sweep.run, id=f"sweep-{uuid4()}", task_queue=ORDERS_QUEUE, execution_timeout=timedelta(minutes=1)
    )


async def the_row(order: OrderStory, channel: Channel = PUSH, batch: int = 0) -> Notification:
    """The row of one batch on one channel."""
    rows = [row for row in await order.rows() if row.channel is channel]
    return rows[batch]


async def letters(stage: Stage, order: OrderStory) -> list[DeadLetter]:
    kept = await stage.store.dead_letters(10_000)
    return [letter for letter in kept if letter.order_id == order.order_id]


async def put_back(stage: Stage, *rows: Notification) -> None:
    """What a backup does that was made while these were under way."""
    back = text("UPDATE notifications SET status = 'PENDING', reason = NULL WHERE message_id = :message_id")
    await run_sql(stage.settings.database_url, back, [{"message_id": row.message_id} for row in rows])


async def an_order_asleep_in_back_off(city: City, ana: Person) -> OrderStory:
    """Its push has failed once and will be tried again."""
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))
    await order.becomes(Status.OUT_FOR_DELIVERY)
    assert (await the_row(order)).status is N.RETRYING
    return order


async def test_what_a_terminated_order_was_telling_becomes_a_dead_letter(city: City, ana: Person) -> None:
    order = await an_order_asleep_in_back_off(city, ana)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(16 * MINUTE)

    swept = await sweep(city.stage)

    assert (swept.notifications["FAILED"], swept.dead_letters) >= (1, 1)
    row = await the_row(order)
    assert (row.status, row.reason) == (N.FAILED, "its order's workflow was gone")
    (letter,) = await letters(city.stage, order)
    assert (letter.source, letter.recipient_id, letter.batch) == ("sweep", ana.id, row.batch)
    assert letter.reason.startswith(
        f"its order's workflow was gone before customer {ana.id} was told: push: "
    )
    assert letter.content is not None
    assert letter.content.message_id(PUSH) == row.message_id


async def test_channels_of_one_batch_are_one_dead_letter(city: City) -> None:
    ana = await city.customer(preferences=LOUD_ALONE)
    order = city.order(ana)
    city.fails(*(Fault(kind="error", address=ana.address(channel)) for channel in (PUSH, SMS)))
    await order.becomes(Status.OUT_FOR_DELIVERY)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    assert [(await the_row(order, channel)).status for channel in (PUSH, SMS)] == [N.FAILED, N.FAILED]
    (letter,) = await letters(city.stage, order)
    assert "push: " in letter.reason
    assert "sms: " in letter.reason


async def test_what_nobody_told_before_its_deadline_has_expired(city: City, ana: Person) -> None:
    order = await an_order_asleep_in_back_off(city, ana)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(46 * MINUTE)

    await sweep(city.stage)

    row = await the_row(order)
    assert (row.status, row.reason) == (N.EXPIRED, "its order's workflow was gone")
    assert await letters(city.stage, order) == []


async def test_what_may_have_arrived_rests_as_unknown(city: City, ana: Person) -> None:
    order = city.order(ana)
    city.fails(Fault(kind="cut_after", address=ana.address(PUSH)))
    await order.becomes(Status.OUT_FOR_DELIVERY)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    assert (await the_row(order)).status is N.UNKNOWN
    assert await letters(city.stage, order) == []


async def test_what_newer_news_has_told_is_superseded(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(Status.PLACED)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    await order.handle.terminate("by hand")
    older, newer = await the_row(order, batch=0), await the_row(order, batch=1)
    await an_earlier_run_left(city.stage, older)
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    row = await the_row(order, batch=0)
    assert (row.status, row.superseded_by) == (N.SUPERSEDED, newer.message_id)
    assert await letters(city.stage, order) == []


async def an_earlier_run_left(stage: Stage, row: Notification) -> None:
    """A row that the order's workflow knows nothing of."""
    left = text(
        "UPDATE notifications SET status = 'PENDING', message_id = :other WHERE message_id = :message_id"
    )
    await run_sql(stage.settings.database_url, left, {"other": str(uuid4()), "message_id": row.message_id})


async def test_a_live_order_is_left_alone(city: City, ana: Person) -> None:
    order = await an_order_asleep_in_back_off(city, ana)
    before = await order.rows()
    city.stage.clock.passes(46 * MINUTE)

    swept = await sweep(city.stage)

    assert swept.notifications["left alone"] >= 1
    assert await order.rows() == before


async def test_what_was_written_to_lately_is_not_looked_at(city: City, ana: Person) -> None:
    order = await an_order_asleep_in_back_off(city, ana)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(14 * MINUTE)

    await sweep(city.stage)

    assert (await the_row(order)).status is N.RETRYING


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
async def test_what_the_order_knows_was_sent_is_noted_in_a_restored_ledger(
    city: City, ana: Person, is_open: bool
) -> None:
    order = city.order(ana)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    await put_back(city.stage, await the_row(order))
    if not is_open:
        await order.handle.terminate("by hand")
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    row = await the_row(order)
    assert (row.status, row.reason) == (N.SENT, "as its order's workflow has it")
    assert await letters(city.stage, order) == []
    assert len(ana.pushes) == 1


async def test_what_the_order_knows_was_superseded_is_noted_in_a_restored_ledger(
    city: City, ana: Person
) -> None:
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(PUSH), times=1))
    await order.becomes(Status.PLACED)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    older, newer = await the_row(order, batch=0), await the_row(order, batch=1)
    await put_back(city.stage, older)
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    row = await the_row(order, batch=0)
    assert (row.status, row.superseded_by) == (N.SUPERSEDED, newer.message_id)


async def test_what_a_live_order_knows_nothing_of_has_no_owner_either(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    await an_earlier_run_left(city.stage, await the_row(order))
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    assert (await the_row(order)).status is N.FAILED
    assert len(await letters(city.stage, order)) == 1


async def test_an_order_that_temporal_never_heard_of_has_no_owner(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    moved = text("UPDATE notifications SET order_id = :other, status = 'PENDING' WHERE order_id = :order_id")
    other = f"forgotten-{uuid4()}"
    await run_sql(city.stage.settings.database_url, moved, {"other": other, "order_id": order.order_id})
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    (row,) = await city.stage.store.history(other)
    assert row.status is N.FAILED


async def test_sweeping_twice_changes_nothing(city: City, ana: Person) -> None:
    order = await an_order_asleep_in_back_off(city, ana)
    await order.handle.terminate("by hand")
    city.stage.clock.passes(16 * MINUTE)
    await sweep(city.stage)
    rows, kept = await order.rows(), await letters(city.stage, order)
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)

    assert (await order.rows(), await letters(city.stage, order)) == (rows, kept)


async def test_what_is_being_redriven_is_the_redrives_own(city: City, ana: Person) -> None:
    order = city.order(ana)
    city.fails(Fault(kind="refuse", address=ana.address(PUSH)))
    await order.becomes(Status.OUT_FOR_DELIVERY)
    (letter,) = await letters(city.stage, order)
    redrive = await a_redrive_asleep_in_back_off(city, order, letter)
    city.stage.clock.passes(16 * MINUTE)

    await sweep(city.stage)
    assert (await the_row(order)).status is N.RETRYING

    await redrive.terminate("by hand")
    await sweep(city.stage)
    assert (await the_row(order)).status is N.FAILED
    assert await letters(city.stage, order) == [letter], "it goes on waiting"


async def a_redrive_asleep_in_back_off(
    city: City, order: OrderStory, letter: DeadLetter
) -> WorkflowHandle[Any, Any]:
    """Its push has failed once more and will be tried again."""
    city.fails(Fault(kind="error", provider="fcm"))
    with city.stage.env.with_time_skipping_disabled():
        redrive = await city.stage.client.start_workflow(
            REDRIVE_TYPE,
            Redrive(dead_letter_id=letter.dead_letter_id),
            id=redrive_id(letter.dead_letter_id),
            task_queue=ORDERS_QUEUE,
        )

    async def is_asleep() -> bool:
        return (await the_row(order)).status is N.RETRYING

    await eventually(is_asleep)
    return redrive


# The schedule


async def test_two_workers_that_start_at_once_make_one_schedule(stage: Stage, tmp_path: Path) -> None:
    settings = await settings_apart(stage, "two-workers-start", tmp_path)

    async with running("worker.py", settings=settings) as one, running("worker.py", settings=settings) as two:
        await asyncio.gather(one.says("worker: ready"), two.says("worker: ready"))

    listed = await temporal("schedule", "list", "-o", "json", *_where(settings))
    assert listed.out.count('"scheduleId": "sweep"') == 1, listed.out


async def test_a_schedule_stays_as_its_operator_set_it(stage: Stage) -> None:
    await make_sure_of_the_sweep(stage.client)
    schedule = stage.client.get_schedule_handle("sweep")
    await schedule.pause(note="while the database is restored")

    await make_sure_of_the_sweep(stage.client)

    state = (await schedule.describe()).schedule.state
    assert (state.paused, state.note) == (True, "while the database is restored")
    await schedule.delete()


async def test_the_schedule_starts_sweeps_that_end_with_their_summary(stage: Stage) -> None:
    await make_sure_of_the_sweep(stage.client)
    schedule = stage.client.get_schedule_handle("sweep")
    await schedule.trigger()

    async def has_started() -> bool:
        return bool((await schedule.describe()).info.recent_actions)

    await eventually(has_started)
    started = (await schedule.describe()).info.recent_actions[0].action
    assert isinstance(started, ScheduleActionExecutionStartWorkflow)
    swept = await stage.client.get_workflow_handle(started.workflow_id, result_type=Swept).result()

    assert set(swept.notifications) <= {"left alone", *N}
    await schedule.delete()


def _where(settings: dict[str, str]) -> tuple[str, ...]:
    return "--address", settings["TEMPORAL_ADDRESS"], "--namespace", settings["TEMPORAL_NAMESPACE"]
