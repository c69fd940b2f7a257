"""What to open in a browser while everything runs: the addresses, and what lets somebody in there.

Keys and links are secrets: they go to the terminal of whoever started us, and into no file.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from domain.callers import Scope, key_id_in
from simulator.board.opening import url_of
from simulator.programs import said_by_starter
from simulator.stack import Stack

WHOSE = "make demo"


@dataclass(frozen=True, slots=True)
class Page:
    """One page to open. ``hint``: what else there is to know, a key perhaps."""

    what: str
    url: str = field(repr=False)
    hint: str = field(default="", repr=False)


@asynccontextmanager
async def pages(stack: Stack, customer: str, *, ledger_is_kept: bool) -> AsyncIterator[Sequence[Page]]:
    """Everything there is to open, for as long as the block lasts. In a ledger that is kept, the key ends."""
    board, temporal = Page("the order board", url_of(stack.simulator)), Page("Temporal", stack.ui)
    if (api := stack.public_url) is None:
        yield [board, temporal]
        return
    inbox, key = await asyncio.gather(
        said_by_starter(stack.environ, "recipients", "link", customer),
        said_by_starter(stack.environ, "keys", "make", WHOSE, *_every_scope()),
    )
    try:
        yield [
            board,
            Page("the customer's inbox", inbox.strip(), "good for an hour"),
            Page("their preferences", f"{api}/preferences", "after the inbox"),
            Page("the operators' page", f"{api}/operators", f"sign in with {key.strip()}"),
            temporal,
            Page("the API", f"{api}/openapi.json"),
        ]
    finally:
        if ledger_is_kept:
            await said_by_starter(stack.environ, "keys", "revoke", key_id_in(key) or "")


def _every_scope() -> list[str]:
    return [word for scope in Scope for word in ("--scope", scope)]
