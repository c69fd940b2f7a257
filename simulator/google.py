"""Stands in for Google's OAuth token endpoint, where a service account turns a signed claim into a token."""

import secrets
import time
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.answering import answer
from simulator.faults import KINDS_WITHOUT_A_MESSAGE, Fault
from simulator.world import World

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3599
KEPT = 1_000


class Google:
    """Issues access tokens and knows them again. Takes any signature, not knowing the public key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._expiries: dict[str, float] = {}

    def routes(self) -> list[Route]:
        """List what it answers to."""
        return [Route("/token", self._token, methods=["POST"])]

    def knows(self, authorization: str) -> bool:
        """Whether an Authorization header bears a token that was issued here and has not expired."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._expiries.get(token, 0) > time.monotonic()

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        fault = self._world.faults.draw("fcm", None, call="token", kinds=KINDS_WITHOUT_A_MESSAGE)
        return await answer(self._world, fault, lambda: self._grant(form), _phrase)

    def _grant(self, form: dict[str, list[str]]) -> Response:
        grant_type, assertion = form.get("grant_type", [""])[0], form.get("assertion", [""])[0]
        if grant_type != JWT_BEARER:
            return _refusal("unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        if not assertion:
            return _refusal("invalid_request", "Missing required parameter: assertion")
        if assertion.count(".") != 2:
            return _refusal("invalid_grant", "Invalid JWT Signature.")
        return JSONResponse({"access_token": self._issue(), "expires_in": LIFETIME, "token_type": "Bearer"})

    def _issue(self) -> str:
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._expiries[token] = time.monotonic() + LIFETIME
        if len(self._expiries) > KEPT:
            del self._expiries[next(iter(self._expiries))]
        return token


def _phrase(fault: Fault) -> Response:
    match fault.kind:
        case "credentials":
            return _refusal("invalid_grant", "Invalid JWT Signature.")
        case "throttle":
            return _refusal("rate_limit_exceeded", "Too many requests.", 429)
        case _:
            return _refusal("internal_failure", "Backend error.", fault.status or 503)


def _refusal(error: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
