"""What httpx's names say of a call that went wrong: whether it may have left."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from activities.channels.connections import Connections
from activities.channels.http import call, new_client
from domain.outcomes import TryLater, Unknown
from tests.tls import HOST, Authority, terminating

from .wire import PATIENT, SILENCE, Cuts, Says, Wire, patience

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NEVER_LEFT, MAY_HAVE_LEFT = TryLater("Some: could not connect"), Unknown("Some: no answer came")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with new_client() as client:
        yield client


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address of somebody who treats connections like this, until the block ends."""

    async def until_it_leaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(until_it_leaves, HOST, 0, ssl=tls) as server:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}/"


async def post(http: httpx.AsyncClient, url: str, wait: httpx.Timeout = PATIENT) -> object:
    """What a provider makes of one call."""
    return await call(http, "Some", http.build_request("POST", url, json={"to": "you"}, timeout=wait))


async def test_an_answer_is_whole_and_unpacked(http: httpx.AsyncClient, wire: Wire) -> None:
    packed = Says(201, gzip.compress(b'{"name": "it"}'), {"Content-Encoding": "gzip", "Set-Cookie": "a=1"})
    wire.will("/send%7E", packed)

    answer = await post(http, f"{wire.url}/send%7E?q=%2B1")

    assert isinstance(answer, httpx.Response)
    assert (answer.status_code, answer.json()) == (201, {"name": "it"})
    (heard,) = wire.heard
    assert (heard.method, heard.target, heard.json) == ("POST", "/send%7E?q=%2B1", {"to": "you"})
    assert heard.headers["content-type"] == "application/json"


async def test_a_providers_cookie_of_one_call_is_not_in_the_next(http: httpx.AsyncClient, wire: Wire) -> None:
    wire.will("/", Says(200, b"{}", {"Set-Cookie": "session=of-another; Path=/"}))

    await post(http, wire.url)
    await post(http, wire.url)

    assert [heard.headers.get("cookie") for heard in wire.heard] == [None, None]


async def test_a_redirect_is_an_answer_like_any_other(http: httpx.AsyncClient, wire: Wire) -> None:
    wire.will("/", Says(302, headers={"Location": wire.url + "/elsewhere"}))
    answer = await post(http, wire.url + "/")
    assert isinstance(answer, httpx.Response)
    assert (answer.status_code, len(wire.heard)) == (302, 1)


async def test_a_connection_is_used_again(http: httpx.AsyncClient) -> None:
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        while await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(len(b'{"to":"you"}'))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with serving(serve) as url:
        for _ in range(3):
            assert isinstance(await post(http, url), httpx.Response)
        assert len(opened) == 1

        opened.pop().close()
        for _ in range(10):
            await asyncio.sleep(0)  # the loop's turns until its end is seen on our side
        assert isinstance(await post(http, url), httpx.Response), "one that was closed meanwhile is not used"


async def test_where_nobody_listens_nothing_left(http: httpx.AsyncClient) -> None:
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        assert await post(http, f"http://{HOST}:{closed.getsockname()[1]}/") == NEVER_LEFT


@pytest.mark.parametrize("url", ["http://nowhere.invalid/", "ftp://127.0.0.1/", "http:///"])
async def test_where_there_is_nothing_to_connect_to_nothing_left(http: httpx.AsyncClient, url: str) -> None:
    assert await post(http, url) == NEVER_LEFT


async def test_whom_nobody_vouches_for_hears_nothing(http: httpx.AsyncClient, tmp_path: Path) -> None:
    stranger = terminating(Authority(tmp_path, "stranger").issue("server"))
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())

    async with serving(serve, stranger) as url:
        assert await post(http, url.replace("http:", "https:")) == NEVER_LEFT
    assert not heard


async def test_without_a_free_connection_nothing_left(wire: Wire) -> None:
    wire.will("/", SILENCE)
    async with httpx.AsyncClient(transport=Connections(1)) as http:
        first = asyncio.create_task(post(http, wire.url + "/"))
        await wire.has_heard(1)
        assert await post(http, wire.url + "/", httpx.Timeout(60, pool=0.02, connect=0.02)) == NEVER_LEFT
        first.cancel()
    assert len(wire.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Cuts(), id="cut before an answer"),
        pytest.param(Cuts(b"HTTP/1.1 200 OK\r\nContent-Le"), id="cut in the headers"),
        pytest.param(Cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), id="cut in the body"),
        pytest.param(Cuts(b"220 mail.example.org ESMTP\r\n\r\n"), id="not HTTP"),
        pytest.param(
            Cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), id="two sizes"
        ),
        pytest.param(Says(200, b"not packed", {"Content-Encoding": "gzip"}), id="cannot be unpacked"),
        pytest.param(SILENCE, id="silence"),
    ],
)
async def test_what_was_sent_may_have_arrived(
    http: httpx.AsyncClient, wire: Wire, answer: Says | Cuts
) -> None:
    wire.will("/", answer)
    assert await post(http, wire.url + "/", patience(answer)) == MAY_HAVE_LEFT
    assert len(wire.heard) == 1, "and nobody tried again by themselves"


async def test_a_connection_that_is_reset_may_have_carried_it(http: httpx.AsyncClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        no_goodbye = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_goodbye)
        writer.transport.abort()

    async with serving(serve) as url:
        assert await post(http, url) == MAY_HAVE_LEFT


async def test_a_proxy_of_the_environment_is_used(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.will("/send", Says(204))
    monkeypatch.setenv("HTTP_PROXY", wire.url)
    monkeypatch.setenv("NO_PROXY", "")
    async with new_client() as http:
        answer = await post(http, "http://provider.invalid/send")
    assert isinstance(answer, httpx.Response)
    assert wire.heard[0].target == "http://provider.invalid/send"


async def test_what_a_proxy_does_not_let_through_has_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async with serving(serve) as url, new_client() as http:
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "")
        assert await post(http, "https://provider.invalid/send") == NEVER_LEFT
