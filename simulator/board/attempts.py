"""What Temporal knows of sends under way: the attempt, what the last one failed with, when the next is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

from domain.channels import Channel
from domain.ledger import UNSETTLED
from domain.orders import workflow_id
from domain.timeline import Timeline

# Part of the contract, like the queue of orders.
_QUEUES = {Channel.PUSH: "send-push", Channel.SMS: "send-sms", Channel.EMAIL: "send-email"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A send under way. ``next_at`` is None while an attempt is being made."""

    number: int
    failed_with: str
    next_at: datetime | None


class Attempts:
    """Looks orders up as the Temporal UI does."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, order_id: str, told: Timeline) -> Mapping[str, Attempt]:
        """The sends of an order that are under way, by message id. Asks only when there is one."""
        if not any(_under_way(told, channel) for channel in _QUEUES):
            return {}
        described = await self._client.get_workflow_handle(workflow_id(order_id)).describe()
        pending = described.raw_description.pending_activities
        # In the order in which they were scheduled, which is that of the timeline.
        return {
            message_id: _attempt(info)
            for channel, queue in _QUEUES.items()
            for message_id, info in zip(_under_way(told, channel), _on(queue, pending), strict=False)
        }


def _under_way(told: Timeline, channel: Channel) -> list[str]:
    lines = (line for batch in told.batches for line in batch.channels)
    return [
        line.message_id
        for line in lines
        if line.channel is channel and line.status in UNSETTLED and line.message_id
    ]


def _on(queue: str, pending: Iterable[PendingActivityInfo]) -> list[PendingActivityInfo]:
    found = [info for info in pending if info.activity_options.task_queue.name == queue]
    return sorted(found, key=lambda info: int(info.activity_id))


def _attempt(info: PendingActivityInfo) -> Attempt:
    has_next = info.HasField("next_attempt_schedule_time")
    next_at = info.next_attempt_schedule_time.ToDatetime(tzinfo=UTC) if has_next else None
    return Attempt(info.attempt, info.last_failure.message, next_at)
