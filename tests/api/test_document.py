"""The OpenAPI document says everything: what is sent, what is answered, every refusal, all with examples."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from api.limiting import is_limited
from tests.api.operations import Operation, examples_in, operations
from tests.api.stage import Door

# What these hold is shown, not read by a program.
_SHOWN = ("text/html", "text/event-stream")


@pytest.fixture
async def document(door: Door) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (await door.http.get("/openapi.json")).json()
    return found


def missing(operation: Operation, document: Mapping[str, Any]) -> Iterator[str]:
    """What an operation does not say."""
    says = operation.says
    yield from (part for part in ("summary", "description", "operationId", "tags") if not says.get(part))
    for parameter in operation.parameters:
        if not (parameter.get("description") or parameter["in"] == "header"):
            yield f"what {parameter['name']} is"
        if parameter.get("required") and not examples_in(parameter):
            yield f"an example of {parameter['name']}"
    for kind, content in says.get("requestBody", {}).get("content", {}).items():
        if not examples(content, document):
            yield f"an example of a body of {kind}"
    for status, answer in says["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if kind not in _SHOWN and not examples(content, document):
                yield f"an example of {status}"
    yield from (str(status) for status in refusals(operation) if str(status) not in says["responses"])


def refusals(operation: Operation) -> Iterator[int]:
    """What an operation may answer beside what it is for."""
    path = operation.path
    if operation.schemes:
        yield 401
    if "key" in operation.schemes:
        yield 403
    if operation.body:
        yield from (400, 408, 413, 415, 422)
    if is_limited(path):
        yield 429
    if path.startswith(("/v1/", "/webhooks/")) or path == "/ready":
        yield 503


def examples(content: Mapping[str, Any], document: Mapping[str, Any]) -> list[Any]:
    """Examples in a place, or of the model that it refers to."""
    found = examples_in(content)
    reference = content.get("schema", {}).get("$ref")
    if reference and not found:
        return examples_in(document["components"]["schemas"][reference.rpartition("/")[2]])
    return found


async def test_every_operation_says_everything_with_examples(document: Mapping[str, Any]) -> None:
    found = [
        f"{operation}: {what} is missing"
        for operation in operations(document)
        for what in missing(operation, document)
    ]

    assert found == [], "\n".join(found)


async def test_every_schema_says_what_it_is(document: Mapping[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert [name for name, schema in schemas.items() if not (schema.get("description"))] == []


async def test_every_operation_has_an_id_of_its_own(document: Mapping[str, Any]) -> None:
    ids = [operation.says["operationId"] for operation in operations(document)]

    assert len(set(ids)) == len(ids)


async def test_every_refusal_has_one_shape(document: Mapping[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for operation in operations(document):
        for status, answer in operation.says["responses"].items():
            if (problem := answer.get("content", {}).get("application/json")) and status >= "400":
                assert problem["schema"]["title"] == "Problem", operation


async def test_who_comes_too_often_or_too_early_is_told_when_to_come(document: Mapping[str, Any]) -> None:
    for operation in operations(document):
        for status in ("429", "503"):
            answer = operation.says["responses"].get(status, {})
            if "application/json" in answer.get("content", {}):
                assert "Retry-After" in answer["headers"], operation


async def test_every_way_in_is_explained(document: Mapping[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]

    used = {name for operation in operations(document) for name in operation.schemes}
    assert used <= set(schemes)
    assert all(scheme["description"] for scheme in schemes.values())
    assert "X-Request-ID" in document["info"]["description"]


async def test_a_key_that_is_refused_hears_which_scope_it_lacks(document: Mapping[str, Any]) -> None:
    for operation in operations(document):
        for scope in operation.schemes.get("key", ()):
            refusal = operation.says["responses"]["403"]
            assert examples_in(refusal["content"]["application/json"]) == [
                {"detail": f"the key does not have the scope {scope}"}
            ]
