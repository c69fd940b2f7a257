"""A queue of sends goes on being served while one worker takes over from another, with care or without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerTuner

from send_worker import SENDS_AT_ONCE, SendWorker
from tests.processes import eventually
from tests.stage import Stage

ORDERS, SENDS = "orders-of-this-test", "sends-of-this-test"
NEVER_ANY_ROOM, ALWAYS_ROOM = 0.0, 2.0


@workflow.defn
class ManySends:
    """So many sends at once."""

    @workflow.run
    async def run(self, sends: int) -> None:
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    "send",
                    f"{workflow.info().workflow_id}: {number}",
                    task_queue=SENDS,
                    start_to_close_timeout=timedelta(minutes=5),
                )
                for number in range(sends)
            )
        )


@dataclass
class Provider:
    """Takes sends in, and answers when it is told to."""

    answers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    in_hand: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    at_most: int = 0

    @activity.defn
    async def send(self, send: str) -> None:
        """Be with the provider until it answers."""
        self.taken.append(send)
        self.in_hand.add(send)
        self.at_most = max(self.at_most, len(self.in_hand))
        await self.answers.acquire()
        self.in_hand.remove(send)

    async def has_taken(self, sends: int) -> None:
        """Wait until so many came in."""
        await eventually(lambda: len(self.taken) == sends)

    def answer(self, sends: int = 1000) -> None:
        """Answer so many sends, by default all that will ever be."""
        for _ in range(sends):
            self.answers.release()


@dataclass
class Queue:
    """A queue of sends whose provider we are, and of which we say whether it is behind."""

    client: Client
    provider: Provider = field(default_factory=Provider)
    is_behind: bool = False

    @asynccontextmanager
    async def served(self, room: float) -> AsyncIterator[SendWorker]:
        """By a worker that is quick to see a change; in the end the provider answers."""

        def new_worker(slots: WorkerTuner) -> Worker:
            return Worker(
                self.client,
                task_queue=SENDS,
                activities=[self.provider.send],
                tuner=slots,
                disable_eager_activity_execution=True,
                graceful_shutdown_timeout=timedelta(minutes=1),
            )

        async with SendWorker(
            SENDS, new_worker, lambda: self.is_behind, room=room, calm_after=0.2, every=0.05
        ) as worker:
            try:
                yield worker
            finally:
                self.provider.answer()

    async def fills_with(self, sends: int, order: str) -> WorkflowHandle[Any, Any]:
        return await self.client.start_workflow(ManySends.run, sends, id=order, task_queue=ORDERS)


@pytest.fixture
async def queue(stage: Stage) -> AsyncIterator[Queue]:
    async with Worker(
        stage.client,
        task_queue=ORDERS,
        workflows=[ManySends],
        workflow_runner=UnsandboxedWorkflowRunner(),
        debug_mode=True,
    ):
        yield Queue(stage.client)


async def test_as_many_sends_are_in_hand_as_there_are(queue: Queue) -> None:
    async with queue.served(NEVER_ANY_ROOM):
        order = await queue.fills_with(SENDS_AT_ONCE, "brisk")
        await eventually(lambda: len(queue.provider.in_hand) == SENDS_AT_ONCE)
        queue.provider.answer()
        await order.result()


async def test_behind_a_queue_a_full_machine_has_one_send_in_hand_and_takes_the_next_when_it_ends(
    queue: Queue,
) -> None:
    queue.is_behind = True
    async with queue.served(NEVER_ANY_ROOM) as worker:
        await eventually(lambda: worker.is_careful)
        order = await queue.fills_with(20, "careful")
        for number in range(1, 21):
            await queue.provider.has_taken(number)
            queue.provider.answer(1)
        await order.result()

    assert queue.provider.at_most == 1
    assert len(queue.provider.taken) == 20


async def test_behind_a_queue_a_machine_with_room_has_as_many_in_hand_as_ever(queue: Queue) -> None:
    queue.is_behind = True
    async with queue.served(ALWAYS_ROOM) as worker:
        await eventually(lambda: worker.is_careful)
        order = await queue.fills_with(20, "careful, with room")
        await eventually(lambda: len(queue.provider.in_hand) == 20)
        queue.provider.answer()
        await order.result()


async def test_what_was_in_hand_ends_while_the_next_worker_serves_and_care_ends_when_the_queue_has_caught_up(
    queue: Queue,
) -> None:
    async with queue.served(NEVER_ANY_ROOM) as worker:
        before = await queue.fills_with(50, "before")
        await eventually(lambda: len(queue.provider.in_hand) == 50)

        queue.is_behind = True
        await eventually(lambda: worker.is_careful)
        beside = await queue.fills_with(10, "beside")
        await eventually(lambda: len(queue.provider.in_hand) == 51)

        queue.is_behind = False
        await eventually(lambda: not worker.is_careful)
        await eventually(lambda: len(queue.provider.in_hand) == 60)
        queue.provider.answer()
        await asyncio.gather(before.result(), beside.result())

    assert len(set(queue.provider.taken)) == len(queue.provider.taken) == 60, "each once"


async def test_a_worker_that_cannot_be_made_ends_the_block() -> None:
    def no_worker(_: WorkerTuner) -> Worker:
        raise ValueError("no such thing")

    with pytest.raises(ExceptionGroup, match="unhandled errors") as failed:
        async with SendWorker(SENDS, no_worker, lambda: False):
            await asyncio.Event().wait()

    assert failed.group_contains(ValueError, match="no such thing")
