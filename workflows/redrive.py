"""Tells a dead letter's news again, if it is still true, and never twice, however often somebody asks."""

import contextlib

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.planning import Planning
    from activities.redriving import Redriving
    from domain.orders import WORKFLOW_TYPE, Order, OrderEvent, Receipt, workflow_id
    from domain.redriving import (
        REDRIVE_TYPE,
        Redrive,
        Redriven,
        RedriveOutcome,
        Reopen,
        Reopened,
        redrive_id,
    )
    from domain.telling import Batch, DeadLetter, Plan
    from domain.timeline import opening
    from workflows.delivery import Delivery
    from workflows.policy import CUSTOMER_ID, ORDER_STATUS, searchable, turn_of
    from workflows.store_calls import in_store


@workflow.defn(name=REDRIVE_TYPE)
class RedriveLetter:
    """One letter. Its id is the letter's, so that whoever asks at the same time shares one redrive."""

    def __init__(self) -> None:
        self._returned: DeadLetter | None = None

    @workflow.run
    async def run(self, redrive: Redrive) -> Redriven:
        """Redrive a dead letter; the answer says how it went."""
        self._letter = redrive.dead_letter_id
        reopened = await self._reopen()
        if reopened.batch and reopened.plan:
            return await self._tell(reopened.batch, reopened.plan)
        if reopened.event:
            return await self._hand_to_its_order(reopened.event)
        if reopened.receipt:
            return await self._record(reopened.receipt)
        return self._ended(RedriveOutcome.REFUSED, reopened.refusal or "nothing to redrive")

    async def _reopen(self) -> Reopened:
        info = workflow.info()
        if info.workflow_id != (only := redrive_id(self._letter)):
            return Reopened(refusal=f"only the workflow {only} may redrive it")
        return await in_store(
            Redriving.reopen,
            Reopen(dead_letter_id=self._letter, redrive=info.run_id, at=workflow.now()),
        )

    async def _tell(self, batch: Batch, plan: Plan) -> Redriven:
        """Carry the batch out as an order does; one that reaches nobody again goes on waiting."""
        told = opening(batch, plan.number, plan.channels)
        await Delivery(batch, told, {}, self._note).ends()
        if self._returned:
            await in_store(Redriving.go_on_waiting, self._returned)
            return self._ended(RedriveOutcome.WAITING, self._returned.reason)
        lines = (line for line in told.channels if line.status)
        return await self._decided(", ".join(f"{line.channel} {line.status}" for line in lines))

    async def _hand_to_its_order(self, event: OrderEvent) -> Redriven:
        """Signal an event that can be read today; its id keeps it from being told twice."""
        if await self._signalled(event) or await self._begun_anew(event):
            return await self._decided(f"handed to its order as {event.status}, event {event.event_id}")
        return self._ended(RedriveOutcome.REFUSED, f"order {event.order_id} is over")

    async def _record(self, receipt: Receipt) -> Redriven:
        status = await in_store(Planning.record_receipt, receipt)
        return await self._decided(f"message {receipt.message_id} is {status or 'not known'}")

    async def _signalled(self, event: OrderEvent) -> bool:
        order = workflow.get_external_workflow_handle(workflow_id(event.order_id))
        try:
            await order.signal("status_changed", event)
        except FailureError:  # no such workflow is running
            return False
        return True

    async def _begun_anew(self, event: OrderEvent) -> bool:
        """Start an order that failed or was terminated, as its service would; one that ended well is over."""
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                WORKFLOW_TYPE,
                Order(order_id=event.order_id),
                id=workflow_id(event.order_id),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"Order {event.order_id} of {event.customer_id}",
                priority=turn_of(None, event.merchant_id),
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(CUSTOMER_ID, searchable(event.customer_id)),
                        SearchAttributePair(ORDER_STATUS, event.status),
                    ]
                ),
            )
        # Somebody else may have started it in the meantime: that does as well.
        return await self._signalled(event)

    async def _decided(self, how: str) -> Redriven:
        redriven = self._ended(RedriveOutcome.REDRIVEN, how)
        await in_store(Redriving.decide_on, redriven)
        return redriven

    def _ended(self, outcome: RedriveOutcome, how: str) -> Redriven:
        workflow.set_current_details(f"**{outcome}**: {how}")
        return Redriven(dead_letter_id=self._letter, outcome=outcome, how=how)

    def _note(self, letter: DeadLetter | None) -> None:
        self._returned = letter or self._returned
