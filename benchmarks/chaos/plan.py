"""Everything that will happen in a chaos run, drawn from its seed before it begins."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Self, get_args

from benchmarks.chaos.people import dead_devices, everybody, stranger
from domain.orders import BadInput, OrderEvent
from domain.recipients import Recipient
from domain.status import Role, Status
from simulator.faults import Fault, Provider

Disturbed = Literal["worker", "server", "database"]

CANCELLED_SHARE = 0.1
SENT_TWICE_SHARE = 0.05
LATE_SHARE = 0.05
# The order service was away itself, and hands over what happened an hour ago.
BACKLOG_SHARE = 0.04
STRANGER_SHARE = 0.05
AN_HOUR = 3600.0

_LIFE: Sequence[Status] = [status for status in Status if status is not Status.CANCELLED]
# Of 1000 calls 200 fail, in three ways, and then 24 of the 800 that were accepted are not answered.
_FAILING = (
    Fault(kind="error", share=0.12),
    Fault(kind="throttle", share=0.04 / 0.88),
    Fault(kind="cut_before", share=0.04 / 0.84),
    Fault(kind="cut_after", share=0.03),
)


@dataclass(frozen=True)
class Size:
    """How much happens, and in how many seconds. ``patience``: how long the last retries may take."""

    orders: int = 200
    seconds: float = 150
    failing_seconds: float = 150
    worker_kills: int = 11
    server_kills: int = 3
    outages: int = 1
    outage_seconds: float = 10
    patience: float = 720

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings. Raises BadInput for one that is no number."""
        seconds = _number(environ, "SECONDS", cls.seconds)
        return cls(
            orders=int(_number(environ, "ORDERS", cls.orders)),
            seconds=seconds,
            failing_seconds=seconds,
            worker_kills=int(_number(environ, "WORKER_KILLS", cls.worker_kills)),
            server_kills=int(_number(environ, "SERVER_KILLS", cls.server_kills)),
            outage_seconds=_number(environ, "OUTAGE_SECONDS", cls.outage_seconds),
            patience=_number(environ, "PATIENCE", cls.patience),
        )


@dataclass(frozen=True)
class Step:
    """One event handed over ``at`` a second of the run; it ``happened`` at another."""

    at: float
    happened: float
    event: OrderEvent

    def on(self, began: datetime) -> OrderEvent:
        """Put a time to it."""
        return self.event.model_copy(update={"occurred_at": began + timedelta(seconds=self.happened)})


@dataclass(frozen=True)
class Kill:
    """One program killed with -9, or the database stopped, and how long until it comes back."""

    at: float
    what: Disturbed
    for_s: float


@dataclass(frozen=True)
class Faults:
    """What goes wrong with the providers from a second on."""

    at: float
    faults: Sequence[Fault]


@dataclass(frozen=True)
class Plan:
    """One chaos run. ``orders`` are lists of steps in the order in which they are handed over."""

    seed: int
    size: Size
    people: Sequence[Recipient]
    orders: Sequence[Sequence[Step]]
    kills: Sequence[Kill]
    faults: Sequence[Faults]

    @classmethod
    def draw(cls, seed: int, size: Size) -> Self:
        """Draw it: the same seed and size are the same plan."""
        chance = random.Random(seed)  # noqa: S311 chance that can be repeated is the point
        people = everybody(size.orders)
        numbers = range(size.orders)
        cancelled = set(chance.sample(numbers, round(size.orders * CANCELLED_SHARE)))
        orders = [
            _order(chance, f"{seed}-{n}", people, size.seconds, is_cancelled=n in cancelled) for n in numbers
        ]
        return cls(seed, size, people, orders, _kills(chance, size), _faults(chance, size, people))


