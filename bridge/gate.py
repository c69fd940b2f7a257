"""A gate before what may be away: closed by the first failure, opened by whoever gets through again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# While it is away, one call in this many seconds finds out whether it is back.
ASK_EVERY = 1.0


class NotNow(Exception):
    """It is away: what was tried has to be tried again."""


class Gate:
    """Lets everybody through while it is open, and one at a time, slowly, while it is not.

    ``what`` names what is behind it; ``say`` hears once that it is away, and once that it is back.
    """

    def __init__(self, what: str, say: Callable[[str], None], ask_every: float = ASK_EVERY) -> None:
        self._what, self._say, self._ask_every = what, say, ask_every
        self._asking = asyncio.Lock()
        self._closed_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it answered the last time."""
        return self._closed_at is None

    async def through(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try something until it does not raise :class:`NotNow`. Any other error is an answer too."""
        while True:
            try:
                if self.is_open:
                    return await self._try(attempt)
                async with self._asking:
                    if not self.is_open:
                        await asyncio.sleep(self._ask_every)
                        return await self._try(attempt)
            except NotNow as why:
                self._closes(str(why))

    async def _try(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await attempt()
        except (NotNow, asyncio.CancelledError):
            raise
        except Exception:
            self._opens()
            raise
        self._opens()
        return result

    def _closes(self, why: str) -> None:
        if self._closed_at is None:
            self._closed_at = time.monotonic()
            self._say(f"{self._what} does not answer ({why}): paused, nothing is lost")

    def _opens(self) -> None:
        if self._closed_at is not None:
            away = time.monotonic() - self._closed_at
            self._closed_at = None
            self._say(f"{self._what} answers again after {away:.0f} s: going on")
