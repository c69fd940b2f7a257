"""Asks Temporal whether an order's workflow is there, and the workflow what it knows of its notifications."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.orders import workflow_id
from domain.redriving import redrive_id
from domain.sweeping import Account
from domain.timeline import Timeline

_ANSWERS_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True)
class OrderWorkflows:
    """The workflows of the orders, open and closed."""

    client: Client

    async def account_of(self, order_id: str) -> Account | None:
        """What an order's workflow says of its notifications; None when it is not to be asked now.

        One that ended is asked as well: in a ledger restored from a backup, what it sent may not be noted.
        """
        handle = self.client.get_workflow_handle(workflow_id(order_id))
        described = await self._described(handle.id)
        if described is None:
            return Account()
        is_open = described.status is WorkflowExecutionStatus.RUNNING
        if is_open and _is_at_work(described):
            return None
        try:
            told: Timeline = await handle.query("timeline", result_type=Timeline, rpc_timeout=_ANSWERS_WITHIN)
        except (RPCError, WorkflowQueryFailedError) as error:
            activity.logger.warning("order %s does not answer: %s", order_id, type(error).__name__)
            return None
        return Account.given_by(told, is_open=is_open)

    async def is_redriving(self, dead_letter_id: str) -> bool:
        """Whether a dead letter is being redriven at this moment."""
        return await self._is_running(redrive_id(dead_letter_id))

    async def is_open(self, order_id: str) -> bool:
        """Whether an order's workflow is running."""
        return await self._is_running(workflow_id(order_id))

    async def _is_running(self, workflow_id: str) -> bool:
        described = await self._described(workflow_id)
        return described is not None and described.status is WorkflowExecutionStatus.RUNNING

    async def _described(self, workflow_id: str) -> WorkflowExecutionDescription | None:
        try:
            return await self.client.get_workflow_handle(workflow_id).describe(rpc_timeout=_ANSWERS_WITHIN)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise


def _is_at_work(described: WorkflowExecutionDescription) -> bool:
    """Whether sends or a decision are under way. A backlog must not be asked about every five minutes."""
    raw = described.raw_description
    return raw.HasField("pending_workflow_task") or bool(raw.pending_activities)
