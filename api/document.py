"""What the OpenAPI document says beyond what each door says of itself: refusals that any call may get."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from api.answers import problem, problems
from api.limiting import is_limited

ABOUT = """Takes order events in and tells what was told, for order services; takes in what providers tell us;
and is what recipients and operators see.

Keys of `starter.py keys make` open what their scopes say: the scope is named at each operation. Recipients
have tokens, which run out. Both come as `Authorization: Bearer`.

Every answer has an `X-Request-ID`, yours if you sent one. A problem is `{"detail": "what is wrong"}`. 429 and
503 say in `Retry-After` when to come again.
"""
# FastAPI documents its own shape of 422; ours is that of every problem.
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """A document in which every operation names every refusal it may answer with."""
    for path, operation in _operations(document):
        answers = operation["responses"]
        if "HTTPValidationError" in str(answers.get("422")):
            del answers["422"]
            answers |= _answers(422)
        for code, answer in _answers(*_refusals(path, operation)).items():
            answers.setdefault(code, answer)
        for scope in _scopes(operation):
            answers["401"], answers["403"] = _without_a_key(), _without(scope)
        operation["responses"] = dict(sorted(answers.items()))
    for name in _NOT_OURS:
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation


def _refusals(path: str, operation: dict[str, Any]) -> Iterator[int]:
    if operation.get("security"):
        yield 401
    if is_limited(path):
        yield 429
    if path.startswith("/v1/"):
        yield 503


def _scopes(operation: dict[str, Any]) -> Iterator[str]:
    for way in operation.get("security", ()):
        yield from way.get("key", ())


def _without_a_key() -> dict[str, Any]:
    return problem(
        401, "No key of ours, or a revoked one", "no key of ours, make one with starter.py keys make"
    )


def _without(scope: str) -> dict[str, Any]:
    return problem(
        403, f"The key does not have the scope `{scope}`", f"the key does not have the scope {scope}"
    )


def _answers(*codes: int) -> dict[str, Any]:
    return {str(code): answer for code, answer in problems(*codes).items()}


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema with everything in its place: a reference would point out of where it is put."""
    schema = dict(_schema_of(model))
    known = schema.pop("$defs", {})
    found: dict[str, Any] = _put_in(schema, known)
    return found


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    # Many doors describe the same one, and to put it together is a quarter of what building the API takes.
    return model.model_json_schema()


def _put_in(part: Any, known: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_put_in(one, known) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _put_in(known[part["$ref"].rpartition("/")[2]], known)
    return {name: _put_in(value, known) for name, value in part.items()}
