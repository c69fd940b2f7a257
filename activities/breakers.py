"""Keeps a worker from calling providers that the fleet knows to be failing, without a query per send.

Each process counts its own calls and settles accounts with the store once a second; what it learns there
is what it goes by until the next time. The store is asked for more only while a provider is failing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol, TypeVar

from activities.provider import Provider
from domain.breaker import Health
from domain.outcomes import Outcome, TryLater, Unknown

SETTLE_EVERY = 1.0

AnyProvider = TypeVar("AnyProvider", bound=Provider)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls to one provider that the store has not heard of yet."""

    calls: int
    failures: int


class Permit(Enum):
    """Leave to make one call. Only the call that went as a probe says how the provider is."""

    CALL = "call"
    PROBE = "probe"


class BreakerStore(Protocol):
    """The store as breakers see it. Every method is one transaction."""

    async def settle_calls(self, tallies: Mapping[str, Tally], now: datetime) -> Sequence[Health]:
        """Add calls to the fleet's counts, open breakers that should be, answer for every known provider."""

    async def claim_probe(self, provider: str, now: datetime) -> bool:
        """Take the one probe that is allowed at a time; False when somebody else has it."""

    async def probe_ended(self, provider: str, now: datetime, *, is_well: bool) -> None:
        """Close the breaker, or keep it open for another while."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(eq=False)
class Breakers:
    """What this process knows of the providers' health."""

    store: BreakerStore
    now: Clock = utc_now
    _health: dict[str, Health] = field(default_factory=dict)
    _calls: Counter[str] = field(default_factory=Counter)
    _failures: Counter[str] = field(default_factory=Counter)

    @property
    def health(self) -> Mapping[str, Health]:
        """How the fleet sees each provider that was ever called or forced, as of the last settlement."""
        return self._health

    async def permit(self, provider: str) -> Permit | None:
        """Leave to call the provider now, if any: an open breaker lets one probe through at a time."""
        health = self._health.get(provider)
        if health is None or health.is_called:
            return Permit.CALL
        is_ours = False
        if health.may_be_probed(self.now()):
            # A store that cannot say whose turn it is has more trouble than a probe is worth.
            with suppress(Exception):
                is_ours = await self.store.claim_probe(provider, self.now())
        return Permit.PROBE if is_ours else None

    def well_first(self, providers: Iterable[AnyProvider]) -> list[AnyProvider]:
        """Those that are called before those whose breaker is open; otherwise as given.

        One that may be probed is asked in its turn: with another to take over at once a probe costs nothing,
        and without it the first of two would never be found well again.
        """
        return sorted(providers, key=lambda one: not self._is_asked(one.name))

    def _is_asked(self, provider: str) -> bool:
        health = self._health.get(provider)
        return health is None or health.is_called or health.may_be_probed(self.now())

    async def note(self, provider: str, outcome: Outcome, permit: Permit) -> None:
        """Count a call. An answer of any kind is a sign of health; silence and "not now" are not.

        Never raises: what a provider answered must not get lost over keeping its accounts.
        """
        has_failed = isinstance(outcome, (TryLater, Unknown))
        self._calls[provider] += 1
        self._failures[provider] += has_failed
        if permit is Permit.PROBE:
            with suppress(Exception):
                await self.store.probe_ended(provider, self.now(), is_well=not has_failed)
                await self.settle_accounts()

    async def settle_accounts(self) -> None:
        """Tell the store what was called here, and hear how the providers are everywhere."""
        tallies = {name: Tally(calls, self._failures[name]) for name, calls in self._calls.items()}
        self._calls.clear()
        self._failures.clear()
        try:
            known = await self.store.settle_calls(tallies, self.now())
        except Exception:
            for name, tally in tallies.items():
                self._calls[name] += tally.calls
                self._failures[name] += tally.failures
            raise
        self._health = {health.provider: health for health in known}

    @asynccontextmanager
    async def kept_up_to_date(self) -> AsyncIterator["Breakers"]:
        """Settle accounts every second for as long as the block runs."""
        task = asyncio.create_task(self._keep_settling())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_settling(self) -> None:
        while True:
            # A store that is away keeps us with what we knew: sends find out about it by themselves.
            with suppress(Exception):
                await self.settle_accounts()
            await asyncio.sleep(SETTLE_EVERY)
