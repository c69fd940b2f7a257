"""Draws a simulated dinner: how long pushes waited by priority, and how many were queued."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib

from benchmarks.capacity.simulation import Evening, Told
from benchmarks.load.crowd import quantile

matplotlib.use("Agg")

from matplotlib import pyplot

_COLOURS = {1: "#c0392b", 3: "#d68910", 5: "#2471a3"}
_TITLES = ("every window as usual", "what can wait is merged for longer")


def draw(evenings: Sequence[Evening], scale: float, file: Path) -> None:
    """Both evenings over one another, at the same axes."""
    figure, axes = pyplot.subplots(3, 1, figsize=(9, 9), sharex=True, constrained_layout=True)
    for axis, evening, title in zip(axes, evenings, _TITLES, strict=False):
        for priority, colour in _COLOURS.items():
            minutes, waits = _by_minute(evening.told, priority)
            axis.plot(minutes, waits, color=colour, label=f"priority {priority}")
        axis.set(
            title=f"Seconds a push waits, p99 of each minute: {title}", ylabel="seconds", yscale="symlog"
        )
        axis.set_ylim(0, 3000)
        axis.legend(loc="upper left")
    for evening, title, style in zip(evenings, _TITLES, ("--", "-"), strict=True):
        at, lengths = zip(*evening.lengths, strict=True)
        axes[2].plot(
            [one / 60 for one in at],
            [one * scale / 1000 for one in lengths],
            style,
            color="#444444",
            label=title,
        )
    axes[2].set(title="Pushes in the queue, thousands", xlabel="minutes of the evening", ylabel="thousands")
    axes[2].legend(loc="upper left")
    for axis in axes:
        axis.grid(visible=True, alpha=0.3)
    figure.savefig(file, dpi=110)


def _by_minute(told: Sequence[Told], priority: int) -> tuple[list[float], list[float]]:
    minutes = defaultdict[int, list[float]](list)
    for one in told:
        if one.priority == priority:
            minutes[int(one.at // 60)].append(one.waited)
    return [float(minute) for minute in sorted(minutes)], [
        quantile(minutes[one], 0.99) for one in sorted(minutes)
    ]
