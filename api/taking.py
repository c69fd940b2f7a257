"""Takes queries and JSON bodies in as models: what does not fit is refused with the field's name."""

from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError

from api.answers import unusable
from api.reading import JSON, is_plain, json_object, read_body
from domain.orders import BadInput

M = TypeVar("M", bound=BaseModel)


def _plain(value: str) -> str:
    if not is_plain(value):
        raise ValueError("has a character that no database takes")
    return value


Plain = Annotated[str, AfterValidator(_plain)]
LetterId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


async def read_as(model: type[M], request: Request) -> M:
    """The JSON body as a model."""
    return _as(model, json_object(await read_body(request, JSON)), "body")


def query_as(model: type[M], request: Request) -> M:
    """The query as a model; of a name that is there twice the last counts, one that is empty does not."""
    given = {name: value for name, value in request.query_params.items() if value}
    return _as(model, given, "query")


def body_of(model: type[BaseModel], example: object) -> dict[str, Any]:
    """How the document describes a body that :func:`read_as` reads."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


def parameter(
    name: str, where: str, description: str, example: object, **schema: object
) -> dict[str, object]:
    """How the document describes one part of a path or query: a text unless ``schema`` says otherwise."""
    is_needed = where == "path" or bool(schema.pop("required", False))
    about = {"name": name, "in": where, "required": is_needed, "description": description}
    return {**about, "schema": {"type": "string", **schema}, "example": example}


def _as(model: type[M], given: dict[str, Any], whole: str) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = BadInput.first_of(error, whole)
        raise unusable(wrong.field, wrong.problem) from None
