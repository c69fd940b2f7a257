"""Draws what the runs of a benchmark came to, each run beside the medians."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import matplotlib

from benchmarks.bench.report import FLOOR, LEAST_RATE, MOST_CPU, MOST_P99, Figures

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

_OURS, _SERVER, _LIMIT = "#2471a3", "#aab7b8", "#c0392b"
Runs = Mapping[str, Sequence[Figures]]


def draw(runs: Runs, file: Path) -> None:
    """CPU, throughput and latency of all systems, with the limits that the floor sets for the product."""
    figure, (cpu, rate, late) = pyplot.subplots(1, 3, figsize=(12, 4.2), constrained_layout=True)
    _bars(cpu, runs, "server_cpu", _SERVER, label="Temporal server", total="cpu")
    _bars(cpu, runs, "worker_cpu", _OURS, label="worker", on="server_cpu")
    _limit(cpu, MOST_CPU * _median(runs[FLOOR], "cpu"), f"limit, {MOST_CPU:g} of the floor")
    cpu.set(title="CPU an order", ylabel="ms")
    _bars(rate, runs, "rate", _OURS, total="rate")
    _limit(rate, LEAST_RATE * _median(runs[FLOOR], "rate"), f"least, {LEAST_RATE:g} of the floor")
    rate.set(title="Orders a second", ylabel="orders")
    _bars(late, runs, "p99", _OURS, total="p99")
    _limit(late, MOST_P99 * _median(runs[FLOOR], "p99"), f"limit, {MOST_P99:g} of the floor")
    late.set(title="Critical event to provider, p99", ylabel="seconds")
    for axis in (cpu, rate, late):
        axis.legend(loc="lower right", framealpha=0.95)
        axis.set_axisbelow(True)
        axis.grid(visible=True, axis="y", alpha=0.3)
    figure.savefig(file, dpi=110)


def _bars(
    axis: Axes, runs: Runs, name: str, colour: str, *, label: str = "", total: str = "", on: str = ""
) -> None:
    """The medians as bars; with ``total`` every run of that figure as a dot."""
    below = [_median(figures, on) if on else 0.0 for figures in runs.values()]
    heights = [_median(figures, name) for figures in runs.values()]
    axis.bar(list(runs), heights, 0.6, bottom=below, color=colour, label=label or None)
    if total:
        points = [(at, getattr(one, total)) for at, figures in enumerate(runs.values()) for one in figures]
        axis.plot(*zip(*points, strict=True), "o", color="black", markersize=4, label="one run", zorder=3)


def _limit(axis: Axes, value: float, label: str) -> None:
    axis.axhline(value, color=_LIMIT, linestyle="--", label=label)


def _median(figures: Sequence[Figures], name: str) -> float:
    return float(median(getattr(one, name) for one in figures))
