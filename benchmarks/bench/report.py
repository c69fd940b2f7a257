"""What the runs of a benchmark came to: the medians as a table, and whether every limit holds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.bench.job import BATCHES

PRODUCT, FLOOR, SANDBOXED = "product", "floor", "floor, sandboxed"
MOST_CPU, LEAST_RATE, MOST_P99 = 1.15, 0.9, 1.3
_ROWS = (
    ("CPU ms an order, worker and server", "cpu"),
    ("  worker", "worker_cpu"),
    ("  Temporal server", "server_cpu"),
    ("orders a second", "rate"),
    ("critical event to provider, p50 s", "p50"),
    ("critical event to provider, p99 s", "p99"),
    ("history events an order", "events"),
    ("history bytes an order", "size"),
    ("worker's memory at the end, MiB", "memory"),
)


@dataclass(frozen=True)
class Figures:
    """What one run came to. CPU in milliseconds an order, latency in seconds, memory in MiB."""

    worker_cpu: float
    server_cpu: float
    rate: float
    p50: float
    p99: float
    events: float
    size: float
    memory: float
    lost: int
    doubled: int

    @property
    def cpu(self) -> float:
        """Worker and server together."""
        return self.worker_cpu + self.server_cpu


def show(runs: Mapping[str, Sequence[Figures]], console: Console) -> bool:
    """Print the medians and the verdict; whether it holds."""
    medians = {name: _medians(figures) for name, figures in runs.items()}
    product, floor = medians[PRODUCT], medians[FLOOR]
    table = Table("", *medians, "product / floor", title=f"Medians of {len(runs[PRODUCT])} runs")
    for title, name in _ROWS:
        values = [getattr(one, name) for one in medians.values()]
        table.add_row(title, *map(_said, values), f"{getattr(product, name) / getattr(floor, name):.2f}")
    for name in ("lost", "doubled"):
        table.add_row(name, *(str(getattr(one, name)) for one in medians.values()), "")
    console.print(table)
    failed = [name for name, holds in _limits(product, floor, medians[SANDBOXED]).items() if not holds]
    console.print(
        f"bench: {'FAILS by ' + ', '.join(failed) if failed else 'HOLDS'}: "
        f"CPU {product.cpu / floor.cpu:.2f} of the floor's (limit {MOST_CPU}) and "
        f"{product.cpu / medians[SANDBOXED].cpu:.2f} of the sandboxed floor's (limit 1), "
        f"orders a second {product.rate / floor.rate:.2f} (least {LEAST_RATE}), "
        f"p99 {product.p99 / floor.p99:.2f} (limit {MOST_P99}), events {product.events - floor.events:+.1f} "
        f"(limit +{len(BATCHES)}), lost {product.lost}, doubled {product.doubled}",
        soft_wrap=True,
        highlight=False,
    )
    return not failed


def _limits(product: Figures, floor: Figures, sandboxed: Figures) -> Mapping[str, bool]:
    return {
        "CPU": product.cpu <= MOST_CPU * floor.cpu,
        "CPU of the sandboxed floor": product.cpu <= sandboxed.cpu,
        "orders a second": product.rate >= LEAST_RATE * floor.rate,
        "p99": product.p99 <= MOST_P99 * floor.p99,
        "events": product.events <= floor.events + len(BATCHES),
        "lost": product.lost == 0,
        "doubled": product.doubled == 0,
    }


def _medians(runs: Sequence[Figures]) -> Figures:
    fields = Figures.__dataclass_fields__
    worst = {name: max(getattr(run, name) for run in runs) for name in ("lost", "doubled")}
    medians = {name: statistics.median(getattr(run, name) for run in runs) for name in fields}
    return Figures(**{**medians, **worst})


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