def _order(
    chance: random.Random, order_id: str, people: Sequence[Recipient], seconds: float, *, is_cancelled: bool
) -> list[Step]:
    """One order's life, some events of it handed over late, some twice."""
    holders = {role: chance.choice([p for p in people if p.role is role]).recipient_id for role in Role}
    if chance.random() < STRANGER_SHARE:
        holders[Role.CUSTOMER] = stranger().recipient_id
    happened = chance.uniform(0, seconds)
    ago = AN_HOUR if chance.random() < BACKLOG_SHARE else 0
    steps: list[Step] = []
    for number, status in enumerate(_life(chance, is_cancelled=is_cancelled)):
        happened += _pause(chance) if number else 0
        event = _event(order_id, number, status, holders)
        steps += _steps(chance, event, happened, ago)
    return sorted(steps, key=lambda step: step.at)


def _life(chance: random.Random, *, is_cancelled: bool) -> list[Status]:
    return [*_LIFE[: chance.randint(1, len(_LIFE) - 1)], Status.CANCELLED] if is_cancelled else [*_LIFE]


def _pause(chance: random.Random) -> float:
    """Some follow each other within a window, some do not."""
    return chance.uniform(0.1, 0.9) if chance.random() < 0.5 else chance.uniform(1.5, 5)


def _steps(chance: random.Random, event: OrderEvent, happened: float, ago: float) -> Iterator[Step]:
    at = happened + (chance.uniform(1, 5) if chance.random() < LATE_SHARE else 0)
    yield Step(at, happened - ago, event)
    if chance.random() < SENT_TWICE_SHARE:
        yield Step(at + chance.uniform(0, 4), happened - ago, event)


def _event(order_id: str, number: int, status: Status, holders: Mapping[Role, str]) -> OrderEvent:
    """The courier is found while the meal is being prepared."""
    has_courier = number >= _LIFE.index(Status.PREPARING)
    return OrderEvent(
        event_id=f"{order_id}-{number}",
        order_id=order_id,
        status=status,
        occurred_at=datetime.min.replace(tzinfo=UTC),
        customer_id=holders[Role.CUSTOMER],
        merchant_id=holders[Role.MERCHANT],
        courier_id=holders[Role.COURIER] if has_courier else None,
        # A name of its own for each order, so that a text message tells which order it is about.
        facts={"merchant_name": f"Kitchen {order_id}"},
    )


def _kills(chance: random.Random, size: Size) -> list[Kill]:
    """Spread over the run, so that each meets work, and drawn apart, so that they meet each other."""
    kills = [Kill(at, "worker", chance.uniform(0, 3)) for at in _spread(chance, size, size.worker_kills)]
    downs = [2.0, 12.0, 5.0]
    for number, at in enumerate(_spread(chance, size, size.server_kills)):
        kills.append(Kill(at, "server", downs[number % len(downs)]))
    kills += [Kill(at, "database", size.outage_seconds) for at in _spread(chance, size, size.outages)]
    return sorted(kills, key=lambda kill: kill.at)


def _spread(chance: random.Random, size: Size, times: int) -> list[float]:
    each = size.seconds / max(times, 1)
    return [(number + chance.uniform(0.15, 0.85)) * each for number in range(times)]


def _faults(chance: random.Random, size: Size, people: list[Recipient]) -> list[Faults]:
    """On most of the time, off for a while twice, and one provider all down for a tenth of the run."""
    dead = [Fault(kind="dead", address=token) for token in dead_devices(people)]
    usual, tenth = [*dead, *_FAILING], size.failing_seconds / 10
    provider: Provider = chance.choice(get_args(Provider))
    down_from = chance.uniform(0, 2) * tenth
    plan = [Faults(0, usual), Faults(down_from, [Fault(kind="error", provider=provider), *usual])]
    plan.append(Faults(down_from + tenth, usual))
    for begins in (chance.uniform(4, 5) * tenth, chance.uniform(7, 8) * tenth):
        plan += [Faults(begins, dead), Faults(begins + tenth / 2, usual)]
    return [*plan, Faults(size.failing_seconds, dead)]


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    value = environ.get(name) or str(default)
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise BadInput(name, f"{value} is not a number of at least 0")
    return number
