"""The simulator's APNs, as a client sees it that hides nothing: bare httpx over HTTP/2 and TLS."""

import asyncio
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection

from simulator import Fault, Simulator
from simulator.apns import REASONS
from tests.processes import PATIENCE

DEVICE = "a1b2c3d4" * 8
ALERT = {"aps": {"alert": {"title": "Burger Barn", "body": "On its way."}}}
STATE = {"status": "OUT_FOR_DELIVERY", "text": "On its way."}
LIVE = {"apns-push-type": "liveactivity", "apns-topic": "org.example.orders.push-type.liveactivity"}
APNS_ID = "5f0c6a52-0d0e-5a3e-9c56-3b7a6f6f4a11"


class Client:
    """Sends as any client would. A header that is None is left out."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient) -> None:
        self.simulator, self.http = simulator, http
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.bearer = f"bearer {self.token()}"

    def token(self, age: float = 0, *, kid: str | None = "ABC123DEFG", **claims: Any) -> str:
        claims = {"iss": "DEF123GHIJ", "iat": int(time.time() - age), **claims}
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": kid} if kid else {})

    async def push(
        self, *more: tuple[str, str], device: str = DEVICE, body: object = ALERT, **changed: str | None
    ) -> httpx.Response:
        headers: dict[str, str | None] = {"authorization": self.bearer, "apns-topic": "org.example.orders"}
        headers["apns-push-type"] = "alert"
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        kept = [(name, value) for name, value in headers.items() if value is not None]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(f"/3/device/{device}", content=content, headers=[*kept, *more])

    async def live(self, event: str) -> httpx.Response:
        aps = {"event": event, "timestamp": 1, "content-state": STATE}
        return await self.push(*LIVE.items(), body={"aps": aps}, apns_topic=None, apns_push_type=None)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Simulator.start() as simulator, a_client(simulator) as http:
        yield Client(simulator, http)


def a_client(simulator: Simulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{simulator.apns_port}",
        verify=ssl.create_default_context(cafile=simulator.apns_ca),
        http1=False,
        http2=True,
    )


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["reason"]


async def test_a_push_is_received_with_what_the_person_reads_and_its_collapse_id(client: Client) -> None:
    answer = await client.push(apns_id=APNS_ID, apns_collapse_id="A17", apns_expiration="0")

    assert (answer.http_version, answer.status_code, answer.content) == ("HTTP/2", 200, b"")
    assert answer.headers["apns-id"] == APNS_ID
    (received,) = client.simulator.received
    assert (received.channel, received.provider, received.address) == ("push", "apns", DEVICE)
    assert (received.text, received.key) == ("Burger Barn\nOn its way.", "A17")
    assert received.raw.headers["apns-push-type"] == "alert"
    assert "authorization" not in received.raw.headers
    assert json.loads(received.raw.body) == ALERT


async def test_a_push_without_an_id_gets_one(client: Client) -> None:
    assert re.fullmatch("[0-9A-F-]{36}", (await client.push()).headers["apns-id"])


async def test_an_alert_may_be_a_bare_text(client: Client) -> None:
    await client.push(body={"aps": {"alert": "On its way."}})
    assert client.simulator.received[0].text == "On its way."


@pytest.mark.parametrize("event", ["start", "update", "end"])
async def test_a_live_activity_shows_the_text_of_its_state(client: Client, event: str) -> None:
    assert (await client.live(event)).status_code == 200
    (received,) = client.simulator.received
    assert received.text == "On its way."
    assert received.raw.headers["apns-push-type"] == "liveactivity"
    assert json.loads(received.raw.body)["aps"]["event"] == event


async def test_only_a_sandbox_tells_its_own_id(client: Client) -> None:
    assert "apns-unique-id" not in (await client.push()).headers
    client.simulator.apns.is_sandbox = True
    assert (await client.push()).headers["apns-unique-id"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"apns_id": "A17"}, (400, "BadMessageId")),
        ({"apns_id": APNS_ID.upper()}, (400, "BadMessageId")),
        ({"apns_expiration": "tomorrow"}, (400, "BadExpirationDate")),
        ({"apns_priority": "7"}, (400, "BadPriority")),
        ({"apns_priority": "10", "apns_push_type": "background"}, (400, "BadPriority")),
        ({"apns_collapse_id": "x" * 65}, (400, "BadCollapseId")),
        ({"apns_push_type": "shout"}, (400, "InvalidPushType")),
        ({"apns_push_type": "liveactivity"}, (400, "TopicDisallowed")),
        ({"apns_topic": None}, (400, "MissingTopic")),
        ({"apns_topic": "org.example.orders.push-type.liveactivity"}, (400, "TopicDisallowed")),
        ({"body": b""}, (400, "PayloadEmpty")),
        ({"body": b"On its way."}, (400, "PayloadEmpty")),
        ({"body": {"aps": {"alert": "x" * 4096}}}, (413, "PayloadTooLarge")),
        ({"device": ""}, (400, "MissingDeviceToken")),
        ({"device": "no-token"}, (400, "BadDeviceToken")),
        ({"device": "abc"}, (400, "BadDeviceToken")),
        ({"authorization": None}, (403, "MissingProviderToken")),
        ({"authorization": "bearer a.b.c"}, (403, "InvalidProviderToken")),
    ],
    ids=repr,
)
async def test_what_is_wrong_with_a_push_is_said_as_apple_does(
    client: Client, changed: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert reason(await client.push(**changed)) == expected
    assert client.simulator.received == []


async def test_a_header_twice_is_one_too_many(client: Client) -> None:
    assert reason(await client.push(("apns-topic", "org.example.orders"))) == (400, "DuplicateHeaders")


async def test_another_path_or_method_is_none_of_apns(client: Client) -> None:
    headers = {"authorization": client.bearer}
    assert reason(await client.http.post("/4/device/ab", headers=headers)) == (404, "BadPath")
    assert reason(await client.http.get("/3/device/ab", headers=headers)) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"age": 3700}, (403, "ExpiredProviderToken")),
        ({"age": -3700}, (403, "InvalidProviderToken")),
        ({"iat": "now"}, (403, "InvalidProviderToken")),
        ({"iss": ""}, (403, "InvalidProviderToken")),
        ({"kid": None}, (403, "InvalidProviderToken")),
    ],
    ids=repr,
)
async def test_a_provider_token_is_looked_at(
    client: Client, token: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert reason(await client.push(authorization=f"bearer {client.token(**token)}")) == expected


async def test_bearer_is_written_small(client: Client) -> None:
    assert reason(await client.push(authorization=f"Bearer {client.token()}")) == (
        403,
        "InvalidProviderToken",
    )


async def test_a_signature_counts_once_the_key_is_known(client: Client) -> None:
    client.simulator.apns.trusts("ABC123DEFG", client.key.public_key())
    assert (await client.push()).status_code == 200
    client.key = ec.generate_private_key(ec.SECP256R1())
    forged = await client.push(authorization=f"bearer {client.token()}")
    assert reason(forged) == (403, "InvalidProviderToken")


async def test_two_tokens_within_20_minutes_on_one_connection_are_one_too_many(client: Client) -> None:
    await client.push(authorization=f"bearer {client.token(age=1900)}")
    assert (await client.push(authorization=f"bearer {client.token(age=600)}")).status_code == 200
    refused = await client.push(authorization=f"bearer {client.token()}")
    assert reason(refused) == (429, "TooManyProviderTokenUpdates")
    async with a_client(client.simulator) as http:
        client.http = http
        assert (await client.push()).status_code == 200, "on another connection it is the first"


@pytest.mark.parametrize("code", REASONS)
async def test_every_reason_can_be_asked_for(client: Client, code: str) -> None:
    client.simulator.set_faults([Fault(kind="refuse", provider="apns", code=code)])
    answer = await client.push(apns_id=APNS_ID)
    assert reason(answer) == (REASONS[code], code)
    assert answer.headers["apns-id"] == APNS_ID
    assert ("timestamp" in answer.json()) is (answer.status_code == 410)
    assert client.simulator.received == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind="error"), (503, "ServiceUnavailable")),
        (Fault(kind="error", status=500), (500, "InternalServerError")),
        (Fault(kind="error", status=502), (502, "SimulatedError")),
        (Fault(kind="throttle", retry_after=7), (429, "TooManyRequests")),
        (Fault(kind="dead"), (410, "Unregistered")),
        (Fault(kind="refuse"), (413, "PayloadTooLarge")),
        (Fault(kind="credentials"), (403, "InvalidProviderToken")),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
async def test_faults_are_worded_as_apple_does(
    client: Client, fault: Fault, expected: tuple[int, str]
) -> None:
    client.simulator.set_faults([fault])
    answer = await client.push()
    assert reason(answer) == expected
    assert answer.headers.get("retry-after") == ("7" if fault.kind == "throttle" else None)


async def test_a_fault_of_one_device_is_nobody_elses(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="dead", provider="apns", address=DEVICE)])
    assert [(await client.push(device=device)).status_code for device in (DEVICE, "abcd")] == [410, 200]


@pytest.mark.parametrize(("kind", "arrived"), [("cut_before", 0), ("cut_after", 1)])
async def test_a_cut_ends_its_own_stream_alone(client: Client, kind: Any, arrived: int) -> None:
    client.simulator.set_faults([Fault(kind=kind, provider="apns", times=1)])
    with pytest.raises(httpx.RemoteProtocolError, match="StreamReset"):
        await client.push()
    assert len(client.simulator.received) == arrived
    assert (await client.push()).status_code == 200
    assert client.simulator.apns.server.connections == 1


async def test_a_slow_answer_is_of_what_was_accepted_at_once(client: Client) -> None:
    await client.push()
    client.simulator.set_faults([Fault(kind="slow", provider="apns", seconds=3600, times=1)])
    slow = asyncio.create_task(client.push())
    await client.simulator.wait_for(2)
    assert not slow.done()
    assert (await client.push()).status_code == 200, "nobody waits behind it"
    assert not slow.done()
    client.simulator.clear_faults()
    assert (await slow).status_code == 200


async def test_it_ends_at_once_however_slow_it_is() -> None:
    async with asyncio.timeout(PATIENCE):
        async with Simulator.start() as simulator, a_client(simulator) as http:
            simulator.set_faults([Fault(kind="slow", seconds=3600)])
            call = asyncio.create_task(Client(simulator, http).push())
            await simulator.wait_for(1)
        with pytest.raises(httpx.HTTPError):
            await call


class Wire:
    """A client that sends what it likes, whatever the server allows."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self.answers: set[int] = set()
        self.goaway: int | None = None

    def push(self, client: Client, *streams: int) -> None:
        for stream in streams:
            headers = {
                ":method": "POST",
                ":scheme": "https",
                ":authority": "127.0.0.1",
                ":path": f"/3/device/{stream:04}",
                "authorization": client.bearer,
                "apns-topic": "org.example.orders",
                "apns-push-type": "alert",
            }
            self._h2.send_headers(stream, list(headers.items()))
            self._h2.send_data(stream, json.dumps(ALERT).encode(), end_stream=True)
        self._writer.write(self._h2.data_to_send())

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so() and (data := await self._reader.read(65536)):
                self._hear(data)

    def _hear(self, data: bytes) -> None:
        # Frame by frame: h2 hears nothing more once it has heard GOAWAY.
        while data:
            length = 9 + int.from_bytes(data[:3], "big")
            frame, data = data[:length], data[length:]
            kind, stream = frame[3], int.from_bytes(frame[5:9], "big")
            if kind == 7:
                self.goaway = int.from_bytes(frame[9:13], "big")
            elif kind == 4 and not frame[4]:
                self._writer.write(b"\0\0\0\4\1\0\0\0\0")  # settings count once they are acknowledged
            elif kind == 1:
                self.answers.add(stream)


