"""Dead letters by HTTP: looked at, foreseen, redriven, discarded, as ``starter.py dead-letters`` does it."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Self

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from activities.store.dead_letters import BEGINNING, KeptLetter
from activities.store.store import Store
from activities.wording import FluentWording
from api import operations_examples as examples
from api.answers import problems, unusable
from api.callers import Callers
from api.foreseeing import Prospects, prospects
from api.operations import MOST_AT_ONCE, Because, Operations, caller_of, letting_in
from api.operations_examples import answers
from api.taking import LetterId, Plain, body_of, parameter, query_as, read_as
from domain.callers import Scope
from domain.redriving import Redriven
from operating import letters as deciding
from operating.letters import ListedLetter, WholeLetter

log = logging.getLogger(__name__)

LETTERS = "/v1/dead-letters"
# As they all are: whatever else may be asked for below the list is not taken for one.
LETTER = f"{LETTERS}/{{dead_letter_id:uuid}}"


class Listing(BaseModel):
    """What of the list is asked for."""

    model_config = ConfigDict(hide_input_in_errors=True)

    reason: Plain | None = None
    after: LetterId | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 100


class Selection(BaseModel):
    """Some letters by their ids, or all of one reason group from ``after`` on."""

    model_config = ConfigDict(hide_input_in_errors=True)

    ids: Annotated[list[LetterId], Field(max_length=MOST_AT_ONCE)] = []
    all: bool = False
    reason: Plain | None = None
    after: LetterId | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.all == bool(self.ids) or self.all != bool(self.reason):
            raise ValueError("give ids, or all together with reason")
        return self


class Letters(BaseModel):
    """A page of the list, and how many wait for each reason. ``next`` goes into ``after``; None: the end."""

    groups: dict[str, int]
    letters: list[ListedLetter]
    next: str | None = None


class Preview(BaseModel):
    """What a redrive of letters would come to."""

    letters: list[Prospects]
    redriven: int
    refused: int
    next: str | None = None


class Redrove(BaseModel):
    """What became of redriving letters, in the order in which they ended."""

    letters: list[Redriven]
    counts: dict[str, int]
    next: str | None = None


class LettersDoor:
    """Lets operators' programs decide on dead letters."""

    def __init__(
        self, store: Store, callers: Callers, operations: Operations, wording: FluentWording
    ) -> None:
        self._store, self._callers, self._wording = store, callers, wording
        self._redrives = operations.redrives

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Operators"])
        reading = [Depends(letting_in(self._callers, Scope.READ_OPERATIONS))]
        writing = [Depends(letting_in(self._callers, Scope.WRITE_OPERATIONS))]
        bad_body = problems(400, 401, 403, 408, 413, 415, 422, 503)
        router.get(
            LETTERS,
            dependencies=reading,
            responses=answers(examples.LETTERS, problems(401, 403, 422, 503)),
            openapi_extra={"parameters": _LISTING},
        )(self.list)
        router.post(
            f"{LETTERS}/preview",
            dependencies=reading,
            responses=answers(examples.PREVIEW, bad_body),
            openapi_extra=_SELECTION,
        )(self.preview)
        router.post(
            f"{LETTERS}/redrive",
            dependencies=writing,
            responses=answers(examples.REDROVE, bad_body),
            openapi_extra=_SELECTION,
        )(self.redrive)
        router.get(
            LETTER,
            dependencies=reading,
            responses=answers(examples.LETTER, problems(401, 403, 404, 503)),
            openapi_extra={"parameters": [_ID]},
        )(self.show)
        router.post(
            f"{LETTER}/discard",
            dependencies=writing,
            responses=answers(examples.LETTER, {**bad_body, **problems(404, 409)}),
            openapi_extra={"parameters": [_ID], **_BECAUSE},
        )(self.discard)
        return router

    async def list(self, request: Request) -> Letters:
        """List what waits for a decision: how many for each reason, then the letters, oldest first."""
        asked = query_as(Listing, request)
        kept = await self._waiting(asked.limit, asked.reason, asked.after)
        groups = await self._store.letter_groups()
        letters = [deciding.listed(one) for one in kept]
        return Letters(groups=dict(groups), letters=letters, next=_next(kept, asked.limit))

    async def show(self, request: Request) -> WholeLetter:
        """Show one: its content as it came, its reason, and every attempt that was made."""
        return await deciding.whole(self._store, await self._letter(request))

    async def preview(self, request: Request) -> Preview:
        """Say what redriving letters would come to, and change nothing."""
        kept, after = await self._selected(request)
        foreseen = await prospects(self._store, kept, self._wording)
        refused = sum(one.would_be == "refused" for one in foreseen)
        return Preview(letters=foreseen, redriven=len(foreseen) - refused, refused=refused, next=after)

    async def redrive(self, request: Request) -> Redrove:
        """Tell letters again, if they are still true: each by a workflow, however often it is asked for."""
        kept, after = await self._selected(request)
        log.info("%s redrives %d dead letters", caller_of(request).name, len(kept))
        redriven = await self._redrives.redrive([one.letter for one in kept])
        counts = Counter(str(one.outcome) for one in redriven)
        return Redrove(letters=[*redriven], counts=dict(counts), next=after)

    async def discard(self, request: Request) -> WholeLetter:
        """Decide that nobody is told any more. What was kept can still be shown."""
        given = await read_as(Because, request)
        kept = await self._letter(request)
        if not await deciding.discard(self._store, kept, given.written_by(caller_of(request))):
            raise HTTPException(409, "it was decided on before, look at its resolution")
        return await deciding.whole(self._store, await self._letter(request))

    async def _letter(self, request: Request) -> KeptLetter:
        kept = await self._store.kept_letter(str(request.path_params["dead_letter_id"]))
        if kept is None:
            raise HTTPException(404, "no such dead letter")
        return kept

    async def _selected(self, request: Request) -> tuple[Sequence[KeptLetter], str | None]:
        """The letters that are asked for, all of them, and where to go on in a large group."""
        asked = await read_as(Selection, request)
        if asked.all:
            kept = await self._waiting(MOST_AT_ONCE, asked.reason, asked.after)
            if not kept:
                raise unusable("reason", "no dead letter waits for it, see GET /v1/dead-letters")
            return kept, _next(kept, MOST_AT_ONCE)
        found, unknown = await deciding.by_ids(self._store, asked.ids)
        if unknown:
            place = asked.ids.index(unknown[0])
            raise unusable(f"ids.{place}", "no such dead letter, see GET /v1/dead-letters")
        return found, None

    async def _waiting(self, limit: int, reason: str | None, after: str | None) -> Sequence[KeptLetter]:
        last = await self._store.kept_letter(after) if after else None
        if after and last is None:
            raise unusable("after", "no such dead letter, give what next was")
        begins = (last.letter.at, last.letter.dead_letter_id) if last else BEGINNING
        return await self._store.kept_letters(limit, reason, begins)


def _next(kept: Sequence[KeptLetter], limit: int) -> str | None:
    return kept[-1].letter.dead_letter_id if len(kept) == limit else None


_ID = parameter("dead_letter_id", "path", "As the list has it", examples.LETTER_ID, format="uuid")
_LISTING = [
    parameter("reason", "query", "Those of one reason group, spelt as the list spells it", examples.GROUP),
    parameter("after", "query", "Where the page before ended: its next", examples.LETTER_ID),
    parameter(
        "limit",
        "query",
        "How many at most; 100 without",
        100,
        type="integer",
        minimum=1,
        maximum=MOST_AT_ONCE,
    ),
]
_SELECTION = body_of(Selection, {"ids": [examples.LETTER_ID]})
_BECAUSE = body_of(Because, {"because": "picked up already"})
