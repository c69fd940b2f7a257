"""One chaos run, reported as tables and a verdict; the settings are in docs/chaos.md."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

from benchmarks.chaos.parts import Parts
from benchmarks.chaos.plan import Plan, Size
from benchmarks.chaos.report import Report, show
from benchmarks.chaos.run import Run
from domain.orders import BadInput
from leaving import FAILED, leave_after
from simulator.environ import data_folder


async def chaos(plan: Plan, folder: Path, database: str, console: Console) -> Report:
    """Let it happen, with all files in a new folder in ``folder``."""
    # One of its own, where no earlier run left orders behind.
    own = Path(tempfile.mkdtemp(prefix=f"chaos-{plan.seed}-", dir=folder))
    async with Parts.start(own, database, plan.people) as parts:
        run = Run(plan, parts, lambda line: console.print(line, highlight=False))
        evidence = await run.happen()
        return Report(plan, evidence, run.deeds, parts.database.name)


def main() -> int:
    """Run, print, and exit with 0 only if it holds."""
    console = Console(file=sys.stdout, width=200 if not sys.stdout.isatty() else None)
    seed, database = int(os.environ.get("SEED") or 1), os.environ.get("DATABASE") or "postgresql"
    plan = Plan.draw(seed, Size.read(os.environ))
    # While the server is down Temporal's client says so several times a second.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig("error"))))
    with data_folder(os.environ) as (folder, _):
        report = asyncio.run(chaos(plan, folder, database, console))
    show(report, console)
    return 0 if report.holds else FAILED


if __name__ == "__main__":
    leave_after(main, "chaos", {BadInput: FAILED})
