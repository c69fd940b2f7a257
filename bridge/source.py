"""What the bridge asks of a broker: to give messages, to forget those handed over, to park the rest."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self


class SourceAway(Exception):
    """The broker does not answer, or refuses: what was asked of it has to be asked again."""


@dataclass(slots=True, eq=False)
class Message:
    """A message as the broker gave it. ``place`` says where it is there, for people.

    ``share`` is the part of the source it belongs to, which may be taken from us: a partition of Kafka.
    ``own`` is what the broker's library needs to know it by.
    """

    body: bytes
    headers: Mapping[str, str]
    place: str
    published_at: datetime | None = None
    share: str = ""
    own: Any = field(default=None, repr=False)


# Called when shares are taken from us; when it returns, what is left of them is no business of ours.
LetGo = Callable[[Collection[str]], Awaitable[None]]


class Source(Protocol):
    """A place that messages come from, entered with ``async with``.

    Whatever is not acknowledged when we end, however we end, comes again, in the order it had.
    """

    @property
    def name(self) -> str:
        """Names it, for people."""

    @property
    def keep_every(self) -> float | None:
        """Seconds after which the broker wants to hear that a message is still ours, None where never."""

    async def __aenter__(self) -> Self:
        """Connect. Raises ``BadInput`` for a setting that leads nowhere."""

    async def __aexit__(self, *_: object) -> None:
        """Leave; what is not acknowledged goes back."""

    async def receive(self, limit: int) -> Sequence[Message]:
        """Up to ``limit`` messages, none after about a second without; with 0 at once, only to stay a member.

        Raises :class:`SourceAway`.
        """

    async def acknowledge(self, message: Message) -> None:
        """Temporal has it, or it is parked. Where that is not heard it comes again, which does no harm."""

    async def keep(self) -> None:
        """Say that what we hold is still being worked on."""

    async def park(self, message: Message, reason: str) -> None:
        """Put it, as it came and with the reason, where what nobody can read goes. Raises SourceAway."""

    async def lag(self) -> int:
        """How many messages the broker has for us, those we hold included. Raises :class:`SourceAway`."""
