"""``make capacity``: the sums, a simulated dinner with a push limit below its peak, and the check of both.

SCALE=n: the dinner at an n-th of its rates and limits. Waits in a backlog are the same at every scale.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.capacity.check import SIZES, Checked, predicted
from benchmarks.capacity.plot import draw
from benchmarks.capacity.simulation import Dinner, Evening, simulate
from benchmarks.capacity.sums import Needs
from benchmarks.load.crowd import quantile
from benchmarks.load.priority import measure
from leaving import leave

DAILY, PEAK = 8e6, 400.0
SCALE = 80
# What the push providers take, below the 3,600 a second that the peak brings.
PUSHES = 3_000.0
PLOT = Path(__file__).parent.parent.parent / "docs" / "images" / "dinner.png"


def dinner(scale: float, *, sheds: bool) -> Dinner:
    """An hour and a half: the rush comes within half an hour, stays for one, and goes."""
    profile = ((0, 150), (1800, PEAK), (3600, PEAK), (5400, 100))
    return Dinner([(at, rate / scale) for at, rate in profile], PUSHES / scale, sheds)


def show(console: Console, evenings: Sequence[Evening]) -> None:
    """What it takes, and how long pushes waited."""
    needs = Table("", "", title=f"{DAILY / 1e6:g} million orders a day, {PEAK:g} a second at dinner")
    for what, how_much in Needs(DAILY, PEAK).rows():
        needs.add_row(what, how_much)
    console.print(needs)
    waits = Table("pushes", "without merging for longer", "with", title="The dinner, simulated")
    for priority in (1, 3, 5):
        waited = [[told.waited for told in evening.told if told.priority == priority] for evening in evenings]
        waits.add_row(f"priority {priority}: p99 s", *(f"{quantile(one, 0.99):.2f}" for one in waited))
        shares = (f"{len(one) / len(waited[0]):.2f}" for one in waited)
        waits.add_row(f"priority {priority}: pushes, of all without", *shares)
    console.print(waits)


def main() -> bool:
    """Sum up, simulate, measure, and say whether the simulation is near what was measured."""
    scale, console = float(os.environ.get("SCALE") or SCALE), Console(file=sys.stdout, width=110)
    evenings = [simulate(dinner(scale, sheds=sheds)) for sheds in (False, True)]
    show(console, evenings)
    draw(evenings, scale, PLOT)
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        checked = Checked(predicted(SIZES), asyncio.run(measure(SIZES, Path(folder))))
    verdict = f"capacity: {'HOLDS' if checked.holds else 'FAILS'} {checked}"
    console.print(verdict, soft_wrap=True, highlight=False)
    return checked.holds


if __name__ == "__main__":
    leave(0 if main() else 1)
