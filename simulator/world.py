"""What all stand-ins share: the list of what people received, and the faults in force."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simulator.faults import Faults, Provider

Channel = Literal["push", "sms", "email"]
CHANNELS: Mapping[Provider, Channel] = {
    "apns": "push",
    "fcm": "push",
    "ses": "email",
    "smtp": "email",
    "twilio": "sms",
}

# Some 2 kB each. Whoever reads slower than this many messages arrive misses the oldest.
KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Raw:
    """A request as it was sent, but for its credentials. An e-mail's headers are those of the message."""

    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Received:
    """One message that somebody received: a provider accepted it, whether or not its answer got through.

    ``text`` is what the person reads: title or subject, a line break, the text; an SMS has its text alone.
    ``key`` is the push's collapse id (empty without one), the e-mail's Message-ID, the SMS's sid.
    ``n`` counts from 1 and goes on counting when the list is emptied.
    """

    n: int
    at: datetime
    channel: Channel
    provider: Provider
    address: str
    text: str
    key: str
    raw: Raw


class World:
    """Everything a provider's stand-in needs. One loop, no locks; nothing outlives the process."""

    def __init__(self, *, keep: int = KEPT, faults: Faults | None = None) -> None:
        self.received: list[Received] = []
        self.faults = faults or Faults()
        self._keep = keep
        self._n = 0
        self._arrival: asyncio.Event | None = None
        self._closed = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    def receive(self, provider: Provider, address: str, *, text: str, key: str, raw: Raw) -> None:
        """Note that somebody received a message."""
        self._n += 1
        at, channel = datetime.now(UTC), CHANNELS[provider]
        self.received.append(Received(self._n, at, channel, provider, address, text, key, raw))
        if len(self.received) > self._keep * 1.1:
            # A tenth at a time: dropping one by one would move the whole list for every message.
            del self.received[: -self._keep]
        self._wake()

    def after(self, n: int) -> list[Received]:
        """Give what came after the ``n``-th message, in order of arrival."""
        if not self.received:
            return []
        return self.received[max(n + 1 - self.received[0].n, 0) :]

    async def until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until something about what was received is so. False when it took too long."""
        try:
            async with asyncio.timeout(seconds):
                while not is_so():
                    if self._closed.is_set():
                        return False
                    self._arrival = self._arrival or asyncio.Event()
                    await self._arrival.wait()
        except TimeoutError:
            return False
        return True

    def in_background(self, work: Coroutine[object, object, object]) -> None:
        """Do something beside answering, for no longer than the simulator runs."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """End all waiting, and what goes on in the background."""
        for task in self._tasks:
            task.cancel()
        self._closed.set()
        self.faults.let_go()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None:
            self._arrival.set()
            self._arrival = None
