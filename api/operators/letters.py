"""The pages of dead letters: by reason, by group and one by one, then preview, redrive or discard."""

import logging
from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from activities.store.dead_letters import BEGINNING, KeptLetter
from activities.store.store import Store
from activities.wording import FluentWording
from api.foreseeing import prospects
from api.operations import Because, Operations
from api.operators.desk import HOME, Desk
from api.operators.outlook import outlook
from api.reading import Form, is_plain, read_form
from domain.callers import Caller, Scope
from operating import letters as deciding

log = logging.getLogger(__name__)

# A form takes 100 fields, and a person not even that many at a time.
ON_A_PAGE, IN_A_PREVIEW = 50, 200


class LetterPages:
    """Lets a person decide on dead letters."""

    def __init__(self, desk: Desk, store: Store, operations: Operations, wording: FluentWording) -> None:
        self._desk, self._store, self._wording = desk, store, wording
        self._redrives, self._ui = operations.redrives, operations.ui

    def router(self) -> APIRouter:
        """What they answer to."""
        router = APIRouter()
        read, write = Scope.READ_OPERATIONS, Scope.WRITE_OPERATIONS
        router.get("/operators")(self._desk.opens(read, self.home))
        router.get(HOME)(self._desk.opens(read, self.list))
        router.post(f"{HOME}/preview")(self._desk.opens(read, self.preview))
        router.post(f"{HOME}/redrive")(self._desk.opens(write, self.redrive))
        router.post(f"{HOME}/discard")(self._desk.opens(write, self.discard))
        router.get(f"{HOME}/{{dead_letter_id}}")(self._desk.opens(read, self.show))
        return router

    async def home(self, _: Request, __: Caller) -> Response:
        """Go to what most likely brought somebody here."""
        return self._desk.goes_to(HOME)

    async def list(self, request: Request, caller: Caller) -> Response:
        """The groups of reasons, or the letters of one of them."""
        groups = await self._store.letter_groups()
        reason = request.query_params.get("reason")
        if not reason:
            return self._desk.shows("letters", {"groups": groups}, caller)
        kept = await self._waiting(reason, request.query_params.get("after"), ON_A_PAGE)
        values = {
            "reason": reason,
            "letters": kept,
            "in_all": groups.get(reason, 0),
            "next": kept[-1].letter.dead_letter_id if len(kept) == ON_A_PAGE else None,
            "is_first": not request.query_params.get("after"),
        }
        return self._desk.shows("group", values, caller)

    async def show(self, request: Request, caller: Caller) -> Response:
        """One letter in full."""
        (kept,) = await self._letters([request.path_params["dead_letter_id"]])
        letter = await deciding.whole(self._store, kept)
        page = self._ui.redrive(letter.dead_letter_id) if self._ui else None
        return self._desk.shows("letter", {"letter": letter, "temporal": page}, caller)

    async def preview(self, request: Request, caller: Caller) -> Response:
        """What redriving the ticked letters, or a whole group, would come to."""
        kept = await self._selected(request, await read_form(request))
        foreseen = await prospects(self._store, kept, self._wording)
        told = [one for one in foreseen if one.would_be == "redriven"]
        refused = [one for one in foreseen if one.would_be == "refused"]
        values = {"outlooks": [outlook(one) for one in told], "told": told, "refused": refused}
        return self._desk.shows("preview", values, caller)

    async def redrive(self, request: Request, caller: Caller) -> Response:
        """Tell the letters of a preview again, and say of each how it went."""
        kept = await self._letters(_ids_in(await read_form(request)))
        log.info("%s redrives %d dead letters", caller.name, len(kept))
        redriven = await self._redrives.redrive([one.letter for one in kept])
        values = {
            "redriven": redriven,
            "counts": Counter(one.outcome for one in redriven),
            "letters": {one.letter.dead_letter_id: one.letter for one in kept},
        }
        return self._desk.shows("redriven", values, caller)

    async def discard(self, request: Request, caller: Caller) -> Response:
        """Decide that nobody is told any more."""
        form = await read_form(request)
        kept = await self._letters(_ids_in(form))
        reason = Because(because=dict(form).get("because", "")).written_by(caller)
        decided = [await deciding.discard(self._store, one, reason) for one in kept]
        log.info("%s discarded %d of %d dead letters", caller.name, sum(decided), len(kept))
        values = {"done": sum(decided), "in_all": len(kept), "reason": reason, "letters": kept}
        return self._desk.shows("discarded", values, caller)

    async def _selected(self, request: Request, form: Form) -> Sequence[KeptLetter]:
        if ("of", "group") in form:
            # Not a field: browsers change line breaks in those, and a reason is spelt as it is spelt.
            reason = request.query_params.get("reason", "")
            return await self._waiting(reason, None, IN_A_PREVIEW)
        return await self._letters(_ids_in(form))

    async def _letters(self, ids: Sequence[str]) -> Sequence[KeptLetter]:
        if not ids:
            raise HTTPException(422, "No letter was selected. Go back and tick at least one.")
        if len(ids) > IN_A_PREVIEW or not all(map(is_plain, ids)):
            raise HTTPException(422, f"Select {IN_A_PREVIEW} letters at most.")
        found, unknown = await deciding.by_ids(self._store, ids)
        if unknown:
            raise HTTPException(404, "There is no such dead letter.")
        return found

    async def _waiting(self, reason: str, after: str | None, limit: int) -> Sequence[KeptLetter]:
        last = (await self._letters([after]))[0].letter if after else None
        begins = (last.at, last.dead_letter_id) if last else BEGINNING
        return await self._store.kept_letters(limit, reason, begins) if is_plain(reason) else ()


def _ids_in(form: Form) -> Sequence[str]:
    """The letters that were ticked, or those that a preview was about."""
    return [one for name, value in form if name in {"letter", "letters"} for one in value.split()]
