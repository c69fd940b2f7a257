"""What FCM answers, and what that means to us."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from activities.channels.fcm import Config, Fcm
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Kind
from domain.status import Role

from .messages import ANDROID, BY_FID, IPHONE, MAILBOX, MESSAGE, MOBILE, ROUTINE, TOKEN
from .wire import SILENCE, Cuts, Says, Wire, patience

PATH = "/v1/projects/burger-barn/messages:send"
NAME = "projects/burger-barn/messages/0:1500415314455276%31bd1c9631bd1c96"
SENT = Says(200, {"name": NAME})
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
UNAUTHENTICATED = TryLater("FCM UNAUTHENTICATED", ours=True)


def signed_in(token: str = "ya29.a", lifetime: int = 3599) -> Says:  # noqa: S107 made up
    return Says(200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})


def refuses(http_status: int, status: str, *details: object, message: str = "", **headers: str) -> Says:
    error = {
        "code": http_status,
        "status": status,
        "message": message or f"about {TOKEN}",
        "details": details,
    }
    return Says(http_status, {"error": error}, {name.replace("_", "-"): v for name, v in headers.items()})


def code(error_code: str) -> dict[str, str]:
    return {"@type": FCM_ERROR, "errorCode": error_code}


def violation(*fields: str) -> dict[str, Any]:
    return {
        "@type": BAD_REQUEST,
        "fieldViolations": [{"field": name, "description": TOKEN} for name in fields],
    }


def a_key_file(folder: Path, wire: Wire, rsa_key: rsa.RSAPrivateKey) -> Path:
    pem = rsa_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "burger-barn",
        "private_key_id": "k1",
        "private_key": pem.decode(),
        "client_email": "sender@burger-barn.example.org",
        "token_uri": f"{wire.url}/token",
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account))
    return path


@pytest.fixture
def key_file(tmp_path: Path, wire: Wire, rsa_key: rsa.RSAPrivateKey) -> Path:
    return a_key_file(tmp_path, wire, rsa_key)


@pytest.fixture
def config(key_file: Path, wire: Wire) -> Config:
    config = Config.read({"FCM_SERVICE_ACCOUNT_FILE": str(key_file), "FCM_BASE_URL": wire.url})
    assert config
    return replace(config, timeout=60)


@pytest.fixture
def fcm(config: Config, http: httpx.AsyncClient, wire: Wire) -> Fcm:
    wire.will("/token", signed_in())
    return config.providers(http)[0]


async def outcome(fcm: Fcm, message: Message = MESSAGE) -> Outcome:
    result = await fcm.send(message, ANDROID)
    assert TOKEN not in repr(result)
    return result


async def test_a_push_goes_out_as_the_api_wants_it(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, SENT)

    assert await outcome(fcm) == Accepted(NAME)

    (request,) = wire.calls_to(PATH)
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["authorization"] == "Bearer ya29.a"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "message": {
            "token": TOKEN,
            "notification": {"title": "Burger Barn", "body": "Your order from Burger Barn is on its way."},
            "data": {"order_id": "A17", "message_id": MESSAGE.message_id, "status": "OUT_FOR_DELIVERY"},
            "android": {
                "collapseKey": "A17",
                "ttl": "600s",
                "priority": "HIGH",
                "notification": {"tag": MESSAGE.message_id, "channelId": "urgent"},
            },
        }
    }


async def test_news_that_can_wait_does_not_wake_the_device(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, SENT)
    await outcome(fcm, ROUTINE)
    android = wire.calls_to(PATH)[0].json["message"]["android"]
    assert (android["priority"], android["notification"]["channelId"]) == ("NORMAL", "updates")


async def test_a_device_is_named_by_its_installation_id_where_that_is_what_it_gave(
    wire: Wire, fcm: Fcm
) -> None:
    wire.will(PATH, SENT)
    assert await fcm.send(MESSAGE, BY_FID) == Accepted(NAME)
    message = wire.calls_to(PATH)[0].json["message"]
    assert message["fid"] == BY_FID.value
    assert "token" not in message


async def test_an_offline_phone_gets_the_newest_news_of_each_of_its_orders(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, SENT)
    for order_id, message_id in (("A17", "m-1"), ("A17", "m-2"), ("A18", "m-3")):
        await outcome(fcm, replace(MESSAGE, order_id=order_id, message_id=message_id))
    androids = [sent.json["message"]["android"] for sent in wire.calls_to(PATH)]
    # On the screen nothing replaces anything but itself, sent again.
    assert [one["notification"]["tag"] for one in androids] == ["m-1", "m-2", "m-3"]
    assert [one["collapseKey"] for one in androids] == ["A17", "A17", "A18"]


@pytest.mark.parametrize("role", [Role.MERCHANT, Role.COURIER])
async def test_who_has_many_orders_at_once_loses_none_of_them_while_offline(
    wire: Wire, fcm: Fcm, role: Role
) -> None:
    wire.will(PATH, SENT)
    await outcome(fcm, replace(MESSAGE, role=role))
    assert "collapseKey" not in wire.calls_to(PATH)[0].json["message"]["android"]


async def test_a_repeat_is_the_same_request_again(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, SENT)
    await outcome(fcm)
    await outcome(fcm, replace(MESSAGE, is_repeat=True))
    first, second = wire.calls_to(PATH)
    assert first.body == second.body


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Says(200, {}), Unknown("FCM answered without a message name")),
        (Says(200, {"name": 7}), Unknown("FCM answered without a message name")),
        (Says(200, {"name": TOKEN}), Unknown("FCM answered without a message name")),
        (refuses(400, "INVALID_ARGUMENT", violation("message.android.ttl")), Refused("FCM INVALID_ARGUMENT")),
        (
            refuses(
                400, "INVALID_ARGUMENT", code("INVALID_ARGUMENT"), violation("message.data", "message.token")
            ),
            Refused("FCM INVALID_ARGUMENT"),
        ),
        (
            refuses(400, "INVALID_ARGUMENT", code("INVALID_ARGUMENT"), violation("message.token")),
            Gone("FCM INVALID_ARGUMENT: not a registration token"),
        ),
        (
            refuses(400, "INVALID_ARGUMENT", code("INVALID_ARGUMENT"), violation("message.fid")),
            Gone("FCM INVALID_ARGUMENT: not a registration token"),
        ),
        (
            refuses(
                400,
                "INVALID_ARGUMENT",
                code("INVALID_ARGUMENT"),
                message="The registration token is not a valid FCM registration token",
            ),
            Gone("FCM INVALID_ARGUMENT: not a registration token"),
        ),
        (
            refuses(400, "INVALID_ARGUMENT", code("INVALID_ARGUMENT"), message="Message is too big"),
            Refused("FCM INVALID_ARGUMENT"),
        ),
        (
            refuses(401, "UNAUTHENTICATED", code("THIRD_PARTY_AUTH_ERROR")),
            TryLater("FCM THIRD_PARTY_AUTH_ERROR", ours=True),
        ),
        (
            refuses(401, "UNAUTHENTICATED", code("APNS_AUTH_ERROR")),
            TryLater("FCM APNS_AUTH_ERROR", ours=True),
        ),
        (
            refuses(403, "PERMISSION_DENIED", code("SENDER_ID_MISMATCH")),
            Gone("FCM SENDER_ID_MISMATCH", ours=True),
        ),
        (refuses(403, "PERMISSION_DENIED"), TryLater("FCM PERMISSION_DENIED", ours=True)),
        (refuses(404, "NOT_FOUND", code("UNREGISTERED")), Gone("FCM UNREGISTERED")),
        (refuses(404, "NOT_FOUND"), TryLater("FCM NOT_FOUND: wrong project or path", ours=True)),
        (refuses(404, "UNREGISTERED"), TryLater("FCM NOT_FOUND: wrong project or path", ours=True)),
        (
            refuses(404, "NOT_FOUND", {"@type": "type.googleapis.com/other", "errorCode": "UNREGISTERED"}),
            TryLater("FCM NOT_FOUND: wrong project or path", ours=True),
        ),
        (Says(404, b"<html>"), TryLater("FCM NOT_FOUND: wrong project or path", ours=True)),
        (
            refuses(429, "RESOURCE_EXHAUSTED", code("QUOTA_EXCEEDED")),
            TryLater("FCM QUOTA_EXCEEDED", wait=60),
        ),
        (
            refuses(429, "RESOURCE_EXHAUSTED", code("QUOTA_EXCEEDED"), Retry_After="7"),
            TryLater("FCM QUOTA_EXCEEDED", wait=7),
        ),
        (Says(429), TryLater("FCM QUOTA_EXCEEDED", wait=60)),
        (refuses(500, "INTERNAL", code("INTERNAL")), TryLater("FCM INTERNAL")),
        (refuses(500, "INTERNAL"), TryLater("FCM HTTP 500")),
        (refuses(503, "UNAVAILABLE"), TryLater("FCM HTTP 503")),
        (refuses(503, "UNAVAILABLE", code("UNAVAILABLE")), TryLater("FCM UNAVAILABLE")),
        (
            refuses(503, "UNAVAILABLE", code("UNAVAILABLE"), Retry_After="30"),
            TryLater("FCM UNAVAILABLE", wait=30),
        ),
        (Says(502, b"<html>", {"Retry-After": "5"}), TryLater("FCM HTTP 502", wait=5)),
        (Says(302), TryLater("FCM HTTP 302: wrong base URL", ours=True)),
        (Says(413), Refused("FCM HTTP 413")),
        (refuses(418, "NEW", code("SOMETHING_NEW")), Refused("FCM HTTP 418")),
        (Says(400, {"error": [1]}), Refused("FCM INVALID_ARGUMENT")),
        (Says(400, {"error": {"details": {"@type": FCM_ERROR}}}), Refused("FCM INVALID_ARGUMENT")),
        (refuses(400, "INVALID_ARGUMENT", 7, {"@type": 7}), Refused("FCM INVALID_ARGUMENT")),
        (
            refuses(400, "INVALID_ARGUMENT", {"@type": BAD_REQUEST, "fieldViolations": [7]}),
            Refused("FCM INVALID_ARGUMENT"),
        ),
        (
            refuses(400, "INVALID_ARGUMENT", {"@type": FCM_ERROR, "errorCode": []}),
            Refused("FCM INVALID_ARGUMENT"),
        ),
    ],
    ids=repr,
)
async def test_every_answer_has_one_meaning(wire: Wire, fcm: Fcm, answer: Says, expected: Outcome) -> None:
    wire.will(PATH, answer)
    assert await outcome(fcm) == expected
    assert len(wire.calls_to(PATH)) == 1


async def test_nobody_listening_means_nothing_was_sent(
    config: Config, http: httpx.AsyncClient, wire: Wire
) -> None:
    wire.will("/token", signed_in())
    fcm = replace(config, base_url="http://127.0.0.1:1").providers(http)[0]
    assert await outcome(fcm) == TryLater("FCM: could not connect")


@pytest.mark.parametrize("answer", [Cuts(), Cuts(b"HTTP/1.1 200 O"), SILENCE])
async def test_a_request_without_an_answer_is_in_doubt(
    wire: Wire, http: httpx.AsyncClient, fcm: Fcm, answer: Cuts | Says
) -> None:
    wire.will(PATH, answer)
    http.timeout = patience(answer)
    assert await outcome(fcm) == Unknown("FCM: no answer came")


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 503])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[1]", b"\xff\xfe{", b"[" * 100_000, b"1" * 10_000, b"x" * 5_000_000],
    ids=lambda body: f"{body[:4]!r}x{len(body)}",
)
async def test_no_body_can_break_a_send(wire: Wire, fcm: Fcm, status: int, body: bytes) -> None:
    wire.will(PATH, Says(status, body))
    assert isinstance(await outcome(fcm), Refused | TryLater | Unknown)


async def test_signing_in_asks_the_key_files_own_token_uri(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, SENT)

    await outcome(fcm)

    sign_in, _ = wire.heard
    assert (sign_in.method, sign_in.target) == ("POST", "/token")
    assert sign_in.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = claims_of(sign_in.form["assertion"])
    assert claims["iss"] == "sender@burger-barn.example.org"
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert claims["exp"] - claims["iat"] <= 3600


def claims_of(jwt: str) -> Any:
    payload = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def test_many_sends_at_once_sign_in_once(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", replace(signed_in(), after=0.1))
    wire.will(PATH, SENT)
    assert await asyncio.gather(*(outcome(fcm) for _ in range(20))) == [Accepted(NAME)] * 20
    assert len(wire.calls_to("/token")) == 1


async def test_a_cancelled_send_leaves_the_sign_in_to_the_others(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", replace(signed_in(), after=0.1))
    wire.will(PATH, SENT)
    first, second = asyncio.create_task(outcome(fcm)), asyncio.create_task(outcome(fcm))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == Accepted(NAME)
    assert len(wire.calls_to("/token")) == 1


async def test_a_token_about_to_expire_is_renewed_first(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", signed_in("ya29.a", lifetime=60), signed_in("ya29.b"))
    wire.will(PATH, SENT)
    await outcome(fcm)
    await outcome(fcm)
    assert [sent.headers["authorization"][-1] for sent in wire.calls_to(PATH)] == ["a", "b"]


async def test_a_token_about_to_expire_serves_while_it_cannot_be_renewed(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", signed_in("ya29.a", lifetime=60), Says(503))
    wire.will(PATH, SENT)
    assert [await outcome(fcm), await outcome(fcm)] == [Accepted(NAME), Accepted(NAME)]


async def test_a_rejected_token_is_renewed_once_and_the_push_resent(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", signed_in("ya29.a"), signed_in("ya29.b"))
    wire.will(PATH, refuses(401, "UNAUTHENTICATED"), SENT)
    assert await outcome(fcm) == Accepted(NAME)
    assert [sent.headers["authorization"][-1] for sent in wire.calls_to(PATH)] == ["a", "b"]


async def test_a_token_rejected_twice_is_our_own_trouble(wire: Wire, fcm: Fcm) -> None:
    wire.will(PATH, refuses(401, "UNAUTHENTICATED"))
    assert await outcome(fcm) == UNAUTHENTICATED
    assert (len(wire.calls_to("/token")), len(wire.calls_to(PATH))) == (2, 2)


async def test_many_sends_with_one_rejected_token_renew_it_once(wire: Wire, fcm: Fcm) -> None:
    wire.will("/token", signed_in("ya29.a"), signed_in("ya29.b"))
    # The last rejections come in when the new token is there already.
    rejections = [
        replace(refuses(401, "UNAUTHENTICATED"), after=after) for after in (0.05, 0.05, 0.05, 0.2, 0.2)
    ]
    wire.will(PATH, *rejections, SENT)
    assert await asyncio.gather(*(outcome(fcm) for _ in range(5))) == [Accepted(NAME)] * 5
    assert len(wire.calls_to("/token")) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            Says(400, {"error": "invalid_grant"}),
            TryLater("Google sign-in refused the service account", ours=True),
        ),
        (Says(401), TryLater("Google sign-in refused the service account", ours=True)),
        (Says(429), TryLater("Google sign-in is not available")),
        (Says(503, b"<html>"), TryLater("Google sign-in is not available")),
        (Cuts(), TryLater("Google sign-in is not available")),
        (SILENCE, TryLater("Google sign-in is not available")),
        (Says(200, b"gibberish"), TryLater("Google sign-in is not available")),
        (Says(200, {"access_token": 7, "expires_in": 60}), TryLater("Google sign-in is not available")),
        (Says(200, {"access_token": "ya29.a"}), TryLater("Google sign-in is not available")),
        (
            Says(200, {"access_token": "ya29.\n", "expires_in": 60}),
            TryLater("Google sign-in is not available"),
        ),
        (Says(200, {"access_token": "a", "expires_in": 10**30}), TryLater("Google sign-in is not available")),
    ],
    ids=repr,
)
async def test_without_a_token_nothing_is_sent(
    wire: Wire, config: Config, http: httpx.AsyncClient, answer: Says | Cuts, expected: Outcome
) -> None:
    wire.will("/token", answer)
    fcm = replace(config, timeout=0.3 if answer == SILENCE else 60).providers(http)[0]
    assert await outcome(fcm) == expected
    assert [request.path for request in wire.heard] == ["/token"]


def test_fcm_carries_android_devices_only(fcm: Fcm) -> None:
    addresses = (ANDROID, BY_FID, IPHONE, replace(IPHONE, kind=Kind.LIVE), MOBILE, MAILBOX)
    assert [fcm.carries(address) for address in addresses] == [True, True, False, False, False, False]


def test_settings_are_read_and_the_key_is_not_shown(config: Config, wire: Wire) -> None:
    assert (config.project_id, config.base_url) == ("burger-barn", wire.url)
    assert "credentials" not in repr(config)


def test_without_settings_fcm_is_off() -> None:
    assert Config.read({"FCM_SERVICE_ACCOUNT_FILE": "", "TWILIO_FROM": "+15550199"}) is None


@pytest.mark.parametrize(
    "content",
    [None, b"", b"[]", b"{}", b"\xff", b'{"client_email": "a", "token_uri": "b", "private_key": "c"}'],
)
def test_a_key_file_that_is_none_is_named_by_its_setting(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "account.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=r"^FCM_SERVICE_ACCOUNT_FILE: names a file"):
        Config.read({"FCM_SERVICE_ACCOUNT_FILE": str(path)})


def test_a_key_file_without_a_project_is_named_by_its_setting(key_file: Path) -> None:
    key_file.write_text(json.dumps({**json.loads(key_file.read_text()), "project_id": 7}))
    with pytest.raises(BadInput, match="project_id"):
        Config.read({"FCM_SERVICE_ACCOUNT_FILE": str(key_file)})


def test_a_base_url_without_a_key_file_is_half(key_file: Path) -> None:
    with pytest.raises(BadInput, match=r"^FCM_SERVICE_ACCOUNT_FILE: missing"):
        Config.read({"FCM_BASE_URL": "http://localhost:8090"})
    with pytest.raises(BadInput, match=r"^FCM_BASE_URL: is not a URL"):
        Config.read({"FCM_BASE_URL": "fcm", "FCM_SERVICE_ACCOUNT_FILE": str(key_file)})
