"""How the API says no: one shape for every problem, and its place in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, cast

from fastapi import HTTPException
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.orders import BadInput


class Problem(BaseModel):
    """What was wrong, in words that never repeat what was sent."""

    detail: str


_EXAMPLES: Mapping[int, tuple[str, str]] = {
    400: ("The body cannot be read", "the body is not JSON"),
    401: ("No key or token of ours, or one that is over", "no token of ours, or it is over: get another"),
    403: ("Not from whom it claims to be, or not theirs to call", "the signature is not the provider's"),
    404: ("No such thing here", "no such link"),
    408: ("The body did not come in time", "the body did not come in time"),
    409: ("Somebody decided before", "it was decided on before, look at its resolution"),
    413: ("The body is too long", "the body is over 256 KiB"),
    415: ("The body is of another type", "send application/json"),
    422: ("Something in the body cannot be used; the detail names it", "token: missing"),
    429: ("Too many requests: come again after Retry-After seconds", "too many requests, try again later"),
    503: ("The store or Temporal is away: come again", "the store does not answer, try again later"),
}
_SCHEMA = Problem.model_json_schema()
RETRY_AFTER = {"Retry-After": "20"}
_WHEN = {"Retry-After": {"description": "After so many seconds", "schema": {"type": "integer"}}}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Document that an operation may answer with these."""
    return {code: problem(code, *_EXAMPLES[code]) for code in codes}


def problem(code: int, description: str, example: str) -> dict[str, Any]:
    """Document one refusal."""
    # Not as "model": that would be of the type of the operation's own answer, such as a page.
    content = {"application/json": {"schema": _SCHEMA, "example": {"detail": example}}}
    said = {"description": description, "content": content}
    return {**said, "headers": _WHEN} if code in (429, 503) else said


class ComeAgain(Exception):
    """What a call needs is away: nothing was remembered, and the same call may well succeed later."""


async def come_again(_: Request, problem: Exception) -> JSONResponse:
    """Answer that something of ours is away, so that a provider repeats itself."""
    what = str(problem) if isinstance(problem, ComeAgain) else "the store does not answer"
    return JSONResponse({"detail": f"{what}, try again later"}, 503, RETRY_AFTER)


async def refused(_: Request, problem: Exception) -> JSONResponse:
    """Refuse a path, query or header by its name, as a body is refused."""
    first = cast("RequestValidationError", problem).errors()[0]
    where, *place = first["loc"]
    return JSONResponse({"detail": str(BadInput.of({**first, "loc": place}, str(where)))}, 422)


async def not_allowed(request: Request, problem: Exception) -> Response:
    """Name every method of a path: a router knows those of its first operation alone."""
    answer = await http_exception_handler(request, cast("StarletteHTTPException", problem))
    path = getattr(request.scope.get("route"), "path", None)
    operations = request.app.openapi()["paths"].get(path, {})
    if operations:
        answer.headers["Allow"] = ", ".join(method.upper() for method in operations)
    return answer


def forged(why: str) -> HTTPException:
    """Refuse what was not signed by whom it claims to be from."""
    return HTTPException(403, why)


def unusable(field: str, problem: str) -> HTTPException:
    """Refuse a body that can be read and makes no sense."""
    return HTTPException(422, f"{field}: {problem}")
