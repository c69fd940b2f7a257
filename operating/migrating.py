"""The command that makes and changes the tables, and lets the role of the running programs use them."""

import asyncio
import os
from typing import Annotated

import typer

from domain.orders import BadInput


def migrate(
    grant_to: Annotated[
        str | None,
        typer.Option(help="The role that programs run as: it may do what they need, and nothing else."),
    ] = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Change nothing, print what --grant-to would run.")
    ] = False,
) -> None:
    """Make or change the tables at DATABASE_URL, whatever DATABASE_MIGRATE says.

    On PostgreSQL the role in DATABASE_URL owns them. Programs with DATABASE_MIGRATE=off may have another,
    which --grant-to names: it may read, add, change and delete what they do, and cannot change a table.
    """
    if only_print and not grant_to:
        raise BadInput("--print", "prints grants, name the role with --grant-to")
    asyncio.run(_print(grant_to) if grant_to and only_print else _migrate(grant_to))


async def _print(role: str) -> None:
    from activities.store import StoreUnavailable  # noqa: PLC0415 half a second, for this command alone
    from activities.store.granting import grants_for  # noqa: PLC0415 as above
    from settings import database_url  # noqa: PLC0415 as above

    try:
        for statement in await grants_for(database_url(os.environ), role):
            typer.echo(f"{statement};")
    except StoreUnavailable as problem:
        raise BadInput("DATABASE_URL", str(problem)) from None


async def _migrate(role: str | None) -> None:
    from activities.store import StoreUnavailable  # noqa: PLC0415 as above
    from activities.store.granting import grant, grants_for  # noqa: PLC0415 as above
    from activities.store.migrating import migrate as bring_up_to_date  # noqa: PLC0415 as above
    from settings import database_url  # noqa: PLC0415 as above

    url = database_url(os.environ)
    try:
        if role:
            await grants_for(url, role)  # a slip is said before anything is changed
        typer.echo(f"the tables are of version {await bring_up_to_date(url)}")
        if role:
            await grant(url, role)
            typer.echo(f"{role} may work with them")
    except StoreUnavailable as problem:
        raise BadInput("DATABASE_URL", str(problem)) from None
