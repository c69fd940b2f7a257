"""The bridge at work: receives while there is room and Temporal answers, and drains in the end."""

import asyncio
import contextlib
from collections.abc import Callable

from bridge.gate import Gate, NotNow
from bridge.handing import Handover, read
from bridge.lanes import Lanes
from bridge.metrics import Metrics
from bridge.source import Source, SourceAway

# What is held when somebody wants us to end may take so long to be handed over.
DRAIN = 20.0
LOOK_EVERY = 1.0
# While there is no room, or Temporal is away, a look in so many seconds is enough.
PAUSE = 0.05
LAG_EVERY = 5.0


class Bridge:
    """One run of the bridge. ``capacity``: messages held at a time. Its lanes are open while it runs."""

    def __init__(
        self, source: Source, lanes: Lanes, handover: Handover, metrics: Metrics, say: Callable[[str], None]
    ) -> None:
        self._source, self._lanes, self._handover = source, lanes, handover
        self._metrics = metrics
        self._broker = Gate(source.name, say)
        self._is_full = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is held, if Temporal takes it."""
        async with asyncio.TaskGroup() as tasks:
            aside = [tasks.create_task(work()) for work in (self._keep, self._watch, self._watch_lag)]
            while not stop.is_set():
                await self._broker.through(self._receive)
            # Held while Temporal is away is left to the broker: it comes again.
            if self._handover.temporal.is_open:
                await self._lanes.are_empty(DRAIN)
            for task in aside:
                task.cancel()

    async def _receive(self) -> None:
        room = self._room()
        try:
            received = await self._source.receive(room)
        except SourceAway as away:
            raise NotNow(str(away)) from None
        for message in received:
            self._lanes.take(read(message))
        if not room:
            await asyncio.sleep(PAUSE)

    def _room(self) -> int:
        """None when full, until half is free: pausing and resuming a broker costs something."""
        room = self._lanes.room
        self._is_full = room < (self._lanes.capacity // 2 if self._is_full else 1)
        return 0 if self._is_full or not self._handover.temporal.is_open else room

    async def _keep(self) -> None:
        """Tell the broker that what we hold is still ours."""
        while (every := self._source.keep_every) is not None:
            await asyncio.sleep(every)
            await self._source.keep()

    async def _watch(self) -> None:
        while True:
            self._metrics.look(self._lanes, is_paused=not self._handover.temporal.is_open)
            await asyncio.sleep(LOOK_EVERY)

    async def _watch_lag(self) -> None:
        while True:
            # Whoever receives says that the broker is away; the last figure stands.
            with contextlib.suppress(SourceAway):
                self._metrics.lags(await self._source.lag())
            await asyncio.sleep(LAG_EVERY)
