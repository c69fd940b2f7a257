"""How the API says no: one shape for every problem, and its place in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import Request


class Problem(BaseModel):
    """What was wrong, in words that never repeat what was sent."""

    detail: str


_EXAMPLES: Mapping[int, tuple[str, str]] = {
    400: ("The body cannot be read", "the body is not JSON"),
    403: ("Not signed by whom it claims to be from", "the signature is not the provider's"),
    404: ("No such thing here", "no such link"),
    408: ("The body did not come in time", "the body did not come in time"),
    413: ("The body is over 256 KiB", "the body is over 256 KiB"),
    415: ("The body is of another type", "send application/json"),
    422: ("Something in the body cannot be used; the detail names it", "token: missing"),
    503: ("The store or Temporal is away: come again", "the store does not answer, try again later"),
}
RETRY_AFTER = {"Retry-After": "20"}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Document that an operation may answer with these."""
    return {
        code: {
            "description": _EXAMPLES[code][0],
            "model": Problem,
            "content": {"application/json": {"example": {"detail": _EXAMPLES[code][1]}}},
        }
        for code in codes
    }


class ComeAgain(Exception):
    """What a call needs is away: nothing was remembered, and the same call may well succeed later."""


async def come_again(_: Request, problem: Exception) -> JSONResponse:
    """Answer that something of ours is away, so that a provider repeats itself."""
    what = str(problem) if isinstance(problem, ComeAgain) else "the store does not answer"
    return JSONResponse({"detail": f"{what}, try again later"}, 503, RETRY_AFTER)


def forged(why: str) -> HTTPException:
    """Refuse what was not signed by whom it claims to be from."""
    return HTTPException(403, why)


def unusable(field: str, problem: str) -> HTTPException:
    """Refuse a body that can be read and makes no sense."""
    return HTTPException(422, f"{field}: {problem}")
