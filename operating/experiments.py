"""The commands for experiments with words: which there are, and how their variants compare."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from domain.experiments import Difference, Experiment, Rate, Report
from domain.experiments import report as report_on
from domain.explanation import moment
from domain.orders import BadInput
from operating.opening import open_store

app = typer.Typer(help="Experiments with words: list them, and compare their variants.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Show every experiment of experiments.toml: what it compares, with which shares, and when."""
    if experiments := _experiments():
        Console(markup=False, emoji=False).print(_as_list(experiments))
    else:
        typer.echo("there is no experiment, see docs/experiments.md")


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="The experiment's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Compare the variants: whom they told, reached and were read by, with intervals of 95 %."""
    found = asyncio.run(_report(name))
    if as_json:
        typer.echo(found.model_dump_json(indent=2, exclude_none=True))
        return
    console = Console(markup=False, emoji=False)
    console.print(as_table(found))
    for note in found.notes:
        console.print(note, soft_wrap=True)


def _experiments() -> Sequence[Experiment]:
    from activities.wording.experiments import read_experiments  # noqa: PLC0415 loads all languages' library

    return read_experiments()


async def _report(name: str) -> Report:
    experiment = next((one for one in _experiments() if one.name == name), None)
    if experiment is None:
        raise BadInput("NAME", "is no experiment of ours, see: starter.py experiments list")
    async with open_store() as store:
        return report_on(experiment, await store.experiments.counts(experiment))


def _as_list(experiments: Sequence[Experiment]) -> Table:
    table = Table("name", "status", "role", "variants", "begins", "ends", title="Experiments with words")
    for one in experiments:
        shares = ", ".join(f"{variant} {share}" for variant, share in one.variants.items())
        begins, ends = (moment(at) if at else "" for at in (one.begins, one.ends))
        table.add_row(one.name, one.status, one.role, shares, begins, ends)
    return table


def as_table(found: Report) -> Table:
    """A report for people."""
    title = f"{found.experiment.name}: {found.experiment.status} to the {found.experiment.role}"
    table = Table("variant", "of recipients", "share", "95 %", "more than the first", "95 %", title=title)
    for variant in found.variants:
        rates = {"told": variant.told, "delivered": variant.delivered, "read": variant.read}
        for name, rate in rates.items():
            row = _as_row(rate, variant.differences.get(name))
            table.add_row(
                variant.variant if name == "told" else "", f"{name} {rate.count} of {rate.of}", *row
            )
    return table


def _as_row(rate: Rate, difference: Difference | None) -> tuple[str, str, str, str]:
    if rate.share is None or rate.interval is None:
        return ("", "", "", "")
    share = (f"{rate.share:.1%}", f"{rate.interval.low:.1%} to {rate.interval.high:.1%}")
    if difference is None:
        return (*share, "", "")
    verdict = "differs" if difference.excludes_zero else "may be chance"
    interval = f"{difference.interval.low:+.1%} to {difference.interval.high:+.1%}, {verdict}"
    return (*share, f"{difference.share:+.1%}", interval)
