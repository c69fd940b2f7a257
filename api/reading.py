"""Reads what strangers post: limited in size and time, of the expected type, and never taken at its word."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

LONGEST_BODY = 256 * 1024
BODY_WITHIN = 10.0
MOST_FIELDS = 100
_NOT_PLAIN = re.compile("[\\0\\ud800-\\udfff]")

FORM, MULTIPART, JSON, TEXT = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
    "text/plain",
)
Form = Sequence[tuple[str, str]]


def content_type(request: Request) -> str:
    """The type of the body without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, *types: str, longest: int = LONGEST_BODY) -> bytes:
    """The body, refused before all of it was read when it is too long, too slow or of another type."""
    if content_type(request) not in types:
        raise HTTPException(415, f"send {' or '.join(types)}")
    # One that is no number, or several, the server has refused before us.
    if int(request.headers.get("content-length", 0)) > longest:
        raise _too_long(longest)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await _read(request, longest)
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body is not all there") from None


async def _read(request: Request, longest: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise _too_long(longest)
    return bytes(body)


def _too_long(longest: int) -> HTTPException:
    # The connection stays open, and the server drops the rest: cut off, a sender would not read the answer.
    return HTTPException(413, f"the body is over {longest // 1024} KiB")


def json_object(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a body: no name twice, no NUL, no number that JSON does not have."""
    found = _json(body)
    if not isinstance(found, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return found


def json_list(body: bytes) -> list[Any]:
    """The JSON list in a body, as :func:`json_object` reads."""
    found = _json(body)
    if not isinstance(found, list):
        raise HTTPException(400, "the body is not a JSON list")
    return found


def _json(body: bytes | str) -> Any:
    try:
        text = body if isinstance(body, str) else body.decode()
        return json.loads(text, object_pairs_hook=_each_name_once, parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    for part in (*found, *found.values()):
        if isinstance(part, str) and not is_plain(part):
            raise ValueError("a text has a character that no database takes")
    return found


def _no_such_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def is_plain(text: str) -> bool:
    """Whether a text has neither NUL nor half a surrogate pair, which no database takes."""
    return _NOT_PLAIN.search(text) is None


def form_of(body: bytes) -> Form:
    """The fields of a URL-encoded form in their order."""
    try:
        text = body.decode()
        return _plain(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "the body is not a form") from None


async def read_form(request: Request) -> Form:
    """The fields of a form, URL-encoded or multipart."""
    body = await read_body(request, FORM, MULTIPART)
    if content_type(request) == FORM:
        return form_of(body)
    parser = MultiPartParser(request.headers, _once(body), max_files=0, max_fields=MOST_FIELDS)
    try:
        fields = (await parser.parse()).multi_items()
        return _plain([(name, value) for name, value in fields if isinstance(value, str)])
    except (MultiPartException, ValueError, LookupError):
        raise HTTPException(400, "the body is not a form") from None


def _plain(fields: Form) -> Form:
    if not all(is_plain(name) and is_plain(value) for name, value in fields):
        raise ValueError("a field has a character that no database takes")
    return fields


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
