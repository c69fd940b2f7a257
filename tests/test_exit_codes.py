"""Whatever runs of our programs, however short, ends with its own exit code: callers rely on it.

After a Temporal client or worker ran, an interpreter that is torn down may abort with exit code 134: six of
these hundred did. ``leaving.py`` is why ours do not, and this is what holds it. The first ten are started
from nothing, as people do. The others are forked from one that has loaded all: they end in the same way.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol

from tests.processes import Ended, run, run_from_nothing, running, settings_apart
from tests.stage import Stage

RUNS = int(os.environ.get("EXIT_RUNS", "100"))
FROM_NOTHING = 10
AT_ONCE = 2

Settings = Mapping[str, str]


class Run(Protocol):
    """A way to run one of our programs to its end."""

    def __call__(self, program: str, *arguments: str, settings: Settings) -> Awaitable[Ended]: ...


async def announcing(run: Run, settings: Settings) -> int:
    """Hand one more event over."""
    return (await run("starter.py", *_PLACED, settings=settings)).code


async def looking(run: Run, settings: Settings) -> int:
    """Look at an order that nobody announced."""
    return (await run("starter.py", "timeline", "nobody-announced-this", settings=settings)).code


async def announcing_nonsense(run: Run, settings: Settings) -> int:
    """Connect, and be refused by the server."""
    elsewhere = {**settings, "TEMPORAL_NAMESPACE": "nowhere"}
    return (await run("starter.py", *_PLACED, settings=elsewhere)).code


async def slipping(run: Run, settings: Settings) -> int:
    """Mistype the command line."""
    return (await run("starter.py", *_PLACED, "--costumer", settings=settings)).code


async def working(_: Run, settings: Settings) -> int:
    """Work until SIGTERM, which comes as soon as it is ready."""
    async with running("worker.py", settings=settings) as worker:
        await worker.says("worker: ready")
        worker.terminate()
        return (await worker.ends()).code


_PLACED = ("announce", "E1", "PLACED", "--customer", "c-1")

# Ten short runs and the exit codes that are their own.
TEN: tuple[tuple[Callable[[Run, Settings], Awaitable[int]], int], ...] = (
    (working, 0),
    (announcing, 0),
    (looking, 1),
    (announcing, 0),
    (announcing_nonsense, 1),
    (announcing, 0),
    (announcing, 0),
    (looking, 1),
    (slipping, 2),
    (announcing, 0),
)


async def test_every_one_of_a_hundred_short_runs_ends_with_its_own_exit_code(
    stage: Stage, tmp_path: Path
) -> None:
    settings = await settings_apart(stage, "short-runs", tmp_path)
    # The first worker makes the database and registers what the others need.
    assert await working(run, settings) == 0

    endings: Counter[tuple[str, int]] = Counter()
    still_to_run = enumerate(islice(cycle(TEN), RUNS))

    async def one_after_the_other() -> None:
        for number, (command, _) in still_to_run:
            way = run_from_nothing if number < FROM_NOTHING else run
            endings[command.__name__, await command(way, settings)] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))

    assert endings == Counter((command.__name__, code) for command, code in islice(cycle(TEN), RUNS))
