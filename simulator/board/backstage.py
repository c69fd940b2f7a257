"""What the board needs of the product beside its orders, by the commands that anybody would use."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from domain.breaker import BreakerState, Health
from domain.explanation import Explanation
from simulator.programs import ProgramError, said_by_starter

# A command takes a second or more of a processor: asked only while a provider is in trouble, and then with
# pauses that leave most of it to the others.
RESTS_FOR = 3
_HEALTHS = TypeAdapter(list[Health])


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the pages of the product are. None of them that is not running here."""

    api: str | None = None
    temporal_ui: str | None = None


class Backstage(Protocol):
    """The product behind the board."""

    doors: Doors

    async def inbox_of(self, recipient_id: str) -> str:
        """A link that lets somebody in to their inbox. It is a secret. Raises ProgramError."""

    async def healths(self) -> Sequence[Health]:
        """How the fleet sees each provider. Raises ProgramError."""

    async def explanation(self, order_id: str) -> Explanation:
        """Why an order was told as it was. Raises ProgramError."""


class Commands:
    """The product by its commands, in the environment of its programs."""

    def __init__(self, environ: Mapping[str, str], doors: Doors) -> None:
        self._environ, self.doors = environ, doors

    async def inbox_of(self, recipient_id: str) -> str:
        """A link as an operator would make it."""
        return (await said_by_starter(self._environ, "recipients", "link", recipient_id)).strip()

    async def healths(self) -> Sequence[Health]:
        """The list as an operator would read it."""
        return _HEALTHS.validate_json(await said_by_starter(self._environ, "providers", "list", "--json"))

    async def explanation(self, order_id: str) -> Explanation:
        """What the command says to programs."""
        return Explanation.model_validate_json(
            await said_by_starter(self._environ, "explain", order_id, "--json")
        )


class Breakers:
    """The breakers as last heard of. Asks anew only while something may be wrong."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._known: Sequence[Health] = ()
        self._rests_until = 0.0
        self._is_asking = False

    @property
    def not_closed(self) -> Mapping[str, Health]:
        """Providers whose breaker is not as it should be, by name."""
        return {one.provider: one for one in self._known if one.state is not BreakerState.CLOSED}

    async def ask(self, *, is_any_broken: bool) -> None:
        """Ask, unless that was just done or all is well."""
        is_of_interest = is_any_broken or bool(self.not_closed)
        began = time.monotonic()
        if self._is_asking or not is_of_interest or began < self._rests_until:
            return
        self._is_asking = True
        try:
            self._known = await self._backstage.healths()
        except ProgramError:
            # Without the store nobody knows: the page has to go on.
            return
        finally:
            now = time.monotonic()
            self._is_asking, self._rests_until = False, now + RESTS_FOR * (now - began)
