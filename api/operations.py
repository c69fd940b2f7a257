"""What operators need over HTTP beside the store: redrives, names of providers, Temporal's own pages."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol
from urllib.parse import quote

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict
from temporalio.client import Client
from temporalio.service import RPCError

from api.answers import ComeAgain, unusable
from api.callers import Callers
from api.taking import Plain
from domain.callers import Caller, Scope
from domain.orders import BadInput, workflow_id
from domain.redriving import Redriven, redrive_id
from domain.telling import DeadLetter
from operating import because as reasons
from operating.redriving import redrive

# One answer says what became of all of them, and is to come while somebody waits for it.
MOST_AT_ONCE = 500
_PATIENCE, _WITHIN = 8.0, 12.0


class Redrives(Protocol):
    """Tells dead letters again."""

    async def redrive(self, letters: Iterable[DeadLetter]) -> Sequence[Redriven]:
        """Redrive letters and say of each how it went, or that it is under way. Raises ComeAgain."""


class Redriving:
    """By workflows on a Temporal server, as the command line does it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def redrive(self, letters: Iterable[DeadLetter]) -> Sequence[Redriven]:
        """Start their workflows, and wait for them as long as somebody waits for an answer."""
        try:
            return [one async for one in redrive(self._client, letters, _PATIENCE, _WITHIN)]
        except RPCError:
            raise ComeAgain("Temporal does not answer") from None


@dataclass(frozen=True)
class TemporalUi:
    """Temporal's own pages at ``url``."""

    url: str
    namespace: str

    def order(self, order_id: str) -> str:
        """The page of an order's workflow."""
        return self._page(workflow_id(order_id))

    def redrive(self, dead_letter_id: str) -> str:
        """The page of the workflow that redrives a letter."""
        return self._page(redrive_id(dead_letter_id))

    def _page(self, of: str) -> str:
        return f"{self.url}/namespaces/{quote(self.namespace, safe='')}/workflows/{quote(of, safe='')}"


@dataclass(frozen=True)
class Operations:
    """Handed to everything that operators see. ``providers``: those that the settings here name."""

    redrives: Redrives
    providers: Sequence[str] = ()
    ui: TemporalUi | None = None


class Because(BaseModel):
    """Why somebody does something."""

    model_config = ConfigDict(hide_input_in_errors=True)

    because: Plain

    def written_by(self, caller: Caller) -> str:
        """The reason as it is written down, refused with 422 where it is none."""
        try:
            return reasons.because(self.because, "because", by=caller.name)
        except BadInput as wrong:
            raise unusable(wrong.field, wrong.problem) from None


def letting_in(callers: Callers, scope: Scope) -> Callable[..., Awaitable[None]]:
    """A dependency: only callers with a scope, and nothing of the answer is kept by anyone's browser."""
    known = callers.with_scope(scope)

    async def let_in(request: Request, response: Response, caller: Annotated[Caller, Depends(known)]) -> None:
        response.headers["Cache-Control"] = "no-store"
        request.state.caller = caller

    return let_in


def caller_of(request: Request) -> Caller:
    """Who was let in."""
    caller = request.state.caller
    assert isinstance(caller, Caller)  # noqa: S101 let_in put it there
    return caller
