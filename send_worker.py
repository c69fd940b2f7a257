"""Serves a queue of sends: as fast as they come, or with care while the queue is behind.

With care means that a send is taken on only while the machine has room. What is queued by then has waited
and goes on waiting, on the server, which keeps the order. Urgent news is first there, and finds a machine
that is not full: on one that is, its workflow tasks wait among those of every send that has just ended.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from temporalio.worker import (
    FixedSizeSlotSupplier,
    ResourceBasedSlotConfig,
    ResourceBasedSlotSupplier,
    ResourceBasedTunerConfig,
    Worker,
    WorkerTuner,
)

import logs

# Share of the CPU, of the container's where it has a limit. On a fuller machine what is urgent waits as well.
ROOM = 0.5
# A queue that has only just caught up is soon behind again.
CALM_AFTER = 60.0
SENDS_AT_ONCE = 100
# No send of ours is held back for want of memory.
_ALL_MEMORY = 1.0
# How full the machine is, is known every 100 ms: not all may be taken on at once until then.
_ONE_MORE_AFTER = timedelta(milliseconds=10)
_LOOK_EVERY = 1.0
_TRY_AGAIN_AFTER, _TRIES = 0.05, 100


class SendWorker:
    """A worker of one queue, for ``async with``. While the queue is behind, another takes its place.

    Whichever it is, it ends what it has taken on, while its successor already serves. ``is_careful``: which
    it is. Raises what the SDK's worker raises when it cannot go on, in a group, and cancels the block.
    """

    def __init__(
        self,
        queue: str,
        new_worker: Callable[[WorkerTuner], Worker],
        is_behind: Callable[[], bool],
        *,
        room: float = ROOM,
        calm_after: float = CALM_AFTER,
        every: float = _LOOK_EVERY,
    ) -> None:
        self._queue, self._new_worker, self._is_behind = queue, new_worker, is_behind
        self._room, self._calm_after, self._every = room, calm_after, every
        self._was_behind_at: float | None = None
        self._stop = asyncio.Event()
        self.is_careful = False

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        block = asyncio.current_task()
        self._serving = asyncio.create_task(self._serve())

        def ends(serving: asyncio.Task[None]) -> None:
            if block and not serving.cancelled() and serving.exception():
                block.cancel()

        self._serving.add_done_callback(ends)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what is being sent."""
        await self.shutdown()

    async def shutdown(self) -> None:
        """Take on no more, and finish what is being sent."""
        self._stop.set()
        await self._serving

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as shifts:
            while not self._stop.is_set():
                worker = await self._next_worker(self._slots())
                shifts.create_task(worker.run())
                await self._until_it_changes()
                shifts.create_task(worker.shutdown())

    async def _until_it_changes(self) -> None:
        while not self._stop.is_set() and self._needs_care() is self.is_careful:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._every)
        if not self._stop.is_set():
            self.is_careful = not self.is_careful
            logs.say(
                "worker", f"{self._queue} {'is behind: with care' if self.is_careful else 'has caught up'}"
            )

    def _needs_care(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._is_behind():
            self._was_behind_at = now
        return self._was_behind_at is not None and now - self._was_behind_at < self._calm_after

    async def _next_worker(self, slots: WorkerTuner) -> Worker:
        """The SDK takes a second worker of a queue once it has begun to shut down the first."""
        for _ in range(_TRIES):
            with contextlib.suppress(RuntimeError):
                return self._new_worker(slots)
            await asyncio.sleep(_TRY_AGAIN_AFTER)
        return self._new_worker(slots)

    def _slots(self) -> WorkerTuner:
        fixed = FixedSizeSlotSupplier(SENDS_AT_ONCE)
        as_there_is_room = ResourceBasedSlotSupplier(
            ResourceBasedSlotConfig(1, SENDS_AT_ONCE, _ONE_MORE_AFTER),
            ResourceBasedTunerConfig(_ALL_MEMORY, self._room),
        )
        return WorkerTuner.create_composite(
            workflow_supplier=fixed,
            activity_supplier=as_there_is_room if self.is_careful else fixed,
            local_activity_supplier=fixed,
            nexus_supplier=fixed,
        )
