"""Looks after what no send can count: how the breakers are, what waits in the store, whether it answers."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from activities.breakers import Breakers, Clock, utc_now
from activities.measuring import Measures
from domain.breaker import Health

if TYPE_CHECKING:
    # By name only: the sends, and whoever refers to them, must not load the store.
    from activities.store.standing import Standing

LOOK_EVERY = 3.0
_ANSWERS_WITHIN = 5.0


class StandingStore(Protocol):
    """The store as the watch sees it."""

    async def standing(self) -> "Standing":
        """What waits in it."""


@dataclass(frozen=True)
class Watch:
    """One look every few seconds, for all there is to be seen. ``providers``: those that are configured."""

    store: StandingStore
    breakers: Breakers
    providers: Collection[str]
    measures: Measures
    now: Clock = utc_now

    async def look(self) -> None:
        """Measure everything once."""
        self.measures.breakers_are(self._healths().values())
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                standing = await self.store.standing()
        except Exception:  # noqa: BLE001 whatever is wrong with it, it has no answer for us
            self.measures.store_answers(is_so=False)
            return
        self.measures.store_answers(is_so=True)
        self.measures.waiting(standing.unsettled, self._age(standing.oldest), standing.dead_letters)

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator["Watch"]:
        """Look every few seconds for as long as the block runs."""
        task = asyncio.create_task(self._keep_looking())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    def _healths(self) -> Mapping[str, Health]:
        """One that was never called is well."""
        return {name: Health(name) for name in self.providers} | dict(self.breakers.health)

    def _age(self, oldest: datetime | None) -> float:
        return 0.0 if oldest is None else max(0.0, (self.now() - oldest).total_seconds())
