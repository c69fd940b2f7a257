"""Whatever runs of our programs, however short, ends with its own exit code: callers rely on it.

After a Temporal client or worker ran, an interpreter that is torn down may abort with exit code 134 (about one
of ten short workers did). ``leaving.py`` is why ours do not, and this is what holds it.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

from tests.processes import run, running, settings_apart
from tests.stage import Stage

RUNS = int(os.environ.get("EXIT_RUNS", "100"))
AT_ONCE = 2

Settings = Mapping[str, str]
Run = Callable[[Settings, int], Awaitable[int]]


async def _announces(settings: Settings, number: int) -> int:
    ended = await run("starter.py", "announce", f"E{number}", "PLACED", "--customer", "c-1", settings=settings)
    return ended.code


async def _asks_for_an_unknown_order(settings: Settings, _: int) -> int:
    return (await run("starter.py", "timeline", "nobody-announced-this", settings=settings)).code


async def _announces_after_the_end(settings: Settings, _: int) -> int:
    ended = await run("starter.py", "announce", "over", "PLACED", "--customer", "c-1", settings=settings)
    return ended.code


async def _works_and_is_terminated(settings: Settings, _: int) -> int:
    async with running("worker.py", settings=settings) as worker:
        await worker.says("worker: ready")
        worker.terminate()
        return (await worker.ends()).code


# What is run, and the exit code that is its own. A fifth are workers: they take longest, and aborted most.
MIX: Mapping[Run, int] = {
    _announces: 0,
    _asks_for_an_unknown_order: 1,
    _announces_after_the_end: 3,
    _works_and_is_terminated: 0,
}
ROUND = (
    _announces,
    _asks_for_an_unknown_order,
    _announces,
    _announces_after_the_end,
    _works_and_is_terminated,
)
