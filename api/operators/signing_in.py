"""Signing in with a key, once, and out again: the browser keeps a signed cookie that no script can read."""

import logging
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from activities.store.errors import StoreUnavailable
from api.callers import Callers
from api.operators.desk import HOME, SIGN_IN, Desk
from api.reading import read_form
from domain.callers import Scope, key_id_in

log = logging.getLogger(__name__)

SIGN_OUT = "/operators/sign-out"


class SignInPages:
    """Lets operators in, and out."""

    def __init__(self, desk: Desk, callers: Callers) -> None:
        self._desk, self._callers = desk, callers

    def router(self) -> APIRouter:
        """What they answer to."""
        router = APIRouter()
        router.get(SIGN_IN)(self.ask)
        router.post(SIGN_IN)(self.sign_in)
        router.post(SIGN_OUT)(self.sign_out)
        return router

    async def ask(self, request: Request) -> Response:
        """Ask for a key."""
        return self._form(_ours(request.query_params.get("to", "")))

    async def sign_in(self, request: Request) -> Response:
        """Let the browser in whose reader has a key of an operator."""
        try:
            given = dict(await read_form(request))
            return await self._sign_in(request, given.get("key", "").strip(), _ours(given.get("to", "")))
        except StoreUnavailable:
            return self._desk.refuses(503, "Please try again in a minute.", None)
        except HTTPException as refused:
            return self._desk.refuses(refused.status_code, str(refused.detail), None)

    async def sign_out(self, request: Request) -> Response:
        """Forget who it was."""
        answer = self._desk.goes_to(SIGN_IN)
        # Others' pages must not be able to sign anybody out.
        if self._callers.comes_from_us(request):
            self._callers.forget_operator(answer)
        return answer

    async def _sign_in(self, request: Request, key: str, to: str) -> Response:
        if not self._callers.comes_from_us(request):
            return self._form(to, "That did not come from this page: please sign in here.", 403)
        caller, key_id = await self._callers.by_key(key), key_id_in(key)
        if caller is None or key_id is None:
            return self._form(to, "This is no key of ours, or it was revoked. Is all of it there?", 401)
        if Scope.READ_OPERATIONS not in caller.scopes:
            needed = f"it needs the scope {Scope.READ_OPERATIONS}"
            return self._form(to, f"This key opens other things than these pages: {needed}.", 403)
        log.info("%s signed in", caller.name)
        answer = self._desk.goes_to(to)
        self._callers.keep_operator(answer, key_id)
        return answer

    def _form(self, to: str, problem: str = "", status: int = 200) -> Response:
        return self._desk.shows("sign-in", {"to": to, "problem": problem}, status=status)


def _ours(path: str) -> str:
    """Where to go after signing in: a page of operators, whatever somebody else's link says."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    is_path = not parts.scheme and not parts.netloc and parts.path.startswith("/operators/")
    return path if is_path and path.isprintable() and "\\" not in path else HOME
