"""``make bench-bridge``: events through the bridge next to a bare loop of signal-with-start, in turn.

EVENTS=n and ROUNDS=n say how much, LONG=n how many events one bridge takes for its memory to be looked at. No
worker runs: it is the handing over that is measured, on a Temporal server and a NATS server of our own.
"""

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.bridge.broker import JetStream
from benchmarks.bridge.events import STEPS, events_of
from bridge.settings import AT_ONCE
from leaving import leave
from simulator.environ import temporal_binary
from simulator.ports import a_free_port
from simulator.programs import HOME, Program
from simulator.server import HOST

EVENTS, ROUNDS, LONG = 2_000, 7, 100_000
# Signals to orders that are there already cost the server less: it is the bridge's memory that is looked at.
EACH_OF_LONG = 100
LEAST_RATIO = 0.85
# What a bridge may have grown by, from a fifth of the events on to their end.
MOST_GROWTH = 1.10
_LOOK_EVERY = 0.1
_PATIENCE = 3_600


@dataclass
class Figures:
    """Events a second of each round, and the bridge's memory in MiB over a long one."""

    bare: list[float] = field(default_factory=list)
    bridge: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    load: float = 0.0

    @property
    def ratio(self) -> float:
        """The bridge's rate by the bare loop's, the median of the rounds."""
        return statistics.median(ours / bare for ours, bare in zip(self.bridge, self.bare, strict=True))

    @property
    def growth(self) -> float:
        """The most of the last fifth by the most of the second fifth: by then all is loaded and filled."""
        fifth = max(len(self.memory) // 5, 1)
        return max(self.memory[-fifth:]) / max(self.memory[fifth : 2 * fifth] or self.memory)

    @property
    def holds(self) -> bool:
        """Whether it is what it has to be."""
        return self.ratio >= LEAST_RATIO and self.growth <= MOST_GROWTH


class Bench:
    """The programs of one run."""

    def __init__(self, folder: Path, broker: JetStream) -> None:
        self._folder, self._broker = folder, broker
        port = a_free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self._environ = {
            **kept,
            **broker.settings,
            "TEMPORAL_ADDRESS": f"{HOST}:{port}",
            "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        }
        command = [temporal_binary(), "server", "start-dev", "--ip", HOST, "--port", str(port)]
        command += ["--headless", "--log-level", "error"]
        for attribute in ("CustomerId=Keyword", "OrderStatus=Keyword"):
            command += ["--search-attribute", attribute]
        self.temporal = self._program("temporal", command, "Temporal Server:")
        self.bridge = self._program(
            "bridge", [sys.executable, str(HOME / "starter.py"), "bridge"], "bridge: ready"
        )

    async def bare(self, prefix: str, events: int) -> float:
        """Events a second by the bare loop."""
        name = f"bare-{prefix}"
        command = [sys.executable, "-m", "benchmarks.bridge.bare", prefix, str(events), str(AT_ONCE)]
        program = self._program(name, command, "bare: took")
        await program.finish()
        said = (self._folder / f"{name}.log").read_text()
        return events / float(re.findall(r"bare: took ([\d.]+)", said)[-1])

    async def through_the_bridge(
        self, prefix: str, events: int, each: int = len(STEPS)
    ) -> tuple[float, list[float]]:
        """Events a second by a bridge that finds them in the broker, and its memory meanwhile."""
        await self._broker.publish_all(events_of(prefix, events, each))
        await self.bridge.start()
        process, memory, began = psutil.Process(self.bridge.pid), list[float](), time.monotonic()
        async with asyncio.timeout(_PATIENCE):
            while left := await self._broker.left():
                if left > 0:
                    memory.append(process.memory_info().rss / 2**20)
                await asyncio.sleep(_LOOK_EVERY)
        rate = events / (time.monotonic() - began)
        await self.bridge.stop()
        return rate, memory

    def _program(self, name: str, command: Sequence[str], ready: str) -> Program:
        environ: Mapping[str, str] = self._environ
        log = self._folder / f"{name}.log"
        return Program(name, command, environ=environ, log=log, ready=ready, on_loss=lambda _: None)


_OURS = ("TEMPORAL_", "DATABASE_", "METRICS_", "BRIDGE_", "NATS_")


async def measure(events: int, rounds: int, long: int, console: Console) -> Figures:
    """All rounds, each of both in turn, and then the long one."""
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="bench-bridge-") as name:
        async with JetStream.start(Path(name)) as broker:
            bench = Bench(Path(name), broker)
            await bench.temporal.start()
            try:
                for number in range(rounds):
                    figures.bare.append(await bench.bare(f"a{number}", events))
                    figures.bridge.append((await bench.through_the_bridge(f"b{number}", events))[0])
                    console.print(f"round {number + 1}: {figures.bare[-1]:.0f}, {figures.bridge[-1]:.0f}")
                _, figures.memory = await bench.through_the_bridge("long", long, EACH_OF_LONG)
            finally:
                await bench.bridge.kill()
                await bench.temporal.kill()
    figures.load = os.getloadavg()[0]
    return figures


def show(figures: Figures, events: int, long: int, console: Console) -> None:
    """The table, and one line that says whether it holds."""
    table = Table("round", "bare loop", "bridge", "ratio", title=f"Events a second, {events} a round")
    for number, (bare, ours) in enumerate(zip(figures.bare, figures.bridge, strict=True), 1):
        table.add_row(str(number), f"{bare:.0f}", f"{ours:.0f}", f"{ours / bare:.2f}")
    console.print(table)
    console.print(f"memory over {long} events: up to {max(figures.memory):.0f} MiB; load {figures.load:.1f}")
    verdict = "holds" if figures.holds else "DOES NOT HOLD"
    console.print(
        f"bench-bridge {verdict}: {figures.ratio:.2f} of a bare loop (at least {LEAST_RATIO}), "
        f"memory grew to {figures.growth:.2f} of what it was (at most {MOST_GROWTH:.2f})"
    )


def main() -> int:
    """Measure, print, and exit with 0 only if it holds."""
    events, rounds, long = (
        int(os.environ.get(name) or usual)
        for name, usual in (("EVENTS", EVENTS), ("ROUNDS", ROUNDS), ("LONG", LONG))
    )
    console = Console(width=120)
    figures = asyncio.run(measure(events, rounds, long, console))
    show(figures, events, long, console)
    return 0 if figures.holds else 1


if __name__ == "__main__":
    leave(main())
