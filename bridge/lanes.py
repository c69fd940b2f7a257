"""Lanes: what is of one order is worked on one after the other, different orders side by side."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from bridge.source import Message
from domain.orders import BadInput, OrderEvent


@dataclass(slots=True, eq=False)
class Held:
    """A message that is not acknowledged yet, read: an event, or what is wrong with it.

    ``is_let_go``: somebody else has it by now, whatever we still do with it.
    """

    message: Message
    content: OrderEvent | BadInput
    is_let_go: bool = False

    @property
    def lane(self) -> object:
        """What it must not overtake. What cannot be read is nobody's, and stops nobody."""
        return self.content.order_id if isinstance(self.content, OrderEvent) else self


Work = Callable[[Held], Awaitable[None]]


class Lanes:
    """Holds up to ``capacity`` messages and works on up to ``at_once`` of them.

    Lanes take turns, so that an order with many events keeps no other waiting.
    """

    def __init__(self, work: Work, *, capacity: int, at_once: int) -> None:
        self._work, self.capacity, self._at_once = work, capacity, at_once
        self._lanes: dict[object, deque[Held]] = {}
        self._ready: asyncio.Queue[object] = asyncio.Queue()
        self._count = 0
        self._changed = asyncio.Event()
        self._broken: BaseException | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Work until the block ends; what is then being worked on is given up."""
        workers = [asyncio.create_task(self._go_on()) for _ in range(self._at_once)]
        try:
            yield self
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    @property
    def room(self) -> int:
        """How many more messages may be taken. Raises what broke the work, if anything did."""
        if self._broken:
            raise self._broken
        return self.capacity - self._count

    @property
    def held(self) -> int:
        """How many messages are waiting or worked on."""
        return self._count

    def all_held(self) -> Iterator[Held]:
        """Each of them, those of one order in their order."""
        for lane in self._lanes.values():
            yield from lane

    def take(self, held: Held) -> None:
        """Put one at the end of its lane."""
        self._count += 1
        if lane := self._lanes.get(held.lane):
            lane.append(held)
            return
        self._lanes[held.lane] = deque([held])
        self._ready.put_nowait(held.lane)

    async def changes(self, within: float) -> None:
        """Wait until one of them is done, or for so many seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            return

    async def are_empty(self, within: float) -> bool:
        """Wait until nothing is held; False when that takes too long."""
        try:
            async with asyncio.timeout(within):
                while self.room < self.capacity:
                    await self.changes(within)
        except TimeoutError:
            return False
        return True

    async def let_go(self, shares: Collection[str], within: float) -> None:
        """Forget what is of these shares. What is under way may come to its end, if that is soon."""
        under_way = []
        for key, lane in list(self._lanes.items()):
            # The first is the one that may be under way: a worker takes it out when it is done.
            under_way += [held for held in list(lane)[:1] if held.message.share in shares]
            kept = [held for held in lane if held.message.share not in shares or held in under_way]
            self._count -= len(lane) - len(kept)
            self._lanes[key] = deque(kept)
        try:
            async with asyncio.timeout(within):
                while any(held in lane for held in under_way for lane in self._lanes.values()):
                    await self.changes(within)
        except TimeoutError:
            pass
        for held in under_way:
            held.is_let_go = True

    async def _go_on(self) -> None:
        while True:
            key = await self._ready.get()
            try:
                await self._work(self._lanes[key][0])
            except Exception as problem:
                self._broken = problem
                raise
            finally:
                self._changed.set()
            self._has_done_first_of(key)

    def _has_done_first_of(self, key: object) -> None:
        lane = self._lanes[key]
        lane.popleft()
        self._count -= 1
        if lane:
            self._ready.put_nowait(key)
        else:
            del self._lanes[key]
        self._changed.set()
