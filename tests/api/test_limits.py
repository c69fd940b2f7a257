"""Whatever strangers send is refused early and politely: never a server error, never read without an end."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from api import reading
from tests.api.stage import FORM, Door
from tests.processes import PATIENCE

JSON, TEXT, MULTIPART = "application/json", "text/plain", "multipart/form-data"
BODIES = {
    "/webhooks/twilio/status": FORM,
    "/webhooks/twilio/inbound": FORM,
    "/webhooks/ses": TEXT,
    "/preferences/x": FORM,
    "/live-activities/x": JSON,
}
TOO_LONG = reading.LONGEST_BODY + 1


async def raw(door: Door, head: str, *body: bytes) -> bytes:
    """What comes back to bytes that no HTTP client would send."""
    where = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    for part in body:
        writer.write(part)
    await writer.drain()
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


def says(answer: bytes, status: int) -> bool:
    return answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("path", BODIES)
async def test_a_body_that_is_announced_as_too_long_is_refused_before_it_is_sent(
    door: Door, path: str
) -> None:
    head = f"POST {path} HTTP/1.1\nHost: x\nContent-Type: {BODIES[path]}\nContent-Length: {TOO_LONG}"

    assert says(await raw(door, head), 413)


@pytest.mark.parametrize("path", BODIES)
async def test_a_body_without_a_length_is_refused_once_it_is_too_long(door: Door, path: str) -> None:
    head = f"POST {path} HTTP/1.1\nHost: x\nContent-Type: {BODIES[path]}\nTransfer-Encoding: chunked"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    assert says(await raw(door, head, *[chunk] * 5), 413), "although its end has not come"


async def test_a_body_as_long_as_allowed_is_read(door: Door) -> None:
    path = door.live_activity("any")
    body = json.dumps({"token": "zz", "filler": ""})
    longest = body.replace('""', f'"{"x" * (reading.LONGEST_BODY - len(body))}"')

    answer = await door.http.post(path, content=longest, headers={"Content-Type": JSON})

    assert answer.status_code == 422, "it was read, and the token in it is none"


async def test_a_body_that_does_not_come_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_WITHIN", 0.1)
    head = f"POST /webhooks/ses HTTP/1.1\nHost: x\nContent-Type: {TEXT}\nContent-Length: 10"

    assert says(await raw(door, head, b"{"), 408)


async def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_trouble(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    where = urlsplit(door.url)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"POST /webhooks/ses HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n{"
    )
    await writer.drain()
    writer.transport.abort()
    assert (await door.http.get("/health")).status_code == 200

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "kind", ["application/xml", "application/octet-stream", "", "text/html; x=text/plain"]
)
async def test_a_body_of_another_type_is_refused(door: Door, path: str, kind: str) -> None:
    answer = await door.http.post(path, content=b"{}", headers={"Content-Type": kind})

    assert answer.status_code == 415
    assert answer.json()["detail"].startswith("send ")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[]",
        b"null",
        b'{"token": "aabbccdd", "token": "aabbccdd"}',
        b'{"token": "aa\\u0000bb"}',
        b'{"token": "\\ud800"}',
        b'{"token": NaN}',
        b'{"token": 1e999999, "b": ' + b"9" * 5000 + b"}",
        b'{"token": "aabbccdd"} x',
    ],
)
async def test_json_that_is_none_is_refused(door: Door, body: bytes) -> None:
    for path, kind in ((door.live_activity("any"), JSON), ("/webhooks/ses", TEXT)):
        answer = await door.http.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"a=%00", b"%00=a", b"a=1&" * 200])
async def test_a_form_that_is_none_is_refused(door: Door, body: bytes) -> None:
    for path in ("/webhooks/twilio/status", "/webhooks/twilio/inbound", door.preferences()):
        answer = await door.http.post(path, content=body, headers={"Content-Type": FORM})
        assert answer.status_code == 400


_PART = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\nx\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (MULTIPART, b"x"),
        (f"{MULTIPART}; boundary=", b"x"),
        (f"{MULTIPART}; boundary=b", b"x"),
        (f"{MULTIPART}; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
        (f"{MULTIPART}; boundary=b; charset=nonsense", _PART % (b"a\0", b"") + b"--b--\r\n"),
        (f"{MULTIPART}; boundary=b", _PART % (b"a", b'; filename="f"') + b"--b--\r\n"),
        (f"{MULTIPART}; boundary=b", _PART % (b"a", b"") * 200 + b"--b--\r\n"),
        (f"{MULTIPART}; boundary={'b' * 5000}", b"--b"),
    ],
)
async def test_a_multipart_form_that_is_none_changes_nothing(door: Door, kind: str, body: bytes) -> None:
    answer = await door.http.post(door.preferences(), content=body, headers={"Content-Type": kind})

    assert answer.status_code in {400, 422}


def filled(path: str, operations: Mapping[str, Any]) -> str:
    """A path with the document's own examples in it."""
    for parameter in (one for operation in operations.values() for one in operation.get("parameters", ())):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", str(parameter.get("example", "x")))
    return path


async def test_only_what_is_documented_can_be_called(door: Door) -> None:
    document = (await door.http.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            if method.lower() not in operations:
                answer = await door.http.request(method, filled(path, operations))
                assert answer.status_code == 405, (method, path)
                assert set(answer.headers["allow"].lower().split(", ")) == set(operations)
    for path in ("/docs", "/redoc", "/", "/webhooks/ses/", "/preferences/"):
        assert (await door.http.get(path)).status_code == 404


async def test_it_is_alive_whatever_else_is_away_and_ready_only_with_it(door: Door) -> None:
    assert (await door.http.get("/ready")).json() == {"status": "ready"}
    with door.temporal_is_away():
        assert (await door.http.get("/health")).status_code == 200
        no_temporal = await door.http.get("/ready")
    async with door.store_is_away():
        assert (await door.http.get("/health")).status_code == 200
        no_store = await door.http.get("/ready")

    assert (no_temporal.status_code, no_store.status_code) == (503, 503)
    assert no_temporal.json() == {"detail": "Temporal does not answer, try again later"}
    assert no_store.json() == {"detail": "the store does not answer, try again later"}
