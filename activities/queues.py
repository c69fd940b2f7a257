"""Which queues of sends are behind, so that news which can wait is merged for longer instead of queued."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.channels import Channel
from domain.deciding import CAN_WAIT

# Half a window: what waits longer than this would have waited as well for company.
BEHIND_AFTER = timedelta(seconds=30)
_LOOK_EVERY = 5.0
_ANSWERS_WITHIN = timedelta(seconds=5)

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class SendQueues:
    """What this process knows of the queues. One whose oldest send that can wait is old is behind."""

    client: Client
    names: Mapping[Channel, str]
    behind_after: timedelta = BEHIND_AFTER
    every: float = _LOOK_EVERY
    behind: frozenset[Channel] = field(default=frozenset())

    @asynccontextmanager
    async def watched(self) -> AsyncIterator["SendQueues"]:
        """Look once before the block begins, and again and again for as long as it lasts."""
        await self.look()
        task = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            task.cancel()

    def is_behind(self, channel: Channel) -> bool:
        """Whether a channel's queue was behind when it was last looked at."""
        return channel in self.behind

    async def look(self) -> None:
        """Ask the server how long sends have waited. While it does not answer, what was known holds."""
        try:
            ages = {channel: await self._age(queue) for channel, queue in self.names.items()}
        except RPCError as problem:
            _log.warning("how far behind the queues are is not known: %s", problem.status.name)
            return
        self.behind = frozenset(channel for channel, age in ages.items() if age >= self.behind_after)

    async def _age(self, queue: str) -> timedelta:
        request = DescribeTaskQueueRequest(
            namespace=self.client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
        )
        service = self.client.workflow_service
        described = await service.describe_task_queue(request, timeout=_ANSWERS_WITHIN)
        return described.stats_by_priority_key[CAN_WAIT].approximate_backlog_age.ToTimedelta()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            await self.look()
