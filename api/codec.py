"""Reads encrypted payloads to Temporal's own pages and commands, by the protocol of its codec servers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from api.answers import problems, unusable
from api.callers import Callers
from api.operations import letting_in
from api.reading import JSON, json_object, read_body
from api.taking import body_of
from domain.callers import Scope
from encryption import CannotDecrypt

CODEC = "/codec"
# What Temporal hands over at once is 4 MiB at most, and as text a third longer.
_LONGEST = 6 * 1024 * 1024
_EXAMPLE: JsonDict = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IkExNyI="}]}

Step = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]
Base64 = Annotated[str, Field(description="In Base64")]


class OnePayload(BaseModel):
    """A payload of Temporal's as JSON."""

    metadata: dict[str, Base64] = {}
    data: Base64 = ""


class ManyPayloads(BaseModel):
    """What a codec is given, and what it answers: as many, each in its place."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    payloads: list[OnePayload] = []


class CodecDoor:
    """Answers those who may see what operators see. Not there at all where nothing is encrypted."""

    def __init__(self, codec: PayloadCodec | None, callers: Callers) -> None:
        self._codec, self._callers = codec, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(
            tags=["Operations"], dependencies=[Depends(letting_in(self._callers, Scope.READ_OPERATIONS))]
        )
        if self._codec is None:
            return router
        described: dict[str, Any] = {
            "response_model": ManyPayloads,
            "responses": problems(400, 401, 403, 408, 413, 415, 422, 503),
            "openapi_extra": body_of(ManyPayloads, _EXAMPLE),
        }
        codec = self._codec

        @router.post(f"{CODEC}/decode", **described)
        async def decode(request: Request) -> dict[str, Any]:
            """Decrypt payloads as they are in a history. What is in the clear comes back as it is.

            `temporal workflow show --codec-endpoint` asks here, and so do the pages of the Temporal UI.
            """
            return await _through(codec.decode, request)

        @router.post(f"{CODEC}/encode", **described)
        async def encode(request: Request) -> dict[str, Any]:
            """Encrypt payloads for whoever signals an order by the Temporal UI or command line."""
            return await _through(codec.encode, request)

        return router


async def _through(step: Step, request: Request) -> dict[str, Any]:
    try:
        given = ParseDict(json_object(await read_body(request, JSON, longest=_LONGEST)), Payloads())
    except ParseError:
        # Not what the parser says: it may repeat what it read.
        raise unusable("payloads", "are none of Temporal's, send them as they are in a history") from None
    try:
        return MessageToDict(Payloads(payloads=await step(given.payloads)))
    except CannotDecrypt as problem:
        raise unusable("payloads", str(problem)) from None
