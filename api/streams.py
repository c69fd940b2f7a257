"""Open streams of inboxes: one look at the store for all of them tells which inbox has moved.

A stream is woken, never handed anything: it reads what changed from the store at the pace of its reader, so
that nothing piles up here for one who is slow, and nothing is lost with this process.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from typing import Protocol

from activities.store.errors import StoreUnavailable

log = logging.getLogger(__name__)

# Of the second in which news is to arrive, a quarter at most goes into waiting for the next look. A look at
# 2,000 inboxes takes some milliseconds.
LOOK_EVERY = 0.25
LOOK_WITHIN = 10.0
MOST_OF_ONE = 10


class Heads(Protocol):
    """The store's inboxes, as far as waking needs them."""

    async def heads(self, recipient_ids: Collection[str]) -> Mapping[str, int]: ...  # noqa: D102 as the store says


class TooManyStreams(Exception):
    """One recipient has as many streams open as anybody may."""


class Stream:
    """One open stream. ``position``: its reader has every change of their inbox up to this one."""

    __slots__ = ("_woken", "has_ended", "head", "position", "recipient_id")

    def __init__(self, recipient_id: str) -> None:
        self.recipient_id = recipient_id
        self.position = self.head = 0
        self.has_ended = False
        self._woken = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """Whether its inbox is known to be at a later change than its reader."""
        return self.head > self.position

    async def sleep(self, within: float) -> bool:
        """Sleep until there is something to do; False when there was nothing for so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def notice(self, head: int) -> None:
        """Wake it if its inbox has moved."""
        self.head = head
        if self.is_behind:
            self._woken.set()

    def end(self) -> None:
        """Let its reader go: they come again, and go on where they were."""
        self.has_ended = True
        self._woken.set()


class Streams:
    """The streams that are open in this process."""

    def __init__(self, store: Heads, *, look_every: float = LOOK_EVERY, most: int = MOST_OF_ONE) -> None:
        self._store, self._look_every, self._most = store, look_every, most
        self._open: dict[str, set[Stream]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    def open(self, recipient_id: str) -> Stream:
        """Open one, to be closed by :meth:`close`. Raises TooManyStreams."""
        if len(self._open.get(recipient_id, ())) >= self._most:
            raise TooManyStreams
        stream = Stream(recipient_id)
        if self._left.is_set():
            stream.end()
        self._open.setdefault(recipient_id, set()).add(stream)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_after_them())
            self._looking.add_done_callback(_say_why)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget one."""
        own = self._open.get(stream.recipient_id, set())
        own.discard(stream)
        if not own:
            self._open.pop(stream.recipient_id, None)

    def leave(self) -> None:
        """End all there are, and all there will be."""
        self._left.set()
        self._end_all()

    async def gone(self) -> None:
        """Wait until nobody looks at the store any more."""
        if self._looking is not None:
            await asyncio.wait([self._looking])

    def _end_all(self) -> None:
        for stream in self._streams():
            stream.end()

    async def _look_after_them(self) -> None:
        is_away = False
        try:
            while self._open:
                was_away, is_away = is_away, not await self._look()
                if is_away and not was_away:
                    log.warning("the store does not answer: %d streams wait for it", len(self._streams()))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), self._look_every)
        finally:
            # Without us they would be open for ever and hear nothing.
            self._end_all()

    async def _look(self) -> bool:
        """Wake the streams whose inbox moved; False when the store does not answer."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                heads = await self._store.heads(tuple(self._open))
        except (StoreUnavailable, TimeoutError):
            return False
        for stream in self._streams():
            stream.notice(heads.get(stream.recipient_id, 0))
        return True

    def _streams(self) -> list[Stream]:
        return [stream for own in self._open.values() for stream in own]


def _say_why(looking: asyncio.Task[None]) -> None:
    if not looking.cancelled() and (problem := looking.exception()):
        log.error("nobody looks after the streams any more", exc_info=problem)
