"""Hands what the broker gave to Temporal, or parks what nobody can read, and then acknowledges it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bridge.gate import Gate, NotNow
from bridge.lanes import Held
from bridge.source import Message, Source, SourceAway
from domain.ledger import dead_letter_id
from domain.orders import BadInput, OrderEvent, Rules
from domain.published import order_named_in, read_published
from domain.redriving import BY_BRIDGE, RAW_CHARACTERS_KEPT
from domain.telling import DeadLetter

if TYPE_CHECKING:
    from activities.store import Store

# A publisher that was in doubt publishes again soon. What is repeated later the order itself knows.
EVENTS_REMEMBERED = 10_000
NO_ORDER = "unknown"


class Announcer(Protocol):
    """The order service's library, as far as the bridge needs it."""

    async def announce(self, event: OrderEvent, rules: Rules | None = None) -> None:
        """Hand an event over for good: when this returns, the server has it."""


@dataclass(frozen=True)
class Door:
    """The order service's library, which knows us and is not known to us: ``order_service.OrderService``.

    ``over`` is what it raises after an order's end, ``not_now`` what it raises besides ``RPCError`` when it
    has to be asked again.
    """

    opened: Callable[[Client], Announcer]
    over: type[Exception]
    not_now: tuple[type[Exception], ...]


class Outcome(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CLOSED = "closed"
    REFUSED = "refused"


def read(message: Message) -> Held:
    """What a message says, or what is wrong with it."""
    try:
        return Held(message, read_published(message.body, message.headers))
    except BadInput as problem:
        return Held(message, problem)


class Handover:
    """Does with a message what has to be done before the broker may forget it.

    ``note`` hears of every outcome; ``rules`` are those of the orders that are started.
    """

    def __init__(
        self,
        source: Source,
        orders: Announcer,
        door: Door,
        store: "Store",
        say: Callable[[str], None],
        note: Callable[[Outcome], None],
        rules: Rules | None = None,
    ) -> None:
        self._source, self._orders, self._door, self._store = source, orders, door, store
        self._note, self._rules = note, rules
        self.temporal = Gate("Temporal", say)
        self._parking = Gate("where dead letters are kept", say)
        self._handed_over: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def hand_over(self, held: Held) -> None:
        """Hand an event over, or park it; then, and only then, acknowledge it."""
        outcome = await self._outcome(held)
        if held.is_let_go:
            return
        await self._source.acknowledge(held.message)
        self._note(outcome)

    async def _outcome(self, held: Held) -> Outcome:
        if isinstance(held.content, BadInput):
            return await self._refuse(held, held.content)
        event, key = held.content, (held.content.order_id, held.content.event_id)
        if key in self._handed_over:
            return Outcome.DUPLICATE
        try:
            await self.temporal.through(lambda: self._announce(event, held))
        except self._door.over:
            return Outcome.CLOSED
        except BadInput as problem:
            return await self._refuse(held, problem)
        if not held.is_let_go:
            self._remember(key)
        return Outcome.ACCEPTED

    async def _announce(self, event: OrderEvent, held: Held) -> None:
        if held.is_let_go:
            return
        try:
            await self._orders.announce(event, self._rules)
        except RPCError as problem:
            if problem.status is RPCStatusCode.INVALID_ARGUMENT:
                # The same event would be refused for ever.
                raise BadInput("event", "is more than Temporal takes, shorten its ids") from None
            raise NotNow(problem.status.name.lower().replace("_", " ")) from None
        except self._door.not_now as problem:
            raise NotNow(str(problem)) from None

    async def _refuse(self, held: Held, problem: BadInput) -> Outcome:
        await self._parking.through(lambda: self._park(held, problem))
        return Outcome.REFUSED

    async def _park(self, held: Held, problem: BadInput) -> None:
        """Keep it in both places. Each of them may have it already: it is kept once there."""
        from activities.store import StoreUnavailable  # noqa: PLC0415 half a second that only we need

        if held.is_let_go:
            return
        try:
            await self._store.keep(_letter(held.message, problem))
            await self._source.park(held.message, str(problem))
        except (StoreUnavailable, SourceAway) as away:
            raise NotNow(str(away)) from None

    def _remember(self, key: tuple[str, str]) -> None:
        self._handed_over[key] = None
        if len(self._handed_over) > EVENTS_REMEMBERED:
            self._handed_over.popitem(last=False)


def _letter(message: Message, problem: BadInput) -> DeadLetter:
    """One for each message: the same content at another place is another one."""
    order_id = order_named_in(message.body) or NO_ORDER
    raw = message.body.decode(errors="replace")
    return DeadLetter(
        dead_letter_id=dead_letter_id(order_id, BY_BRIDGE, f"{message.place}\n{raw}"),
        order_id=order_id,
        source=BY_BRIDGE,
        reason=str(problem),
        field=problem.field,
        raw=raw[:RAW_CHARACTERS_KEPT],
        at=datetime.now(UTC),
    )
