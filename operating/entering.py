"""The command that lets somebody in to a recipient's own pages: for support, demos and development."""

import asyncio
import os
from typing import Annotated

import typer

from domain.links import SignedLinks
from domain.orders import BadInput
from operating.opening import open_store


def link(recipient: Annotated[str, typer.Argument(help="The recipient's id.")]) -> None:
    """Make a link that opens the recipient's inbox and preferences for an hour. It is a secret."""
    asyncio.run(_link(recipient))


async def _link(recipient_id: str) -> None:
    from settings import public_url  # noqa: PLC0415 only commands that need it load the providers

    if (url := public_url(os.environ)) is None:
        raise BadInput("PUBLIC_URL", "missing: the link begins with it, set it to where the API is reached")
    async with open_store() as store:
        if await store.find(recipient_id) is None:
            raise BadInput("RECIPIENT", f"{recipient_id} is not loaded, see starter.py recipients load")
        token = SignedLinks(url, await store.signing_secrets()).recipient_token(recipient_id)
    typer.echo(f"{url}/enter/{token}")
