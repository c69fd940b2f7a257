"""The benchmarks of load judge by what they say, and see what is lost, late or grown."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bench.job import BATCHES
from benchmarks.load import priority
from benchmarks.load.open_orders import Opened
from benchmarks.load.priority import Sizes, Turns
from benchmarks.load.processes import Compared, Run
from benchmarks.load.soak import Sample, Soaked, judged

TOLD = len(BATCHES)
TURNS = Turns(
    sizes=Sizes(backlog=100),
    urgent_alone=0.1,
    urgent=0.3,
    small_alone=0.1,
    small=0.3,
    missing=0,
    waited=10,
    ended=Counter(SENT=90, SUPERSEDED=4, EXPIRED=6),
)
OPENED = Opened(
    orders=100,
    cached=10,
    before=90,
    first=95,
    full=100,
    opened=110,
    answering=120,
    answered=132,
    server=9,
    answers=100,
    seconds=1,
)
SOAKED = Soaked(
    minutes=30,
    capacity=10,
    orders=100,
    memory_early=100,
    memory_late=105,
    p99_early=0.2,
    p99_late=0.3,
    lost=0,
    doubled=0,
)
COMPARED = Compared(8, Run(10, 0.5, 1, 0.2), Run(16, 0.95, 2, 0.3))


def test_what_keeps_every_limit_holds() -> None:
    assert TURNS.holds
    assert OPENED.holds
    assert SOAKED.holds
    assert COMPARED.holds


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TURNS, urgent=0.31),
        replace(TURNS, urgent=2.1, urgent_alone=1),
        replace(TURNS, small=0.31),
        replace(TURNS, missing=1),
        replace(TURNS, waited=0),
        replace(TURNS, ended=Counter(SENT=99)),
        replace(TURNS, ended=Counter(SENT=99, FAILED=1)),
        replace(TURNS, ended=Counter(SENT=99, PENDING=1)),
        replace(OPENED, answers=99),
        replace(OPENED, opened=111),
        replace(OPENED, answered=133),
        replace(SOAKED, memory_late=106),
        replace(SOAKED, p99_late=0.31),
        replace(SOAKED, lost=1),
        replace(SOAKED, doubled=1),
        replace(COMPARED, two=Run(15, 0.95, 2, 0.3)),
    ],
    ids=str,
)
def test_whatever_breaks_a_limit_fails(wrong: Turns | Opened | Soaked | Compared) -> None:
    assert not wrong.holds
    assert "FAILS" in str(wrong)


def test_a_message_that_nobody_got_is_lost_and_one_too_many_is_doubled() -> None:
    memory = [Sample(at, 100) for at in range(60)]
    latencies = [(float(at), 0.1) for at in range(60)]

    found = judged(1, 10, memory, latencies, [TOLD, TOLD - 1, TOLD, TOLD + 2])

    assert (found.orders, found.lost, found.doubled) == (2, 1, 2)


def test_memory_is_compared_after_warming_up_and_latency_by_halves() -> None:
    memory = [Sample(at, at if at < 10 else 100 + at) for at in range(60)]
    latencies = [(float(at), 9 if at < 10 else 0.1 if at < 35 else 0.2) for at in range(60)]

    found = judged(1, 10, memory, latencies, [TOLD] * 20)

    assert (found.memory_early, found.memory_late) == (112, 157)
    assert (found.p99_early, found.p99_late) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("two", "bound"),
    [
        (Run(16, 0.95, 2, 0.3), "the server's core, 95% busy"),
        (Run(16, 0.5, 6, 0.9), "the 7 core(s) that the server leaves, 99% busy"),
        (Run(16, 0.5, 2, 0.3), "no core: 2.3 of 7"),
        (Run(16, 0.5, 2, 0.3, others=3), "other programs, which took 3.0 of 8"),
    ],
)
def test_what_bounds_two_processes_is_what_was_busy(two: Run, bound: str) -> None:
    assert replace(COMPARED, two=two).bound.startswith(bound)


async def test_the_urgent_pass_a_backlog_of_which_nothing_is_lost(tmp_path: Path) -> None:
    sizes = Sizes(backlog=30, urgent=2, small=2, rate=20, pace=20)

    found = await priority.measure(sizes, tmp_path)

    assert (found.lost, found.missing) == (0, 0), found
    assert found.ended["SENT"] == 30
