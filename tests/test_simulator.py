"""The simulator, as the product and people use it: over real HTTP and SMTP on loopback."""

import asyncio
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import httpx
import psutil
import pytest
from pydantic import ValidationError

from simulator import Fault, PortTakenError, Simulator
from simulator.faults import FaultPlan, Faults
from simulator.twilio_log import Sent, SentLog, page
from simulator.world import Raw, World
from tests.processes import PATIENCE

ACCOUNT = f"AC{'0' * 32}"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
PUSHES = "/v1/projects/shop/messages:send"
PORTS = ("SIMULATOR_PORT", "SIMULATOR_SMTP_PORT", "SIMULATOR_APNS_PORT")
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


class Client:
    """Sends as the product would, without anything that could hide what the simulator does."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient) -> None:
        self.simulator = simulator
        self.http = http

    async def log_in(self) -> None:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
        token = (await self.http.post("/token", data=form)).json()["access_token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    async def push(self, address: str = "tok-1", **more: Any) -> httpx.Response:
        notification = {"title": "Burger Barn", "body": "On its way."}
        message = {"token": address, "notification": notification, **more}
        return await self.http.post(PUSHES, json={"message": message})

    async def text(self, to: str = "+15550100", body: str = "On its way.", **more: str) -> httpx.Response:
        form = {"To": to, "From": "+15550199", "Body": body, **more}
        return await self.http.post(MESSAGES, data=form, auth=(ACCOUNT, "simulated"))

    async def mail(self, to: str = "ana@example.org", *, login: tuple[str, str] | None = None) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = "shop@example.org", to, "<m-1@example.org>"
        mail["Subject"] = "Dein Döner"
        mail.set_content("Kommt gleich, tschüß.\n")
        mail.add_alternative("<p>Kommt gleich</p>", subtype="html")
        user, password = login or (None, None)
        await aiosmtplib.send(
            mail,
            hostname="127.0.0.1",
            port=self.simulator.smtp_port,
            start_tls=False,
            username=user,
            password=password,
        )

    def addresses(self) -> list[str]:
        return [received.address for received in self.simulator.received]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Simulator.start() as simulator, httpx.AsyncClient(base_url=simulator.url, timeout=60) as http:
        client = Client(simulator, http)
        await client.log_in()
        yield client


async def test_a_push_is_received_with_what_the_person_reads_and_its_collapse_id(client: Client) -> None:
    answer = await client.push(android={"collapse_key": "older", "notification": {"tag": "A17"}})

    assert re.fullmatch(r"projects/shop/messages/\S+", answer.json()["name"])
    (received,) = client.simulator.received
    assert (received.n, received.channel, received.provider, received.address) == (1, "push", "fcm", "tok-1")
    assert received.text == "Burger Barn\nOn its way."
    assert received.key == "A17"
    assert "authorization" not in received.raw.headers
    assert '"tag"' in received.raw.body


async def test_a_text_is_accepted_with_twilios_own_field_names(client: Client) -> None:
    answer = await client.text(body="a" * 161)

    created = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch("SM[0-9a-f]{32}", created["sid"])
    assert (created["status"], created["num_segments"], created["error_code"]) == ("queued", "2", None)
    (received,) = client.simulator.received
    assert (received.channel, received.address, received.text) == ("sms", "+15550100", "a" * 161)
    assert received.key == created["sid"]
    assert "authorization" not in received.raw.headers


async def test_a_mail_is_received_with_subject_and_plain_text(client: Client) -> None:
    await client.mail()
    await client.mail("bo@example.org", login=("shop", "secret"))

    first, second = client.simulator.received
    assert first.text == "Dein Döner\nKommt gleich, tschüß."
    assert (first.channel, first.address, first.key) == ("email", "ana@example.org", "<m-1@example.org>")
    assert first.raw.headers["From"] == "shop@example.org"
    assert second.address == "bo@example.org"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"fid": "f-1"}, "message"),
        ({"token": ""}, "message"),
        ({"android": {"ttl": "600"}}, "message.android.ttl"),
        ({"data": {"eta": 12}}, "message.data"),
        ({"data": {"from": "us"}}, "message.data"),
        ({"colour": "red"}, "message"),
        ({"data": {"long": "x" * 4096}}, "message"),
    ],
)
async def test_a_malformed_push_is_refused_as_google_does(
    client: Client, message: dict[str, Any], field: str
) -> None:
    answer = await client.push(**message)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["details"][0]["fieldViolations"][0]["field"] == field
    assert not client.simulator.received


async def test_a_push_without_a_token_we_issued_is_unauthenticated(client: Client) -> None:
    client.http.headers["authorization"] = "Bearer of-bad-news"
    answer = await client.push()

    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert "details" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "invalid_request"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}, "invalid_grant"),
    ],
)
async def test_a_token_is_refused_as_google_does(client: Client, form: dict[str, str], error: str) -> None:
    answer = await client.http.post("/token", data=form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0155"}, 21211),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"StatusCallback": "https://order_news.example.org/"}, 21609),
        ({"StatusCallback": "soon"}, 21609),
    ],
)
async def test_a_malformed_text_is_refused_with_twilios_code(
    client: Client, form: dict[str, str], code: int
) -> None:
    whole = {"To": "+15550100", "From": "+15550199", "Body": "Hello", **form}
    answer = await client.http.post(MESSAGES, data=whole, auth=(ACCOUNT, "simulated"))

    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "message", "more_info", "status"}
    assert answer.json()["code"] == code
    assert not client.simulator.received


async def test_another_accounts_credentials_are_refused(client: Client) -> None:
    for answer in (
        await client.http.post(MESSAGES, data={"To": "+15550100"}, auth=("AC1", "simulated")),
        await client.http.get(MESSAGES, auth=("AC1", "simulated")),
        await client.http.get(MESSAGES, auth=(ACCOUNT, "guessed")),
        await client.http.get(MESSAGES, headers={"authorization": "Basic ~"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)


async def test_an_account_sees_its_own_texts_only(client: Client) -> None:
    sid = (await client.text()).json()["sid"]

    async def status(account: str) -> int:
        path = f"/2010-04-01/Accounts/{account}/Messages/{sid}.json"
        return (await client.http.get(path, auth=(account, "simulated"))).status_code

    assert (await status(ACCOUNT), await status("AC" + "1" * 32)) == (200, 404)


async def test_accepted_texts_can_be_looked_up_newest_first(client: Client) -> None:
    for body in ("first", "second", "third"):
        await client.text(body=body)
    await client.text(to="+15550101")
    client.simulator.clear_received()

    async def found(**filters: str) -> list[str]:
        answer = await client.http.get(MESSAGES, params=filters, auth=(ACCOUNT, "simulated"))
        return [message["body"] for message in answer.json()["messages"]]

    today, tomorrow = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    assert await found(To="+15550100", **{"DateSent>": today}) == ["third", "second", "first"]
    assert await found(To="+15550100", **{"DateSent>": f"{tomorrow}T00:00:00Z"}) == []
    assert await found(To="+15550100", From="+15550198") == []
    assert await found(To="+15550100", PageSize="2", Page="1") == ["first"]
    assert len(await found()) == 4


def test_the_log_of_texts_forgets_the_oldest() -> None:
    log = SentLog(keep=2)
    for body in ("first", "second", "third"):
        to = "+15550101" if body == "first" else "+15550100"
        log.add(Sent(f"SM-{body}", ACCOUNT, to, "+15550199", None, body, 1, datetime.now(UTC)))

    assert (log.find("SM-first"), log.find("SM-third")) == (None, next(log.newest_first(None)))
    assert [message["body"] for message in page(log, ACCOUNT, {})["messages"]] == ["third", "second"]
    assert page(log, ACCOUNT, {"To": "+15550101"})["messages"] == []
    assert page(log, ACCOUNT, {"PageSize": "1"})["next_page_uri"] is not None


FCM_FAULTS = [
    (Fault(kind="error"), 503, "UNAVAILABLE", "UNAVAILABLE"),
    (Fault(kind="error", status=500), 500, "INTERNAL", "INTERNAL"),
    (Fault(kind="error", status=404), 404, "NOT_FOUND", None),
    (Fault(kind="throttle"), 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    (Fault(kind="dead"), 404, "NOT_FOUND", "UNREGISTERED"),
    (
        Fault(kind="dead", provider="fcm", code="SENDER_ID_MISMATCH"),
        403,
        "PERMISSION_DENIED",
        "SENDER_ID_MISMATCH",
    ),
    (Fault(kind="refuse"), 400, "INVALID_ARGUMENT", None),
    (Fault(kind="credentials"), 401, "UNAUTHENTICATED", None),
]


@pytest.mark.parametrize(("fault", "status", "name", "code"), FCM_FAULTS)
async def test_fcm_words_faults_as_google_does(
    client: Client, fault: Fault, status: int, name: str, code: str | None
) -> None:
    client.simulator.set_faults([fault])
    answer = await client.push()

    error = answer.json()["error"]
    codes = [detail["errorCode"] for detail in error.get("details", []) if detail["@type"] == FCM_ERROR]
    assert (answer.status_code, error["code"], error["status"]) == (status, status, name)
    assert codes == ([code] if code else [])
    assert not client.simulator.received


TWILIO_FAULTS = [
    (Fault(kind="error"), 503, 20503),
    (Fault(kind="error", status=500), 500, 20500),
    (Fault(kind="throttle"), 429, 20429),
    (Fault(kind="dead"), 400, 21211),
    (Fault(kind="dead", provider="twilio", code=21610), 400, 21610),
    (Fault(kind="refuse", provider="twilio", code=21408), 400, 21408),
    (Fault(kind="credentials"), 401, 20003),
]


@pytest.mark.parametrize(("fault", "status", "code"), TWILIO_FAULTS)
async def test_twilio_words_faults_in_its_own_codes(
    client: Client, fault: Fault, status: int, code: int
) -> None:
    client.simulator.set_faults([fault])
    answer = await client.text()

    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)
    assert not client.simulator.received


SMTP_FAULTS = [
    (Fault(kind="error"), aiosmtplib.SMTPRecipientsRefused, "451 4.3.0"),
    (Fault(kind="error", provider="smtp", status=421), aiosmtplib.SMTPRecipientsRefused, "421 4.3.0"),
    (Fault(kind="error", status=503), aiosmtplib.SMTPRecipientsRefused, "451 4.3.0"),
    (Fault(kind="throttle"), aiosmtplib.SMTPDataError, "454 4.7.0"),
    (Fault(kind="dead"), aiosmtplib.SMTPRecipientsRefused, "550 5.1.1"),
    (
        Fault(kind="dead", provider="smtp", code="552 5.2.2"),
        aiosmtplib.SMTPRecipientsRefused,
        "552 5.2.2",
    ),
    (Fault(kind="refuse"), aiosmtplib.SMTPDataError, "554 5.7.1"),
    (Fault(kind="credentials"), aiosmtplib.SMTPRecipientsRefused, "530 5.7.0"),
]


@pytest.mark.parametrize(("fault", "error", "reply"), SMTP_FAULTS)
async def test_smtp_words_faults_as_a_relay_does(
    client: Client, fault: Fault, error: type[aiosmtplib.SMTPException], reply: str
) -> None:
    client.simulator.set_faults([fault])
    with pytest.raises(error) as raised:
        await client.mail()

    refused = raised.value
    told = refused.recipients[0] if isinstance(refused, aiosmtplib.SMTPRecipientsRefused) else refused
    assert isinstance(told, aiosmtplib.SMTPResponseException)
    assert f"{told.code} {told.message}".startswith(reply)
    assert not client.simulator.received


async def test_a_bad_login_is_refused_by_the_relay(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="credentials", times=1)])
    with pytest.raises(aiosmtplib.SMTPAuthenticationError, match=r"5\.7\.8"):
        await client.mail(login=("shop", "wrong"))
    await client.mail(login=("shop", "right"))
    client.simulator.set_faults([Fault(kind="credentials", address="ana@example.org")])
    await client.mail(login=("shop", "right"))

    assert client.addresses() == ["ana@example.org", "ana@example.org"]


async def test_a_throttling_provider_may_say_how_long_to_wait(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="throttle", retry_after=7)])

    assert (await client.push()).headers["retry-after"] == "7"
    assert (await client.text()).headers["retry-after"] == "7"
    client.simulator.set_faults([Fault(kind="throttle")])
    assert "retry-after" not in (await client.push()).headers


@pytest.mark.parametrize(("kind", "is_received"), [("cut_before", False), ("cut_after", True)])
async def test_a_cut_closes_the_connection_without_a_byte(
    client: Client, kind: Any, is_received: bool
) -> None:
    client.simulator.set_faults([Fault(kind=kind)])
    form = "To=%2B15550100&From=%2B15550199&Body=Hello"
    credentials = b64encode(f"{ACCOUNT}:simulated".encode()).decode()
    request = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: here\r\nAuthorization: Basic {credentials}\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", client.simulator.port)
    writer.write(request.encode())
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()

    assert client.addresses() == (["+15550100"] if is_received else [])


@pytest.mark.parametrize(("kind", "is_received"), [("cut_before", False), ("cut_after", True)])
async def test_a_cut_is_a_lost_connection_to_real_clients(
    client: Client, kind: Any, is_received: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client.simulator.set_faults([Fault(kind=kind)])
    with pytest.raises(httpx.TransportError):
        await client.push()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.mail()

    assert client.addresses() == (["tok-1", "ana@example.org"] if is_received else [])
    client.simulator.clear_faults()
    assert (await client.push()).status_code == 200
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]


async def test_a_slow_provider_has_heard_a_client_that_gave_up(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="slow", seconds=60)])
    client.http.timeout = httpx.Timeout(5, read=0.1)
    with pytest.raises(httpx.ReadTimeout):
        await client.push()

    assert [received.address for received in await client.simulator.wait_for(1)] == ["tok-1"]


async def test_a_slow_provider_answers_in_the_end(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="slow", seconds=0.05)])
    begun = asyncio.get_running_loop().time()
    answer = await client.text()
    await client.mail()

    assert answer.status_code == 201
    assert asyncio.get_running_loop().time() - begun >= 0.1


async def test_a_slow_call_is_over_when_other_faults_are_set(client: Client) -> None:
    client.simulator.set_faults([Fault(kind="slow", seconds=3600)])
    begin = asyncio.create_task
    push, text, mail = begin(client.push()), begin(client.text()), begin(client.mail())
    await client.simulator.wait_for(3)
    assert not any(call.done() for call in (push, text, mail))
    client.simulator.set_faults([Fault(kind="dead")])

    assert ((await push).status_code, (await text).status_code) == (200, 201)
    await mail


async def test_answers_are_not_held_back_by_nagles_algorithm(client: Client) -> None:
    await client.push()

    # With it each answer would wait 40 ms for the client's acknowledgement.
    connections = [
        one.fd
        for one in psutil.Process().net_connections("tcp")
        if one.status == psutil.CONN_ESTABLISHED and one.laddr.port == client.simulator.port
    ]
    assert connections
    for connection in connections:
        with socket.socket(fileno=os.dup(connection)) as ours:
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_faults_hit_only_whom_they_name_and_only_so_often(client: Client) -> None:
    client.simulator.set_faults(
        [
            Fault(kind="error", provider="fcm", address="tok-1", times=2),
            Fault(kind="throttle", provider="twilio"),
        ]
    )

    assert (await client.push("tok-2")).status_code == 200
    assert [(await client.push()).status_code for _ in range(3)] == [503, 503, 200]
    assert (await client.text()).status_code == 429
    await client.mail()


async def test_look_ups_and_tokens_fail_only_when_asked_to(client: Client) -> None:
    async def look_up() -> int:
        return (await client.http.get(MESSAGES, auth=(ACCOUNT, "simulated"))).status_code

    client.simulator.set_faults([Fault(kind="error")])
    await client.log_in()
    assert await look_up() == 200

    client.simulator.set_faults(
        [Fault(kind="error", call="look_up"), Fault(kind="credentials", call="token")]
    )
    assert await look_up() == 503
    assert (await client.http.post("/token")).json()["error"] == "invalid_grant"
    assert (await client.push()).status_code == 200


def test_an_outage_lasts_from_its_start_to_its_end() -> None:
    now = 100.0
    faults = Faults(clock=lambda: now)
    faults.set(FaultPlan(faults=[Fault(kind="error", from_s=10, for_s=5)]))

    hit = []
    for moment in (100, 109.9, 110, 114.9, 115):
        now = moment
        hit.append(faults.draw("fcm", "tok-1") is not None)
    assert hit == [False, False, True, True, False]


def test_a_share_is_drawn_and_can_be_repeated() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults()
        faults.set(FaultPlan(seed=seed, faults=[Fault(kind="error", share=0.2)]))
        return [faults.draw("fcm", "tok-1") is not None for _ in range(1000)]

    assert 150 < sum(draws(1)) < 250
    assert draws(1) == draws(1) != draws(2)


def test_the_first_fault_that_fires_wins() -> None:
    faults = Faults()
    plan = [Fault(kind="dead", share=0), Fault(kind="error", times=1), Fault(kind="slow")]
    faults.set(FaultPlan(faults=plan))

    kinds = [fault.kind for fault in (faults.draw("smtp", None), faults.draw("smtp", None)) if fault]
    assert kinds == ["error", "slow"]


async def test_faults_are_set_shown_and_cleared_over_http(client: Client) -> None:
    plan = {"seed": 7, "faults": [{"kind": "error", "provider": "fcm", "share": 1.0, "status": 500}]}

    assert (await client.http.put("/faults", json=plan)).json() == plan
    assert (await client.http.get("/faults")).json() == plan
    assert client.simulator.faults == [Fault(kind="error", provider="fcm", share=1, status=500)]
    assert (await client.push()).status_code == 500
    await client.http.delete("/faults")
    assert (await client.push()).status_code == 200


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"kind": "eror"}, "kind"),
        ({"kind": "error", "provider": "pigeon"}, "provider"),
        ({"kind": "error", "share": 1.5}, "share"),
        ({"kind": "error", "tmies": 3}, "tmies"),
        ({"kind": "error", "seconds": 3}, "seconds"),
        ({"kind": "dead", "code": 21610}, "code"),
        ({"kind": "dead", "provider": "smtp", "code": 21610}, "code"),
    ],
)
async def test_a_bad_fault_is_refused_by_the_name_of_its_field(
    client: Client, fault: dict[str, Any], field: str
) -> None:
    client.simulator.set_faults([Fault(kind="error")])
    answer = await client.http.put("/faults", json={"faults": [fault]})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"faults.0.{field}"]
    assert client.simulator.faults == [Fault(kind="error")]
    with pytest.raises(ValidationError):
        Fault(**fault)


async def test_received_is_listed_over_http_after_any_number_and_emptied(client: Client) -> None:
    for token in ("tok-1", "tok-2", "tok-3"):
        await client.push(token)

    listed = (await client.http.get("/received", params={"after": 1})).json()
    assert [(one["n"], one["address"]) for one in listed] == [(2, "tok-2"), (3, "tok-3")]
    fields = {"n", "at", "channel", "provider", "address", "text", "key", "raw"}
    assert listed[0].keys() == fields
    assert datetime.fromisoformat(listed[0]["at"]).utcoffset() == timedelta(0)
    assert listed[0]["raw"].keys() == {"headers", "body"}
    await client.http.delete("/received")
    assert (await client.http.get("/received")).json() == []
    await client.push("tok-4")
    assert [received.n for received in client.simulator.received] == [4]


async def test_whoever_waits_is_told_as_soon_as_something_arrives(client: Client) -> None:
    waiting = asyncio.create_task(client.http.get("/received", params={"after": 1, "wait": 30}))
    await client.push("tok-1")
    await client.push("tok-2")

    assert [one["address"] for one in (await asyncio.wait_for(waiting, PATIENCE)).json()] == ["tok-2"]
    assert (await client.http.get("/received", params={"after": 2, "wait": 0.01})).json() == []
    assert (await client.http.get("/received", params={"wait": "soon"})).json()["errors"][0][
        "field"
    ] == "wait"


async def test_tests_wait_for_what_they_expect(client: Client) -> None:
    simulator = client.simulator
    waiting = asyncio.gather(simulator.wait_for(2, PATIENCE), simulator.next_after(1, PATIENCE))
    await client.push("tok-1")
    await client.push("tok-2")

    both, second = await waiting
    assert [received.address for received in both] == ["tok-1", "tok-2"]
    assert second.address == "tok-2"
    with pytest.raises(TimeoutError, match="2 of 3"):
        await simulator.wait_for(3, timeout=0.01)
    with pytest.raises(TimeoutError, match="after number 2"):
        await simulator.next_after(2, timeout=0.01)


def test_only_the_latest_messages_are_kept() -> None:
    world = World(keep=10)
    for _ in range(25):
        world.receive("fcm", "tok-1", text="", key="", raw=Raw({}, ""))

    assert 10 <= len(world.received) <= 11
    assert world.received[-1].n == 25
    assert [received.n for received in world.after(23)] == [24, 25]
    assert world.after(0) == world.received


async def test_it_ends_at_once_however_slow_its_providers_are() -> None:
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(PATIENCE):
        async with Simulator.start() as simulator:
            http.base_url = httpx.URL(simulator.url)
            client = Client(simulator, http)
            await client.log_in()
            simulator.set_faults([Fault(kind="slow", seconds=3600)])
            calls = [asyncio.create_task(call) for call in (client.push(), client.text(), client.mail())]
            waiting = asyncio.create_task(http.get("/received", params={"after": 9, "wait": 30}))
            await simulator.wait_for(3)
        results = await asyncio.gather(*calls, waiting, return_exceptions=True)

    assert len(results) == 4
    assert all(isinstance(result, httpx.TransportError | aiosmtplib.SMTPException) for result in results)


async def test_a_taken_port_names_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"^SIMULATOR_SMTP_PORT={port} is taken: "):
            async with Simulator.start(smtp_port=port):
                pass


def run_it(**settings: str) -> subprocess.Popen[str]:
    """Start ``python -m simulator`` on free ports, unless told otherwise."""
    environment = {**os.environ, **dict.fromkeys(PORTS, "0"), "TEMPORAL_ADDRESS": "", **settings}
    command = [sys.executable, "-m", "simulator"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_program_says_when_it_is_ready_and_ends_when_told(how: signal.Signals) -> None:
    with run_it() as program:
        assert program.stdout
        ready = re.match(
            r"simulator: ready on (http://127\.0\.0\.1:\d+), smtp 127\.0\.0\.1:\d+, "
            r"apns https://127\.0\.0\.1:\d+ by \S+ca\.pem, no board without TEMPORAL_ADDRESS$",
            program.stdout.readline(),
        )
        assert ready
        assert httpx.get(f"{ready[1]}/received").json() == []
        program.send_signal(how)
        rest = program.communicate(timeout=PATIENCE)

    assert (program.returncode, *rest) == (0, "", "")


@pytest.mark.parametrize("setting", PORTS)
def test_the_program_says_in_one_line_which_port_it_cannot_have(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for value, complaint in ((port, f"{setting}={port} is taken: "), ("x", f"{setting}=x is not a port")):
            with run_it(**{setting: value}) as program:
                out, err = program.communicate(timeout=PATIENCE)
            assert (program.returncode, out, err.count("\n")) == (1, "", 1)
            assert err.startswith(complaint)
