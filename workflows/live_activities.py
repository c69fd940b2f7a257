"""Ends what shows an order on lock screens when the order ends, in whichever way: none is left behind."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.ending import Ending
    from domain.channels import Channel
    from domain.desk import Desk
    from domain.telling import EndLiveActivities, Plan
    from workflows.policy import SEND_QUEUES, SEND_TIMEOUTS

# Apple takes an activity off the screen by itself after this long.
LONGEST_ON_SCREEN = timedelta(hours=12)
_UNTIL_IT_IS_GONE = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=4, maximum_interval=timedelta(minutes=10)
)


async def end_live_activities(
    order_id: str, within: timedelta = LONGEST_ON_SCREEN, *, only_of_erased: bool = False
) -> None:
    """Try until every activity of an order is ended; an order that nothing shows costs one look."""
    await workflow.execute_activity_method(
        Ending.end,
        EndLiveActivities(order_id=order_id, only_of_erased=only_of_erased),
        task_queue=SEND_QUEUES[Channel.PUSH],
        start_to_close_timeout=SEND_TIMEOUTS[Channel.PUSH],
        schedule_to_close_timeout=within,
        retry_policy=_UNTIL_IT_IS_GONE,
        priority=Priority(priority_key=3),
        summary="end live activities",
    )


class LiveActivities:
    """The Live Activities of one order, of all its recipients. An order without any costs nothing."""

    def __init__(self, order_id: str, *, is_shown: bool) -> None:
        self._order_id = order_id
        self.must_be_ended = is_shown
        self._ending: asyncio.Task[None] | None = None
        self._is_paused = False

    @property
    def are_settled(self) -> bool:
        """Whether nothing is shown any more, as far as we can do anything about it."""
        return not self.must_be_ended

    def are_shown(self, *, by: Plan) -> None:
        """Remember that a plan may show the order somewhere."""
        self.must_be_ended = self.must_be_ended or by.live

    def end_with(self, desk: Desk) -> None:
        """Begin to end them once the order's final status was told."""
        is_told = desk.newest_told is not None and desk.newest_told.status.rule.final
        is_under_way = self._ending is not None and not self._ending.done()
        if self.must_be_ended and is_told and not is_under_way:
            self._ending = asyncio.create_task(self.end())

    async def end(self) -> None:
        """End them; what a sweep still finds afterwards, it ends."""
        if not self.must_be_ended:
            return
        try:
            await end_live_activities(self._order_id)
        except ActivityError:
            if self._is_paused:
                return
        self.must_be_ended = False

    async def pause(self) -> None:
        """Stop for a new run of the order, which begins again."""
        self._is_paused = True
        if self._ending and not self._ending.done():
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)
