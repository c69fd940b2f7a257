"""The sweep: finds the notifications that no order's workflow owns any more, and says what became of them."""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.sweeping import Sweeping
    from domain.sweeping import Swept
    from workflows.live_activities import end_live_activities

# A ledger restored from a backup may hold some hundred thousand rows to ask about, at a few ms each.
_LONGEST = timedelta(hours=1)
# Longer than the two questions to one order's workflow may take.
_SIGN_OF_LIFE = timedelta(minutes=1)
_ROUND = timedelta(minutes=1)


@workflow.defn(name="Sweep")
class Sweep:
    """One round. The schedule ``sweep`` starts it."""

    @workflow.run
    async def run(self) -> Swept:
        """Settle what nobody will settle; answer how many notifications ended how."""
        swept = await workflow.execute_activity_method(
            Sweeping.sweep,
            start_to_close_timeout=_LONGEST,
            heartbeat_timeout=_SIGN_OF_LIFE,
            summary="notifications without an owner",
        )
        for order_id in swept.shown:
            # One that cannot be ended now is found again by the next round.
            with contextlib.suppress(ActivityError):
                await end_live_activities(order_id, within=_ROUND)
        for order_id in swept.shown_to_erased:
            with contextlib.suppress(ActivityError):
                await end_live_activities(order_id, within=_ROUND, only_of_erased=True)
        return swept


# The server refuses this of workers that have no version.
@workflow.defn(name="Sweep", versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class VersionedSweep(Sweep):
    """The sweep where workers have versions: it goes on with whichever is current.

    Only one runs at a time: one that waited for a version that is gone would be the last there ever was.
    """

    @workflow.run
    async def run(self) -> Swept:
        """Sweep."""
        return await super().run()
