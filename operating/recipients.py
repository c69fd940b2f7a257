"""Commands about recipients: loads them, shows one, and lets somebody in to a recipient's own pages."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from domain.links import SignedLinks
from domain.orders import BadInput
from domain.recipients import read_recipients
from operating.opening import open_store

app = typer.Typer(help="Who hears about orders: load them, look at them.", no_args_is_help=True)


@app.command()
def load(file: Annotated[Path, typer.Argument(help="A JSON list of recipients, as in README.md.")]) -> None:
    """Load recipients: new ones are added, known ones replaced. All of the file or nothing of it.

    Into the database at DATABASE_URL, which a worker must share.
    """
    asyncio.run(_load(file))


@app.command()
def show(recipient: Annotated[str, typer.Argument(help="The recipient's id.")]) -> None:
    """Show one recipient as JSON, in the form in which they are loaded."""
    asyncio.run(_show(recipient))


@app.command()
def link(recipient: Annotated[str, typer.Argument(help="The recipient's id.")]) -> None:
    """Make a link that opens the recipient's inbox and preferences for an hour. It is a secret."""
    asyncio.run(_link(recipient))


async def _load(file: Path) -> None:
    try:
        loaded = read_recipients(await asyncio.to_thread(file.read_bytes))
    except OSError as error:
        raise BadInput(str(file), error.strerror or "cannot be read") from None
    except BadInput as problem:
        raise BadInput(str(file), str(problem)) from None
    async with open_store() as store:
        await store.load(loaded)
    typer.echo(f"{len(loaded)} recipients loaded")


async def _show(recipient_id: str) -> None:
    async with open_store() as store:
        found = await store.find(recipient_id)
    if found is None:
        raise BadInput("recipient", f"{recipient_id} is not loaded, see starter.py recipients load")
    typer.echo(found.model_dump_json(indent=2, exclude_none=True))


async def _link(recipient_id: str) -> None:
    from settings import public_url  # noqa: PLC0415 only commands that need it load the providers

    if (url := public_url(os.environ)) is None:
        raise BadInput("PUBLIC_URL", "missing: the link begins with it, set it to where the API is reached")
    async with open_store() as store:
        if await store.find(recipient_id) is None:
            raise BadInput("RECIPIENT", f"{recipient_id} is not loaded, see starter.py recipients load")
        token = SignedLinks(url, await store.signing_secrets()).recipient_token(recipient_id)
    typer.echo(f"{url}/enter/{token}")
