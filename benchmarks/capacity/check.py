"""Holds the simulation's queue against the real one: the same small backlog, limit and pace, measured."""

import random
from dataclasses import dataclass

import simpy

from benchmarks.capacity.simulation import Process, SendQueue
from benchmarks.load.crowd import quantile
from benchmarks.load.priority import Sizes, Turns

# A limit well below what a small machine does: here the limit is what is looked at, not the machine.
SIZES = Sizes(backlog=300, urgent=20, small=20, rate=8, pace=2)
# How far what was measured may be from what was simulated. What is left of the backlog is only shown: it goes
# by how long a busy machine takes to make the calls.
SECONDS = 0.5


@dataclass(frozen=True)
class Predicted:
    """What the simulation says of the seconds that a limited queue adds, and of what is left in it."""

    urgent: float
    small: float
    waited: int


@dataclass(frozen=True)
class Checked:
    """A prediction and what was measured."""

    predicted: Predicted
    measured: Turns

    @property
    def urgent(self) -> float:
        """What the queue added to urgent news, measured: the time with a backlog but for the time without."""
        return self.measured.urgent - self.measured.urgent_alone

    @property
    def small(self) -> float:
        """What it added to a small merchant's news."""
        return self.measured.small - self.measured.small_alone

    @property
    def holds(self) -> bool:
        """Whether the simulation is near enough."""
        is_near = (
            abs(self.urgent - self.predicted.urgent) <= SECONDS
            and abs(self.small - self.predicted.small) <= SECONDS
        )
        return is_near and self.measured.waited > 0

    def __str__(self) -> str:
        """Both, side by side."""
        return (
            f"the limit adds to the p99 of urgent news {self.urgent:.2f} s, "
            f"simulated {self.predicted.urgent:.2f}; to a small merchant's {self.small:.2f} s, "
            f"simulated {self.predicted.small:.2f}; of "
            f"{self.measured.sizes.backlog} queued {self.measured.waited} were left, "
            f"simulated {self.predicted.waited}"
        )


def predicted(sizes: Sizes) -> Predicted:
    """Simulate what ``make bench-priority`` does with the queue."""
    env = simpy.Environment()
    queue, left = SendQueue(env, sizes.rate), list[int]()
    for _ in range(sizes.backlog):
        queue.put(5, "big")
    env.process(_measured(env, queue, sizes, left))
    env.run()
    waits = {
        name: [told.waited for told in queue.left if told.merchant == name] for name in ("urgent", "small")
    }
    return Predicted(quantile(waits["urgent"], 0.99), quantile(waits["small"], 0.99), left[0])


def _measured(env: simpy.Environment, queue: SendQueue, sizes: Sizes, left: list[int]) -> Process:
    chance = random.Random(1)  # noqa: S311 a simulation, the same every time
    for merchant, priority, count in (("urgent", 1, sizes.urgent), ("small", 5, sizes.small)):
        for _ in range(count):
            yield env.timeout(chance.uniform(0.5, 1.5) / sizes.pace)
            queue.put(priority, merchant)
    yield env.timeout(1 / sizes.rate)
    left.append(len(queue))
