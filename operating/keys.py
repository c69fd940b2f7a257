"""The commands for keys: who may call the HTTP API, and what each may do there."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from domain.callers import ApiKey, Scope
from domain.orders import BadInput
from operating.opening import open_store

app = typer.Typer(help="Keys for the HTTP API: make, list and revoke them.", no_args_is_help=True)


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Whose key it is, for example order-service.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; repeatable.", show_choices=True)],
) -> None:
    """Make a key and show it, this once: it is not kept."""
    asyncio.run(_make(name, scope))


@app.command("list")
def list_() -> None:
    """Show every key there is or was: whose, what it opens, since when and until when."""
    asyncio.run(_list())


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as the list has it.")]) -> None:
    """Let a key open nothing from now on."""
    asyncio.run(_revoke(key_id))


async def _make(name: str, scopes: list[Scope]) -> None:
    if not name.strip():
        raise BadInput("NAME", "is empty, say whose key it is")
    async with open_store() as store:
        made = await store.api_keys.make(name.strip(), scopes)
    typer.echo(made.text)


async def _list() -> None:
    async with open_store() as store:
        keys = await store.api_keys.all()
    if keys:
        Console(markup=False, emoji=False).print(_as_table(list(keys)))
    else:
        typer.echo("there is no key, make one with: starter.py keys make NAME --scope events:write")


async def _revoke(key_id: str) -> None:
    async with open_store() as store:
        if not await store.api_keys.revoke(key_id):
            raise BadInput("KEY_ID", "no key of this id is good, see: starter.py keys list")
    typer.echo(f"{key_id} opens nothing any more")


def _as_table(keys: list[ApiKey]) -> Table:
    table = Table("id", "whose", "opens", "made", "revoked", title="Keys for the HTTP API")
    for key in keys:
        scopes = ", ".join(sorted(key.scopes))
        table.add_row(key.key_id, key.name, scopes, _moment(key.created_at), _moment(key.revoked_at))
    return table


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
