"""What is fetched from Amazon is small, comes soon and from nowhere else, or SNS is asked to come again."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.answers import ComeAgain
from api.sns import LONGEST_CERTIFICATE, fetching
from tests.channels.wire import SILENCE, Cuts, Says, Wire, a_wire, patience


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with a_wire() as wire:
        yield wire


async def fetched(wire: Wire) -> bytes:
    async with httpx.AsyncClient(timeout=patience(*wire.answers["/a.pem"])) as http:
        return await fetching(http)(wire.url + "/a.pem")


async def test_a_certificate_is_fetched_as_it_is(wire: Wire) -> None:
    wire.will("/a.pem", Says(200, b"x" * LONGEST_CERTIFICATE))

    assert await fetched(wire) == b"x" * LONGEST_CERTIFICATE


@pytest.mark.parametrize(
    "answer",
    [
        Says(404),
        Says(500, b"<html>"),
        Says(200, b"x" * (LONGEST_CERTIFICATE + 1)),
        SILENCE,
        Cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"),
        Cuts(),
    ],
    ids=["absent", "broken", "too long", "silent", "cut", "gone"],
)
async def test_any_other_answer_is_one_to_come_again_for(wire: Wire, answer: Says | Cuts) -> None:
    wire.will("/a.pem", answer)

    with pytest.raises(ComeAgain, match="Amazon"):
        await fetched(wire)


async def test_no_redirect_is_followed(wire: Wire) -> None:
    wire.will("/a.pem", Says(302, headers={"Location": f"{wire.url}/inside"}))
    wire.will("/inside", Says(200, b"secret"))

    with pytest.raises(ComeAgain):
        await fetched(wire)

    assert wire.calls_to("/inside") == []
