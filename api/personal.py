"""What the doors to recipients share: how a body is read, refused and documented, and who changed what."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import HTTPException, Path, Request, Response
from pydantic import BaseModel, ValidationError

from activities.store.people import People
from api.answers import unusable
from api.document import inlined as whole
from api.reading import JSON, json_object, read_body
from domain.consents import By
from domain.editing import Edit
from domain.orders import BadInput, Identifier
from domain.recipients import Device, Recipient

Model = TypeVar("Model", bound=BaseModel)
RecipientId = Annotated[
    Identifier, Path(description="The recipient, as their service calls them", examples=["c-42"])
]


async def read(request: Request, model: type[Model]) -> Model:
    """What a body holds, or 422 with the field and the remedy."""
    return checked(model, json_object(await read_body(request, JSON)))


def checked(model: type[Model], raw: Mapping[str, Any]) -> Model:
    """The same for what was read already."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = BadInput.first_of(error, "body")
        raise unusable(wrong.field, wrong.problem) from None


async def changed(
    people: People, recipient_id: str, edit: Edit, by: By, *, registers: Device | None = None
) -> Recipient:
    """A recipient after a change, or 404 for nobody, or 422 for what cannot be done."""
    try:
        person = await people.change(recipient_id, edit, by, registers=registers)
    except BadInput as wrong:
        raise unusable(wrong.field, wrong.problem) from None
    return known(person)


def known(person: Recipient | None) -> Recipient:
    """A recipient, or 404."""
    if person is None:
        raise HTTPException(404, "nobody loaded this recipient, do it with PUT /v1/recipients/{recipient_id}")
    return person


def called(request: Request, actor: str) -> By:
    """Who changes something by a call, and by which."""
    return By(actor, f"{request.method} {request.scope['route'].path}")


async def private(response: Response) -> None:
    """Nobody between us and the caller keeps what is about a person."""
    response.headers["Cache-Control"] = "no-store"


def posted(model: type[BaseModel], *, needs: Iterable[str] | None = None) -> dict[str, Any]:
    """Document a body. ``needs``: what of the model has to be there, where that is less."""
    schema = inlined(model)
    if needs is not None:
        schema["required"] = list(needs)
    content = {"schema": schema, "example": schema["examples"][0]}
    return {"requestBody": {"required": True, "content": {JSON: content}}}


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema, without the recipient's own word, which nobody else can give."""
    schema = whole(model)
    schema["properties"].pop("opted_out", None)
    return schema
