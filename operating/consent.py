"""The commands for the consent ledger: is it whole, what was changed, and what somebody wanted back then."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from domain.channels import Channel
from domain.consents import Break, Consent, Facts
from domain.orders import BadInput
from operating.opening import open_store

if TYPE_CHECKING:
    from activities.store.consents import Hindsight

app = typer.Typer(
    help="The ledger of consents: verify it, look at what was changed, and at what was wanted when.",
    no_args_is_help=True,
)


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="A digest that this command showed before: all up to there must still be there."),
    ] = None,
) -> None:
    """Go through the whole ledger. Exit code 0 only if no row was changed, removed, put in or reordered.

    Keep the digest that it shows elsewhere, and give it as --head next time: who can write into the database
    can also write a new end, and that digest alone tells.
    """
    asyncio.run(_verify(head))


@app.command()
def show(recipient: Annotated[str, typer.Argument(help="The recipient's id.")]) -> None:
    """Show every change of what one recipient gets, and where: who made it, when and by what."""
    asyncio.run(_show(recipient))


@app.command()
def at(message: Annotated[str, typer.Argument(help="The id of a notification.")]) -> None:
    """Show what a recipient wanted when a notification was decided on."""
    asyncio.run(_at(message))


async def _verify(head: str | None) -> None:
    async with open_store() as store:
        found = await store.consents.verify(head.strip().lower() if head else None)
    if isinstance(found, Break):
        raise BadInput("consents", str(found))
    typer.echo(f"consents: whole, {found.number} rows, head {found.digest}")


async def _show(recipient_id: str) -> None:
    table = Table("row", "when", "what", "was", "is", "by", title=f"Consents of {recipient_id}")
    async with open_store() as store:
        last = 0
        while rows := await store.consents.about(recipient_id, after=last):
            for row in rows:
                table.add_row(*_cells(row))
            last = rows[-1].number
    if not table.row_count:
        raise BadInput("recipient", f"nothing of {recipient_id} was ever changed here")
    Console(markup=False, emoji=False).print(table)


async def _at(message_id: str) -> None:
    async with open_store() as store:
        seen = await store.consents.when_decided(message_id)
    if seen is None:
        raise BadInput("message", "no notification has this id, see starter.py timeline")
    for line in _told(seen):
        typer.echo(line)


def _cells(row: Consent) -> Iterable[str]:
    by = f"{row.actor}: {row.source}"
    return (
        str(row.number),
        f"{row.at:%Y-%m-%d %H:%M:%S} UTC",
        row.subject,
        _said(row.before),
        _said(row.after),
        by,
    )


def _said(facts: Facts | None) -> str:
    """Facts as people read them: a grid in lines, the rest in one."""
    if facts is None:
        return "-"
    grids = [
        f"{name}: {', '.join(f'{channel} {reach}' for channel, reach in cells.items())}"
        for name, cells in facts.items()
        if isinstance(cells, Mapping)
    ]
    return "\n".join(grids) or ", ".join(_one(name, value) for name, value in facts.items())


def _one(name: str, value: object) -> str:
    return str(value) if name in _NAMELESS else f"{name} {value}"


_NAMELESS = ("address", "locale", "time_zone", "role")


def _told(seen: "Hindsight") -> Iterable[str]:
    row, then = seen.notification, seen.recipient
    yield f"{row.message_id}: {row.channel} to {row.role} {row.recipient_id}, {_moment(seen)}"
    for status in row.statuses:
        cells = ", ".join(f"{channel} {then.reach(status, channel, row.role)}" for channel in Channel)
        yield f"  {status}: {cells}"
    quiet = then.quiet_hours
    if quiet is None:
        yield f"  quiet hours: none ({then.time_zone})"
    else:
        now = ", and it was quiet" if then.is_quiet_at(row.created_at) else ", and it was not quiet"
        yield f"  quiet hours: {quiet.start:%H:%M} to {quiet.end:%H:%M} {then.time_zone}{now}"
    for topic, facts in seen.state.items():
        if topic.address:
            yield f"  {topic.subject}: {_said(facts)}"


def _moment(seen: "Hindsight") -> str:
    return f"decided {seen.notification.created_at:%Y-%m-%d %H:%M:%S} UTC"
