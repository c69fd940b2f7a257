"""A discrete-event model of one queue of sends: priorities, merchants in turn, and a limit.

What is simulated is what the server and the orders do with time; nothing of the product runs. The order of
the queue is the server's: the urgent first, then each merchant by its own count, as stride scheduling has it.
"""

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import simpy

from domain.deciding import CAN_WAIT
from domain.listener import WINDOWS_AT_MOST

Process = Generator[simpy.Event, Any, None]

BEHIND_AFTER, WINDOW = 30.0, 60.0
# Seconds from PLACED to each further status, each with a third of it more or less.
KITCHEN = (60.0, 180.0, 600.0)
ROAD = (900.0, 1300.0, 1500.0)
_SPREAD = 1 / 3


@dataclass(frozen=True)
class Told:
    """One send: how urgent, whose, when it left and how long it had waited."""

    priority: int
    merchant: str
    at: float
    waited: float


class SendQueue:
    """One queue of the server, behind a limit of sends a second."""

    def __init__(self, env: simpy.Environment, rate: float) -> None:
        self.env, self.rate = env, rate
        self.left: list[Told] = []
        self._waiting: dict[int, list[tuple[float, int, float, str]]] = defaultdict(list)
        self._counts: dict[tuple[int, str], float] = {}
        self._reached: dict[int, float] = defaultdict(float)
        self._by_age: dict[int, list[tuple[float, int]]] = defaultdict(list)
        self._gone = set[int]()
        self._numbers, self._arrival = itertools.count(), env.event()
        env.process(self._hand_out())

    def put(self, priority: int, merchant: str) -> None:
        """Queue a send, in its merchant's turn."""
        count = max(self._counts.get((priority, merchant), 0.0), self._reached[priority]) + 1
        self._counts[priority, merchant] = count
        number = next(self._numbers)
        heapq.heappush(self._waiting[priority], (count, number, self.env.now, merchant))
        heapq.heappush(self._by_age[priority], (self.env.now, number))
        if not self._arrival.triggered:
            self._arrival.succeed()

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def is_behind(self) -> bool:
        """Whether the oldest of those that can wait has waited for long."""
        by_age = self._by_age[CAN_WAIT]
        while by_age and by_age[0][1] in self._gone:
            self._gone.discard(heapq.heappop(by_age)[1])
        return bool(by_age) and self.env.now - by_age[0][0] >= BEHIND_AFTER

    def _hand_out(self) -> Process:
        while True:
            if not len(self):
                self._arrival = self.env.event()
                yield self._arrival
            priority = min(number for number, waiting in self._waiting.items() if waiting)
            count, number, since, merchant = heapq.heappop(self._waiting[priority])
            self._reached[priority] = count
            self._gone.add(number)
            self.left.append(Told(priority, merchant, self.env.now, self.env.now - since))
            yield self.env.timeout(1 / self.rate)


@dataclass(frozen=True)
class Dinner:
    """Orders a second over time, as points that are joined by lines, and the means to tell them."""

    profile: Sequence[tuple[float, float]]
    rate: float
    sheds: bool
    seed: int = 1

    def orders_at(self, at: float) -> float:
        """Orders a second at a time."""
        for (begin, low), (end, high) in itertools.pairwise(self.profile):
            if begin <= at < end:
                return low + (high - low) * (at - begin) / (end - begin)
        return 0.0


@dataclass(frozen=True)
class Evening:
    """What came of a dinner: every push, and how long the queue was every ten seconds."""

    told: Sequence[Told]
    lengths: Sequence[tuple[float, int]]


def simulate(dinner: Dinner) -> Evening:
    """Serve a dinner, and what is left of it afterwards."""
    env = simpy.Environment()
    chance = random.Random(dinner.seed)  # noqa: S311 a simulation, the same every time
    queue, lengths = SendQueue(env, dinner.rate), list[tuple[float, int]]()
    env.process(_arrive(env, dinner, queue, chance))
    env.process(_look(env, queue, lengths))
    env.run(until=dinner.profile[-1][0] + 2 * ROAD[-1])
    return Evening(queue.left, lengths)


def _arrive(env: simpy.Environment, dinner: Dinner, queue: SendQueue, chance: random.Random) -> Process:
    most = max(rate for _, rate in dinner.profile)
    while env.now < dinner.profile[-1][0]:
        yield env.timeout(chance.expovariate(most))
        if chance.random() < dinner.orders_at(env.now) / most:
            # Few merchants have many orders: the larger the number, the smaller the merchant.
            merchant = f"m-{int(chance.paretovariate(0.6)) % 5000}"
            env.process(_order(env, dinner, queue, merchant, chance))


def _order(
    env: simpy.Environment, dinner: Dinner, queue: SendQueue, merchant: str, chance: random.Random
) -> Process:
    """The pushes of one order, to its customer and its merchant."""
    placed = env.now
    times = [placed + at * (1 + chance.uniform(-_SPREAD, _SPREAD)) for at in (*KITCHEN, *ROAD)]
    kitchen, road = sorted(times[: len(KITCHEN)]), sorted(times[len(KITCHEN) :])
    queue.put(3, merchant)
    queue.put(1, merchant)
    yield from _kitchen(env, dinner, queue, merchant, kitchen, until=road[0])
    for at in road:
        yield env.timeout(max(0.0, at - env.now))
        queue.put(1, merchant)
    queue.put(1, merchant)


def _kitchen(
    env: simpy.Environment,
    dinner: Dinner,
    queue: SendQueue,
    merchant: str,
    kitchen: Sequence[float],
    until: float,
) -> Process:
    """News that can wait: in its window, and for more windows while the queue is known to be behind."""
    was_behind, told_through = queue.is_behind, 0.0
    for at in kitchen:
        if at <= told_through or at >= until:
            continue
        due = at + WINDOW
        yield env.timeout(max(0.0, min(due, until) - env.now))
        while dinner.sheds and was_behind and queue.is_behind and due < at + WINDOWS_AT_MOST * WINDOW:
            due += WINDOW
            yield env.timeout(max(0.0, min(due, until) - env.now))
        if env.now >= until:
            return  # what is urgent takes it along
        queue.put(CAN_WAIT, merchant)
        was_behind, told_through = queue.is_behind, env.now


def _look(env: simpy.Environment, queue: SendQueue, lengths: list[tuple[float, int]]) -> Process:
    while True:
        lengths.append((env.now, len(queue)))
        yield env.timeout(10)
