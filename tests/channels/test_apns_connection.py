"""Many pushes over one HTTP/2 connection, and all that can befall it: none lost, none told twice unseen."""

import asyncio
import itertools
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsTLSClientProtocol
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from activities.channels.http import new_client
from domain.messages import Message
from domain.outcomes import Accepted, Outcome, TryLater, Unknown
from simulator import Fault
from simulator.certificate import self_signed
from simulator.http2 import Asked, Cut

from .apple import KEY_ID, PATIENCE, PHONE, TEAM_ID, TOPIC, Apple, an_adapter, config_of
from .messages import DEVICE, MESSAGE

NO_ANSWER = Unknown("APNs: no answer came")


def pushes(count: int) -> list[Message]:
    return [replace(MESSAGE, message_id=f"5f0c6a52-0d0e-5a3e-9c56-{n:012x}") for n in range(count)]


async def sent(apple: Apple, messages: Iterable[Message], at_once: int = 100) -> dict[str, Outcome]:
    """Send them, so many at a time, and answer what became of each by its id."""
    todo, outcomes = iter(messages), dict[str, Outcome]()

    async def lane() -> None:
        for message in todo:
            outcomes[message.message_id] = await apple.outcome(message)

    await asyncio.gather(*(lane() for _ in range(at_once)))
    return outcomes


async def sent_until_accepted(apple: Apple, messages: Sequence[Message]) -> set[str]:
    """Send them as the workflow would, and answer those that were in doubt on the way."""
    in_doubt = set[str]()
    while messages:
        outcomes = await sent(apple, messages)
        assert {type(outcome) for outcome in outcomes.values()} <= {Accepted, Unknown}
        again = {one for one, outcome in outcomes.items() if isinstance(outcome, Unknown)}
        in_doubt |= again
        messages = [replace(one, is_repeat=True) for one in messages if one.message_id in again]
    return in_doubt


def times_shown(apple: Apple) -> Counter[str]:
    """How often each push arrived, by its collapse id: of those with one id the phone shows the last."""
    return Counter(received.key for received in apple.simulator.received)


@pytest.mark.parametrize("disown", [True, False], ids=["disowning", "graceful"])
async def test_a_goaway_among_a_thousand_pushes_loses_none(
    apple: Apple, caplog: pytest.LogCaptureFixture, disown: bool
) -> None:
    caplog.set_level(logging.INFO)  # what httpcore says at DEBUG takes longer than the pushes
    server, messages = apple.stand_in.server, pushes(1000)
    server.stream_limit = 100
    server.go_away_after(500, disown=disown)

    in_doubt = await sent_until_accepted(apple, messages)

    assert in_doubt, "it met pushes that were under way"
    shown = times_shown(apple)
    assert shown.keys() == {message.message_id for message in messages}
    assert all(shown[one] == 1 for one in shown.keys() - in_doubt)
    assert all(shown[one] <= 2 for one in in_doubt)
    assert (server.connections, server.sent_away, server.above_limit) == (2, 1, 0)
    assert 1 < server.most_streams <= 100
    assert len(apple.stand_in.tokens) == 1


@pytest.mark.parametrize("limit", [1, 7])
async def test_no_more_streams_are_open_than_apns_allows(apple: Apple, limit: int) -> None:
    server = apple.stand_in.server
    server.stream_limit = limit

    outcomes = await sent(apple, pushes(60), at_once=60)

    assert set(map(type, outcomes.values())) == {Accepted}
    assert (server.connections, server.above_limit) == (1, 0)
    assert server.most_streams == limit


async def test_until_the_first_push_is_accepted_they_go_one_by_one(apple: Apple) -> None:
    apple.simulator.set_faults([Fault(kind="dead", provider="apns")])
    await sent(apple, pushes(30), at_once=30)
    server = apple.stand_in.server
    assert (server.most_streams, server.above_limit, server.connections) == (1, 0, 1)


async def test_a_cut_connection_leaves_its_pushes_in_doubt_and_the_next_are_sent(apple: Apple) -> None:
    await apple.outcome()
    answers = itertools.count(1)
    as_apns_does = apple.stand_in.server.answer

    def answer(asked: Asked) -> Any:
        return Cut() if next(answers) == 50 else as_apns_does(asked)

    apple.stand_in.server.answer = answer
    messages = pushes(100)

    in_doubt = await sent_until_accepted(apple, messages)

    assert in_doubt
    shown = times_shown(apple)
    assert {message.message_id for message in messages} <= shown.keys()
    assert all(shown[one] == 1 for one in shown.keys() - in_doubt)
    assert apple.stand_in.server.connections == 2


async def test_cuts_after_accepting_are_resent_under_the_same_collapse_id(apple: Apple) -> None:
    apple.simulator.set_faults([Fault(kind="cut_after", provider="apns", times=5)])
    messages = pushes(20)
    in_doubt = await sent_until_accepted(apple, messages)
    assert len(in_doubt) == 5
    assert times_shown(apple) == {one.message_id: 1 + (one.message_id in in_doubt) for one in messages}
    assert apple.stand_in.server.connections == 1


