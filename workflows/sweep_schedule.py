"""The Temporal Schedule behind the sweep, which operators see, trigger and pause in the UI."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from domain.orders import ORDERS_QUEUE
from workflows.sweep import Sweep

SCHEDULE_ID = "sweep"
EVERY = timedelta(minutes=5)


async def make_sure_of_the_sweep(client: Client) -> None:
    """Make the schedule where there is none. One that is there stays as its operator set it, even paused."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            Sweep.run,
            id=SCHEDULE_ID,
            task_queue=ORDERS_QUEUE,
            static_summary="Settles notifications that no order's workflow owns any more",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        # One that was missed is not made up for: the next finds what it would have found.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
    )
    try:
        await client.create_schedule(SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:
        return
