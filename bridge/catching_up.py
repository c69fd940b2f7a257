"""Puts what a JetStream consumer gives into its order again: pure, it is told what came.

The server counts its deliveries: a number left out means that something was delivered to nobody, or to a
bridge that was killed. It comes again when its time is over, after newer messages. So those are held back
until everything is there.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Delivery(NamedTuple, Generic[T]):
    """A message with the number of its delivery and its place in the stream."""

    number: int
    place: int
    message: T


class CatchingUp(Generic[T]):
    """What we hold of a consumer: handed on and not acknowledged, or held back."""

    def __init__(self, delivered: int = 0, *, is_behind: bool = False) -> None:
        self._delivered, self.is_behind = delivered, is_behind
        self._handed_on: dict[int, T] = {}
        self._held_back: dict[int, T] = {}

    def take(self, deliveries: Iterable[Delivery[T]]) -> Sequence[tuple[int, T]]:
        """Take in what came; answers what may be handed on now, by its place. Nothing while we are behind."""
        for number, place, message in deliveries:
            if number != self._delivered + 1:
                self.is_behind = True
            self._delivered = number
            # Given again while we have it: it is acknowledged by its latest delivery.
            mine = self._handed_on if place in self._handed_on else self._held_back
            mine[place] = message
        return [] if self.is_behind else self._all_there()

    def looks_at(self, unacknowledged: int) -> Sequence[tuple[int, T]]:
        """Go by how many messages the server waits for: when we have them all, they may be handed on."""
        if unacknowledged > len(self._handed_on) + len(self._held_back):
            return []
        self.is_behind = False
        return self._all_there()

    def acknowledged(self, place: int) -> T | None:
        """Forget a message that was handed on; answers its latest delivery."""
        return self._handed_on.pop(place, None)

    def everything(self) -> Sequence[T]:
        """What we hold, oldest first."""
        held = self._handed_on | self._held_back
        return [held[place] for place in sorted(held)]

    def _all_there(self) -> Sequence[tuple[int, T]]:
        found = sorted(self._held_back.items())
        self._handed_on |= self._held_back
        self._held_back = {}
        return found
