"""A burst of signals to one order: all are heard, also those that came while no worker was there."""

from pathlib import Path

from temporalio.client import Client

from benchmarks.burst import (
    AT_ONCE,
    Driver,
    burst,
    event,
    has_ended,
    in_parallel,
    in_the_ledger,
    people,
    place,
)
from domain.status import Status
from simulator.stack import Stack
from workflows.intake import READ_AT_ONCE
from workflows.policy import SIGNALS_A_RUN


async def test_a_short_burst_loses_nothing_and_continues_as_new(tmp_path: Path) -> None:
    async with Stack.start(tmp_path, environ={}) as stack:
        found = await stack.with_everything_up(burst(stack, 2 * SIGNALS_A_RUN))

    assert found.holds, found
    assert found.runs > 1, found


async def test_signals_that_came_in_a_crowd_while_no_worker_was_there_are_all_heard(tmp_path: Path) -> None:
    async with Stack.start(tmp_path, environ={}) as stack:
        await stack.load(people(stack.folder))
        await stack["worker"].kill()
        order, driver = await place(await Client.connect(stack.address)), Driver()
        events = [event(number, Status.PREPARING) for number in range(3 * READ_AT_ONCE)]
        events.append(event(len(events), Status.DELIVERED))
        await in_parallel(AT_ONCE, [driver.signal(order, one) for one in events])
        await stack["worker"].start()

        assert await has_ended(order, patience=45)
        told = in_the_ledger(stack)
        timeline = await order.query("timeline")
        assert len({one["event_id"] for one in events} - told) == timeline.get("stale_in_all", 0)
