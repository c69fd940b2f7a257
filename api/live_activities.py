"""Where an app hands in the token of a Live Activity that we started, so that we can update it."""

import logging
from typing import Annotated, Protocol

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from api.answers import problems, unusable
from api.reading import JSON, json_object, read_body
from domain.links import SignedLinks
from domain.orders import BadInput

log = logging.getLogger(__name__)

LIVE_ACTIVITIES = "/live-activities/{token}"


class UpdateToken(BaseModel):
    """What an app got from ActivityKit, as hexadecimal digits."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2}){4,512}$")]


class Activities(Protocol):
    """The store, as far as Live Activities need it."""

    async def register_live_activity(self, activity_id: str, token: str) -> str | None: ...  # noqa: D102 as the store says


class LiveActivitiesDoor:
    """Takes the tokens of Live Activities."""

    def __init__(self, store: Activities, links: SignedLinks) -> None:
        self._store, self._links = store, links

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Apps"])
        router.post(
            LIVE_ACTIVITIES,
            status_code=204,
            response_class=Response,
            response_description="Updates go there from now on",
            responses=problems(400, 404, 408, 413, 415, 422, 503),
            openapi_extra={"parameters": [_LINK], "requestBody": _BODY},
        )(self.register)
        return router

    async def register(self, request: Request) -> Response:
        """Take in where the updates of an activity go."""
        body = await read_body(request, JSON)
        activity_id = self._links.read_live_activity(request.path_params["token"])
        if activity_id is None:
            raise HTTPException(404, "no such link")
        try:
            handed_in = UpdateToken.model_validate(json_object(body))
        except ValidationError as error:
            wrong = BadInput.first_of(error, "body")
            raise unusable(wrong.field, wrong.problem) from None
        order_id = await self._store.register_live_activity(activity_id, handed_in.token)
        if order_id is None:
            raise HTTPException(404, "no such activity")
        log.info("live activity %s of order %s can be updated", activity_id, order_id)
        return Response(status_code=204)


_LINK = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "As signed into the link of the push that started the activity",
    "schema": {"type": "string", "minLength": 1},
    "example": "IjJmMGMwYTBlIg.signature",
}
_BODY = {
    "required": True,
    "content": {JSON: {"schema": UpdateToken.model_json_schema(), "example": {"token": "a1b2c3d4e5f60718"}}},
}
