"""The commands for providers: see how the fleet sees each of them, and overrule its breaker by hand."""

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from domain.breaker import BreakerState, Health
from domain.orders import BadInput
from operating import breakers
from operating.because import because as reason_in
from operating.breakers import WORKERS_FOLLOW, Force
from operating.opening import open_store

if TYPE_CHECKING:
    from activities.store import Store

app = typer.Typer(
    help="Who carries the channels: how they are, and whether they are called.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A provider, as the list has it.")]


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """Show each provider's breaker, since when and why it is so, and its calls of the last five minutes.

    Closed is as it should be: it is called. Providers are those that the settings here name, and those that
    were called or forced before.
    """
    asyncio.run(_list(as_json=as_json))


@app.command()
def force(
    name: Name,
    state: Annotated[Force, typer.Argument(help="open: not called. closed: called, whatever fails.")],
    because: Annotated[str, typer.Option(help="Why, for whoever looks at it next.")],
) -> None:
    """Overrule a breaker until it is released. News goes to its next channel while a provider is open."""
    asyncio.run(_force(name, state, because))


@app.command()
def release(name: Name) -> None:
    """Give a forced breaker back to its own judgement: closed, and counting anew."""
    asyncio.run(_release(name))


async def _list(*, as_json: bool) -> None:
    async with open_store() as store:
        known = await _known(store)
    healths = list(known.values())
    if as_json:
        typer.echo(TypeAdapter(list[Health]).dump_json(healths, indent=2))
    elif healths:
        Console(markup=False, emoji=False).print(_as_table(healths))
    else:
        typer.echo("no provider is configured here, and none was called yet")


async def _force(name: str, state: Force, because: str) -> None:
    reason = reason_in(because, "--because")
    async with open_store() as store:
        _one_of(await _known(store), name)
        now = await breakers.force(store, name, state, reason)
    typer.echo(f"{name} is {now}: {reason} ({WORKERS_FOLLOW})")


async def _release(name: str) -> None:
    async with open_store() as store:
        health = _one_of(await _known(store), name)
        if not await breakers.release(store, health):
            typer.echo(f"{name} is not forced, it is {health.state}")
            return
    typer.echo(f"{name} is {BreakerState.CLOSED}, and counts anew ({WORKERS_FOLLOW})")


async def _known(store: "Store") -> Mapping[str, Health]:
    from settings import Settings  # noqa: PLC0415 only this command needs it: a third of a second

    return await breakers.known(store, await breakers.names_of(Settings.read(os.environ).providers))


def _one_of(known: Mapping[str, Health], name: str) -> Health:
    if name not in known:
        there_are = f"use one of {', '.join(known)}" if known else "none is configured here or was called yet"
        raise BadInput("provider", f"{name} is not known, {there_are}")
    return known[name]


def _as_table(healths: list[Health]) -> Table:
    table = Table(
        "provider", "breaker", "since", "why", "calls", "failed", title="Providers, calls of 5 minutes"
    )
    for health in healths:
        counts = (str(health.calls), str(health.failures))
        table.add_row(health.provider, health.state, _moment(health.since), health.reason, *counts)
    return table


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