async def test_an_idle_connection_that_was_closed_does_no_harm_to_the_push_after(apple: Apple) -> None:
    await apple.outcome()
    apple.stand_in.server.cut()
    await asyncio.sleep(0.05)
    outcomes = [await apple.outcome(), await apple.outcome()]
    assert outcomes[0] in (Accepted(MESSAGE.message_id), NO_ANSWER)
    assert outcomes[1] == Accepted(MESSAGE.message_id)


@asynccontextmanager
async def a_port_that_says(folder: Path, *said: bytes) -> AsyncIterator[tuple[int, Path]]:
    """Speaks TLS, says one thing after the other once it is spoken to, and hangs up: no HTTP/2 server."""
    ca, tls = self_signed(folder, "127.0.0.1")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for part in said:
            writer.write(part)
            await asyncio.sleep(0.05)  # so that each is read by itself
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], ca
    finally:
        server.close()
        await asyncio.sleep(0.01)


SETTINGS = b"\0\0\0\4\0\0\0\0\0"
BEGINNING = SETTINGS + b"\0\0\1\1\4\0\0\0\1\x88"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        SETTINGS,
        SETTINGS + b"\0\0\1\1\5\0\0\0\1\xff",  # headers that cannot be decoded
        SETTINGS + b"\0\0\1\1\5\0\0\0\1\x88" * 2,  # a status twice, the stream being over
        BEGINNING + b"\0\0\1\0\0\0\0\0\1",  # the beginning of an answer
        BEGINNING + b"\0\0\1\x09\5\0\0\0\1\0",  # then what may not follow
        SETTINGS + b"\0\0\4\3\0\0\0\0\1\0\0\0\0",  # its stream is reset
        SETTINGS + b"\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\0",  # it goes away, and has seen no stream
        SETTINGS + b"\xff\xff\xff\0\0\0\0\0\1",
        bytes(range(256)) * 40,
    ],
    ids=lambda said: repr(said[9:30]),
)
@pytest.mark.parametrize("before", [b"", BEGINNING], ids=["at once", "within an answer"])
async def test_whatever_is_said_instead_of_http2_is_no_answer(
    apple: Apple, tmp_path: Path, before: bytes, said: bytes
) -> None:
    parts = (before, said.removeprefix(SETTINGS)) if before else (said,)
    async with a_port_that_says(tmp_path, *parts) as (port, ca):
        settings = {
            **apple.settings,
            "APNS_BASE_URL": f"https://127.0.0.1:{port}",
            "APNS_CA_FILE": str(ca),
        }
        async with an_adapter(config_of(settings)) as apns:
            assert await apns.send(MESSAGE, PHONE) == NO_ANSWER


async def test_a_server_of_another_age_is_no_apns(apple: Apple) -> None:
    url = apple.simulator.url.replace("http:", "https:")
    async with an_adapter(config_of({**apple.settings, "APNS_BASE_URL": url})) as apns:
        assert await apns.send(MESSAGE, PHONE) == TryLater("APNs: could not connect")


async def test_what_a_client_opens_beside_it_closes_with_it(apple: Apple) -> None:
    async with new_client() as http:
        (apns,) = apple.config.providers(http)
        await apns.send(MESSAGE, PHONE)
        assert len(apple.stand_in.server.open) == 1
    async with asyncio.timeout(PATIENCE):
        while apple.stand_in.server.open:  # noqa: ASYNC110 the other side sets no event of ours
            await asyncio.sleep(0.01)


# Somebody else's client, to see that the stand-in is APNs to it as well.


@asynccontextmanager
async def aioapns(apple: Apple) -> AsyncIterator[APNs]:
    class OurHost(APNsTLSClientProtocol):
        APNS_SERVER = "127.0.0.1"
        APNS_PORT = apple.simulator.apns_port

    pem = apple.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    trust = ssl.create_default_context(cafile=apple.simulator.apns_ca)
    client = APNs(key=pem, key_id=KEY_ID, team_id=TEAM_ID, topic=TOPIC, ssl_context=trust)
    client.pool.protocol_class = OurHost
    try:
        yield client
    finally:
        client.pool.close()
        await asyncio.sleep(0.05)


async def test_a_public_client_sends_to_the_stand_in(apple: Apple) -> None:
    alert = {"aps": {"alert": {"title": "Burger Barn", "body": "On its way."}}}
    async with aioapns(apple) as client:
        results = [
            await client.send_notification(NotificationRequest(DEVICE, alert, push_type=PushType.ALERT))
            for _ in range(3)
        ]
    assert [result.status for result in results] == ["200"] * 3
    assert [received.text for received in apple.simulator.received] == ["Burger Barn\nOn its way."] * 3
    assert apple.stand_in.server.connections == 1


async def test_a_public_client_understands_what_the_stand_in_refuses(apple: Apple) -> None:
    apple.simulator.set_faults([Fault(kind="dead", provider="apns", address=DEVICE)])
    async with aioapns(apple) as client:
        bad = await client.send_notification(NotificationRequest("no-token", {"aps": {"alert": "Hi"}}))
        dead = await client.send_notification(NotificationRequest(DEVICE, {"aps": {"alert": "Hi"}}))
    assert (bad.status, bad.description, bad.is_successful) == ("400", "BadDeviceToken", False)
    assert (dead.status, dead.description, dead.is_successful) == ("410", "Unregistered", False)
    assert dead.timestamp