@asynccontextmanager
async def a_wire(client: Client) -> AsyncIterator[Wire]:
    trust = ssl.create_default_context(cafile=client.simulator.apns_ca)
    trust.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", client.simulator.apns_port, ssl=trust)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("disown", "heard", "last"), [(True, [1, 3], 3), (False, [1, 3, 5, 7], 7)])
async def test_a_goaway_disowns_what_is_open_or_answers_it_behind(
    client: Client, disown: bool, heard: list[int], last: int
) -> None:
    async with a_wire(client) as wire:
        wire.push(client, 1)
        await wire.until(lambda: 1 in wire.answers)
        client.simulator.apns.server.go_away_after(1, disown=disown)
        wire.push(client, 3, 5, 7)
        await wire.until(lambda: wire.goaway is not None and len(wire.answers) == len(heard))
        wire.push(client, 9)
        await asyncio.sleep(0.05)

    assert (wire.goaway, sorted(wire.answers)) == (last, heard)
    assert [received.address for received in client.simulator.received] == [f"{n:04}" for n in heard]
    assert client.simulator.apns.server.disowned == (3 if disown else 1)


async def test_a_client_that_opens_too_many_streams_is_counted_and_shown_the_door(client: Client) -> None:
    async with a_wire(client) as wire:
        wire.push(client, 1, 3)
        await wire.until(lambda: wire.goaway is not None)
    assert client.simulator.apns.server.above_limit == 1
    assert client.simulator.received == []


async def test_the_certificate_is_for_loopback_and_not_trusted_without_its_file(client: Client) -> None:
    async with httpx.AsyncClient(http2=True, timeout=60) as http:
        with pytest.raises(httpx.ConnectError):
            await http.post(f"https://127.0.0.1:{client.simulator.apns_port}/3/device/{DEVICE}")
