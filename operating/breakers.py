"""What commands and API have in common about providers: how each of them is, and overruling its breaker."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.breaker import FORCED, BreakerState, Health

if TYPE_CHECKING:
    from activities.channels import Config
    from activities.store import Store


class Force(StrEnum):
    """What an operator may want of a breaker."""

    OPEN = "open"
    CLOSED = "closed"


_STATES = {Force.OPEN: BreakerState.FORCED_OPEN, Force.CLOSED: BreakerState.FORCED_CLOSED}
WORKERS_FOLLOW = "workers follow within a second or two"


async def names_of(configs: "Iterable[Config]") -> list[str]:
    """The names of the providers that these settings describe."""
    from activities import channels  # noqa: PLC0415 only who asks needs it: a third of a second
    from activities.channels.http import new_client  # noqa: PLC0415 as above

    async with new_client() as http:
        return [provider.name for provider in channels.build(configs, http)]


async def known(store: "Store", configured: Iterable[str]) -> Mapping[str, Health]:
    """Every provider that is configured here or was ever called or forced, by name."""
    seen = {health.provider: health for health in await store.healths()}
    names = sorted({*configured, *seen})
    return {name: seen.get(name, Health(name)) for name in names}


async def force(store: "Store", name: str, state: Force, reason: str) -> BreakerState:
    """Overrule a breaker until it is released; answers its state from now on."""
    await store.force_breaker(name, _STATES[state], reason)
    return _STATES[state]


async def release(store: "Store", health: Health, by: str | None = None) -> bool:
    """Give a forced breaker back to its own judgement; False for one that is not forced."""
    if health.state not in FORCED:
        return False
    whose = f" ({by})" if by else ""
    await store.force_breaker(health.provider, BreakerState.CLOSED, f"released by an operator{whose}")
    return True
