"""Redrives dead letters, one or a thousand: each by a workflow of its own, so many at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from math import inf

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from domain.orders import ORDERS_QUEUE
from domain.redriving import REDRIVE_TYPE, Redrive, Redriven, RedriveOutcome, redrive_id
from domain.telling import DeadLetter

AT_ONCE = 50
# A redrive retries as any delivery does, for a quarter of an hour if need be: nobody waits for that.
PATIENCE = 30.0


async def redrive(
    client: Client, letters: Iterable[DeadLetter], patience: float = PATIENCE, within: float = inf
) -> AsyncIterator[Redriven]:
    """Redrive letters, and say of each how it went, in the order in which they end.

    Once nothing has ended for ``patience`` seconds, or ``within`` seconds are over, the rest are started and
    said to be under way. Asked for twice at the same time, a letter is redriven once and both hear how.
    """
    at_once = _AtOnce(client, patience, within)
    tasks = [asyncio.create_task(at_once.one(letter)) for letter in letters]
    try:
        for ended in asyncio.as_completed(tasks):
            yield await ended
    finally:
        # Where one fails the others most likely do as well: nobody would ask them any more.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _AtOnce:
    """So many redrives at a time, and patience with them as long as any of them ends."""

    def __init__(self, client: Client, patience: float, within: float) -> None:
        self._client, self._patience = client, patience
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._end = asyncio.get_running_loop().time() + within
        self._until = self._later()

    async def one(self, letter: DeadLetter) -> Redriven:
        """Start one, and wait for its end."""
        async with self._turns:
            handle = await self._start(letter)
            try:
                redriven = await asyncio.wait_for(handle.result(), self._left())
            except TimeoutError:
                return _said(letter, RedriveOutcome.UNDER_WAY, f"see workflow {handle.id}")
            except WorkflowFailureError as failure:
                return _said(letter, RedriveOutcome.WAITING, f"workflow {handle.id}: {failure.cause}")
            self._until = self._later()
            return redriven

    async def _start(self, letter: DeadLetter) -> "WorkflowHandle[object, Redriven]":
        whom = letter.recipient_id or "its order"
        return await self._client.start_workflow(
            REDRIVE_TYPE,
            Redrive(dead_letter_id=letter.dead_letter_id),
            id=redrive_id(letter.dead_letter_id),
            task_queue=ORDERS_QUEUE,
            # A letter that waits again may be redriven again: the store knows which ones were decided on.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Dead letter of order {letter.order_id} for {whom}",
            result_type=Redriven,
        )

    def _later(self) -> float:
        return asyncio.get_running_loop().time() + self._patience

    def _left(self) -> float:
        return max(0.0, min(self._until, self._end) - asyncio.get_running_loop().time())


def _said(letter: DeadLetter, outcome: RedriveOutcome, how: str) -> Redriven:
    return Redriven(dead_letter_id=letter.dead_letter_id, outcome=outcome, how=how)
