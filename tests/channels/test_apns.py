"""What APNs is sent, what it answers, and what that means to us."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from activities.channels.apns import Config
from activities.channels.apns_body import ATTRIBUTES_TYPE, LIMIT
from activities.channels.http import new_client
from domain.messages import Message, Words
from domain.orders import BadInput, Fact
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Kind
from domain.status import Status
from simulator import Fault
from simulator.apns import REASONS
from simulator.http2 import Answer, Cut, Reset

from .apple import (
    KEY_ID,
    NEVER,
    PATIENCE,
    PHONE,
    SHOWN,
    START,
    TEAM_ID,
    TOPIC,
    Apple,
    an_apple,
    config_of,
    refuses,
    written,
)
from .messages import ANDROID, DEVICE, IPHONE, MAILBOX, MESSAGE, MOBILE, ROUTINE

SENT = Accepted(MESSAGE.message_id)
NO_ANSWER = Unknown("APNs: no answer came")
ETA = replace(MESSAGE, facts={"merchant_name": "Burger Barn", "eta_minutes": 12})
TEXT = MESSAGE.words.text


def ours(reason: str) -> TryLater:
    return TryLater(f"APNs {reason}", ours=True)


async def test_an_alert_goes_out_as_apple_wants_it(apple: Apple) -> None:
    assert await apple.outcome() == SENT

    (asked,) = apple.asked
    assert (asked.one(":method"), asked.one(":path")) == ("POST", f"/3/device/{DEVICE}")
    assert {name: value for name, value in asked.headers if name.startswith("apns-")} == {
        "apns-id": MESSAGE.message_id,
        "apns-collapse-id": MESSAGE.message_id,
        "apns-expiration": str(int(apple.clock.now) + 600),
        "apns-priority": "10",
        "apns-push-type": "alert",
        "apns-topic": "org.example.orders",
    }
    assert json.loads(asked.body) == {
        "aps": {
            "alert": {"title": "Burger Barn", "body": TEXT},
            "sound": "default",
            "thread-id": "A17",
            "interruption-level": "time-sensitive",
            "relevance-score": 1.0,
        },
        "order_id": "A17",
        "message_id": MESSAGE.message_id,
        "status": "OUT_FOR_DELIVERY",
    }


@pytest.mark.parametrize(
    ("priority", "header", "level", "sounds"),
    [(1, "10", "time-sensitive", True), (3, "10", "active", False), (5, "5", "passive", False)],
)
async def test_the_more_urgent_the_louder(
    apple: Apple, priority: int, header: str, level: str, sounds: bool
) -> None:
    aps = (await apple.body_of(replace(MESSAGE, priority=priority)))["aps"]
    assert (apple.asked[-1].one("apns-priority"), aps["interruption-level"]) == (header, level)
    assert ("sound" in aps) is sounds


async def test_of_two_the_more_urgent_is_shown_first(apple: Apple) -> None:
    scores = [
        (await apple.body_of(replace(MESSAGE, priority=priority)))["aps"]["relevance-score"]
        for priority in (1, 3, 5)
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert all(0 <= score <= 1 for score in scores)


async def test_a_repeat_is_the_same_request_again(apple: Apple) -> None:
    await apple.outcome()
    await apple.outcome(replace(MESSAGE, is_repeat=True))
    first, second = apple.asked
    assert (first.body, first.headers) == (second.body, second.headers)


async def test_an_order_begins_to_show_as_a_live_activity(apple: Apple) -> None:
    now = int(apple.clock.now)
    body = await apple.body_of(replace(ETA, register="https://example.org/live-activities/x"), START)

    (asked,) = apple.asked
    assert asked.one("apns-push-type") == "liveactivity"
    assert asked.one("apns-topic") == "org.example.orders.push-type.liveactivity"
    assert asked.one("apns-collapse-id") == MESSAGE.message_id
    assert body == {
        "aps": {
            "timestamp": now,
            "event": "start",
            "content-state": {"status": "OUT_FOR_DELIVERY", "text": TEXT, "eta_minutes": 12},
            "attributes-type": ATTRIBUTES_TYPE,
            "attributes": {
                "order_id": "A17",
                "merchant_name": "Burger Barn",
                "register": "https://example.org/live-activities/x",
            },
            "input-push-token": 1,
            "alert": {"title": "Burger Barn", "body": TEXT, "sound": "default"},
            "stale-date": now + 600,
            "relevance-score": 1.0,
        }
    }


async def test_news_that_can_wait_starts_a_live_activity_without_a_sound(apple: Apple) -> None:
    aps = (await apple.body_of(ROUTINE, START))["aps"]
    assert apple.asked[-1].one("apns-priority") == "5"
    assert aps["alert"] == {"title": "Burger Barn", "body": TEXT}
    assert aps["attributes"] == {"order_id": "A17"}


async def test_a_live_activity_is_updated_without_an_alert(apple: Apple) -> None:
    now = int(apple.clock.now)
    assert await apple.body_of(ETA, SHOWN) == {
        "aps": {
            "timestamp": now,
            "event": "update",
            "content-state": {"status": "OUT_FOR_DELIVERY", "text": TEXT, "eta_minutes": 12},
            "stale-date": now + 600,
            "relevance-score": 1.0,
        }
    }


async def test_a_live_activity_ends_with_its_final_state_and_leaves_after_a_quarter_of_an_hour(
    apple: Apple,
) -> None:
    now = int(apple.clock.now)
    final = replace(ROUTINE, path=(Status.DELIVERED,))
    assert await apple.apns.end(final, SHOWN) == SENT

    (asked,) = apple.asked
    assert (asked.one("apns-priority"), asked.one("apns-push-type")) == ("10", "liveactivity")
    aps = json.loads(asked.body)["aps"]
    assert (aps["event"], aps["timestamp"], aps["dismissal-date"]) == ("end", now, now + 900)
    assert aps["content-state"] == {"status": "DELIVERED", "text": TEXT}
    assert "stale-date" not in aps


async def test_a_live_activity_that_is_to_leave_at_once_left_in_the_past(apple: Apple) -> None:
    now = int(apple.clock.now)
    assert await apple.apns.end(ROUTINE, SHOWN, at_once=True) == SENT

    (asked,) = apple.asked
    assert json.loads(asked.body)["aps"]["dismissal-date"] == now - 3600


@pytest.mark.parametrize(("fact", "shown"), [(12, 12), (11.6, 12), ("12", None), (True, None)])
async def test_the_app_gets_minutes_as_a_whole_number_or_not_at_all(
    apple: Apple, fact: Fact, shown: int | None
) -> None:
    aps = (await apple.body_of(replace(MESSAGE, facts={"eta_minutes": fact}), SHOWN))["aps"]
    assert aps["content-state"].get("eta_minutes") == shown


@pytest.mark.parametrize("character", ["x", '"', "\a", "ñ", "👩‍👩‍👧‍👦", "e\u0301"])
@pytest.mark.parametrize("address", [PHONE, START, SHOWN], ids=lambda address: address.kind)
async def test_a_text_is_cut_before_it_is_too_long(apple: Apple, character: str, address: Any) -> None:
    message = replace(MESSAGE, words=Words("Burger Barn", character * 5000))

    body = await apple.body_of(message, address)

    size = len(apple.asked[-1].body)
    assert LIMIT - 3 * len(json.dumps(character)) <= size <= LIMIT
    aps = body["aps"]
    text = aps["content-state"]["text"] if "content-state" in aps else aps["alert"]["body"]
    assert text == character * text.count(character) + "…"
    assert len(apple.simulator.received) == 1


async def test_a_text_that_just_fits_stays_whole(apple: Apple) -> None:
    def words(length: int) -> Message:
        return replace(MESSAGE, words=Words("Burger Barn", "x" * length))

    await apple.outcome(words(0))
    room = LIMIT - len(apple.asked[-1].body)
    assert (await apple.body_of(words(room)))["aps"]["alert"]["body"] == "x" * room
    assert len(apple.asked[-1].body) == LIMIT
    assert (await apple.body_of(words(room + 1)))["aps"]["alert"]["body"] == "x" * (room - 3) + "…"


async def test_what_is_too_long_without_its_text_is_refused(apple: Apple) -> None:
    assert await apple.outcome(replace(MESSAGE, order_id="A" * LIMIT)) == Refused("APNs PayloadTooLarge")


TABLE = {
    "Unregistered": Gone("APNs Unregistered"),
    "ExpiredToken": Gone("APNs ExpiredToken"),
    "BadDeviceToken": Gone("APNs BadDeviceToken: no token of this host"),
    "DeviceTokenNotForTopic": ours("DeviceTokenNotForTopic: a token of another app"),
    "BadCollapseId": Refused("APNs BadCollapseId"),
    "BadExpirationDate": Refused("APNs BadExpirationDate"),
    "BadMessageId": Refused("APNs BadMessageId"),
    "BadPriority": Refused("APNs BadPriority"),
    "DuplicateHeaders": Refused("APNs DuplicateHeaders"),
    "InvalidPushType": Refused("APNs InvalidPushType"),
    "MissingDeviceToken": Refused("APNs MissingDeviceToken"),
    "PayloadEmpty": Refused("APNs PayloadEmpty"),
    "PayloadTooLarge": Refused("APNs PayloadTooLarge"),
    "BadTopic": ours("BadTopic"),
    "MissingTopic": ours("MissingTopic"),
    "TopicDisallowed": ours("TopicDisallowed"),
    "BadCertificate": ours("BadCertificate"),
    "BadCertificateEnvironment": ours("BadCertificateEnvironment"),
    "BadEnvironmentKeyIdInToken": ours("BadEnvironmentKeyIdInToken: not a key for this host"),
    "ExpiredProviderToken": ours("ExpiredProviderToken: is this machine's clock right?"),
    "Forbidden": ours("Forbidden"),
    "InvalidProviderToken": ours("InvalidProviderToken: wrong key, key id or team id"),
    "MissingProviderToken": ours("MissingProviderToken"),
    "UnrelatedKeyIdInToken": ours("UnrelatedKeyIdInToken"),
    "BadPath": ours("BadPath"),
    "MethodNotAllowed": ours("MethodNotAllowed"),
    "IdleTimeout": TryLater("APNs IdleTimeout"),
    "TooManyRequests": TryLater("APNs TooManyRequests"),
    "TooManyProviderTokenUpdates": TryLater("APNs TooManyProviderTokenUpdates"),
    "InternalServerError": TryLater("APNs InternalServerError"),
    "ServiceUnavailable": TryLater("APNs ServiceUnavailable"),
    "Shutdown": TryLater("APNs Shutdown"),
}


@pytest.mark.parametrize(("reason", "expected"), TABLE.items(), ids=TABLE.keys())
async def test_every_reason_of_apples_has_one_meaning(apple: Apple, reason: str, expected: Outcome) -> None:
    apple.simulator.set_faults([Fault(kind="refuse", provider="apns", code=reason)])
    outcome = await apple.outcome()
    assert (replace(outcome, since=None) if isinstance(outcome, Gone) else outcome) == expected
    assert len(apple.asked) == 1


@pytest.mark.parametrize("reason", ["Unregistered", "ExpiredToken"])
async def test_a_dead_token_comes_with_since_when(apple: Apple, reason: str) -> None:
    apple.simulator.set_faults([Fault(kind="dead", provider="apns", code=reason, dead_for_s=90.5)])

    found = datetime.fromtimestamp(apple.clock.now, UTC) - timedelta(seconds=90.5)
    assert await apple.outcome() == Gone(f"APNs {reason}", since=found)


@pytest.mark.parametrize("timestamp", [None, True, "1795502905000", 1.5, 10**30, -(10**30), [], {}])
async def test_since_when_that_cannot_be_read_is_as_if_it_was_not_said(
    apple: Apple, timestamp: object
) -> None:
    said = {"reason": "Unregistered", "timestamp": timestamp}
    apple.will(Answer(410, json.dumps(said).encode()))

    assert await apple.outcome() == Gone("APNs Unregistered")


def test_the_table_is_apples_whole_one() -> None:
    assert TABLE.keys() == REASONS.keys()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refuses(403, "BadEnvironmentKeyInToken"), TABLE["BadEnvironmentKeyIdInToken"]),
        (refuses(400, "SomethingNew"), Refused("APNs HTTP 400")),
        (refuses(403, "SomethingNew"), ours("HTTP 403")),
        (refuses(404, "SomethingNew"), ours("HTTP 404")),
        (refuses(405, "SomethingNew"), ours("HTTP 405")),
        (refuses(410, "SomethingNew"), Gone("APNs HTTP 410")),
        (refuses(413, "SomethingNew"), Refused("APNs HTTP 413")),
        (refuses(429, "SomethingNew"), TryLater("APNs HTTP 429")),
        (refuses(500, "SomethingNew"), TryLater("APNs HTTP 500")),
        (Answer(502, b"<html>"), TryLater("APNs HTTP 502")),
        (Answer(503), TryLater("APNs HTTP 503")),
        (Answer(410, b'{"reason": ["Unregistered"]}'), Gone("APNs HTTP 410")),
        (Answer(302, headers={"location": "https://example.org"}), ours("HTTP 302: wrong base URL")),
        (Answer(200), Unknown("APNs answered without an apns-id")),
        (Answer(200, headers={"apns-id": "A17"}), Unknown("APNs answered without an apns-id")),
        (Answer(200, b"?", {"apns-id": MESSAGE.message_id.upper()}), Accepted(MESSAGE.message_id.upper())),
    ],
    ids=repr,
)
async def test_an_answer_that_is_new_to_us_means_what_its_status_says(
    apple: Apple, answer: Answer, expected: Outcome
) -> None:
    apple.will(answer)
    assert await apple.outcome() == expected


@pytest.mark.parametrize("status", [200, 400, 403, 410, 503])
@pytest.mark.parametrize(
    "body",
    [b"null", b"[1]", b"\xff\xfe{", b"[" * 9_000, b"1" * 9_000, b'{"reason": 7}', b'{"reason": "\\ud800"}'],
    ids=lambda body: f"{body[:12]!r}x{len(body)}",
)
async def test_no_body_can_break_a_send(apple: Apple, status: int, body: bytes) -> None:
    apple.will(Answer(status, body))
    assert isinstance(await apple.outcome(), Refused | TryLater | Unknown | Gone)


async def test_no_header_reaches_a_log(apple: Apple, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hpack")  # whoever imports aioapns silences it
    async with new_client() as http:
        (apns,) = apple.config.providers(http)
        await apns.send(MESSAGE, PHONE)
    assert not [record for record in caplog.records if record.name.startswith("hpack")]


async def test_nobody_listening_means_nothing_was_sent(apple: Apple) -> None:
    async with new_client() as http:
        (apns,) = replace(apple.config, hosts={"production": "https://127.0.0.1:1"}).providers(http)
        assert await apns.send(MESSAGE, PHONE) == TryLater("APNs: could not connect")


async def test_a_host_whose_certificate_is_not_trusted_hears_nothing(apple: Apple) -> None:
    async with new_client() as http:
        (apns,) = config_of({**apple.settings, "APNS_CA_FILE": ""}).providers(http)
        assert await apns.send(MESSAGE, PHONE) == TryLater("APNs: could not connect")
    assert apple.asked == []


@pytest.mark.parametrize("answer", [Reset(), Cut()])
async def test_a_request_without_an_answer_is_in_doubt(apple: Apple, answer: Reset | Cut) -> None:
    apple.will(answer)
    assert await apple.outcome() == NO_ANSWER
    assert await apple.outcome(replace(MESSAGE, is_repeat=True)) == SENT


async def test_each_environment_has_its_host(apple: Apple) -> None:
    sandbox = replace(PHONE, environment="sandbox")
    async with new_client() as http:
        hosts = {**apple.config.hosts, "sandbox": "https://127.0.0.1:1"}
        (apns,) = replace(apple.config, hosts=hosts).providers(http)
        outcomes = [await apns.send(MESSAGE, to) for to in (PHONE, sandbox, replace(PHONE, environment=""))]
    assert outcomes == [SENT, TryLater("APNs: could not connect"), SENT]


async def test_a_device_token_cannot_leave_its_place_in_the_path(apple: Apple) -> None:
    assert isinstance(await apple.outcome(MESSAGE, replace(PHONE, value="../4?x=#é")), Gone)
    assert apple.asked[-1].one(":path") == "/3/device/..%2F4%3Fx%3D%23%C3%A9"


async def test_the_provider_token_is_signed_and_says_who_we_are(apple: Apple) -> None:
    await apple.outcome()

    (asked,) = apple.asked
    assert asked.one("authorization").startswith("bearer ")
    (token,) = apple.tokens()
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": KEY_ID}
    claims = jwt.decode(token, apple.key.public_key(), ["ES256"])
    assert claims == {"iss": TEAM_ID, "iat": int(apple.clock.now)}


async def test_a_token_serves_40_minutes_and_no_longer_than_50(apple: Apple) -> None:
    for _ in range(3):
        await apple.outcome()
        apple.clock.passes(minutes=20)
    apple.clock.passes(minutes=-10)
    await apple.outcome()

    first, second, third, fourth = apple.tokens()
    assert first == second == third
    assert fourth != first
    assert len(apple.simulator.received) == 4


async def test_a_clock_that_was_set_back_keeps_no_token_from_the_future(apple: Apple) -> None:
    await apple.outcome()
    apple.clock.passes(minutes=-24 * 60)
    apple.stand_in.server.cut()
    await apple.outcome()
    assert await apple.outcome() == SENT
    assert len(set(apple.tokens())) == 2


async def test_an_expired_token_is_made_anew_once_and_the_push_resent(apple: Apple) -> None:
    await apple.outcome()
    apple.clock.passes(minutes=21)
    apple.will(refuses(403, "ExpiredProviderToken"))
    assert await apple.outcome() == SENT
    first, second, third = apple.tokens()
    assert first == second != third


async def test_a_token_that_is_expired_twice_is_our_own_trouble(apple: Apple) -> None:
    await apple.outcome()
    apple.clock.passes(minutes=21)
    apple.simulator.set_faults([Fault(kind="refuse", provider="apns", code="ExpiredProviderToken")])
    assert await apple.outcome() == TABLE["ExpiredProviderToken"]
    assert await apple.outcome() == TABLE["ExpiredProviderToken"]
    assert len(set(apple.tokens())) == 2
    assert len(apple.asked) == 1 + 2 + 1


@pytest.mark.parametrize("reason", ["ExpiredProviderToken", "TooManyProviderTokenUpdates"])
async def test_no_storm_of_complaints_makes_two_tokens_within_20_minutes(apple: Apple, reason: str) -> None:
    await apple.outcome()
    apple.clock.passes(minutes=21)
    apple.simulator.set_faults([Fault(kind="refuse", provider="apns", code=reason)])
    for _ in range(4):
        assert set(await asyncio.gather(*(apple.outcome() for _ in range(10)))) == {TABLE[reason]}
        apple.clock.passes(minutes=4)
    assert len(set(apple.tokens())) == (2 if reason == "ExpiredProviderToken" else 1)


async def test_many_sends_with_one_expired_token_make_one_new_one(apple: Apple) -> None:
    await apple.outcome()
    apple.clock.passes(minutes=21)
    # The last complaints come in when the new token is there already.
    complaint, later = refuses(403, "ExpiredProviderToken"), asyncio.Event()
    apple.will(*[complaint] * 2, *[replace(complaint, late=later.wait)] * 2)
    sends = [asyncio.create_task(apple.outcome()) for _ in range(4)]
    await apple.has_asked(1 + 4 + 2)
    later.set()
    assert await asyncio.gather(*sends) == [SENT] * 4
    assert len(set(apple.tokens())) == 2


async def test_all_who_send_with_one_key_share_its_token(apple: Apple) -> None:
    async with new_client() as http:
        for _ in range(2):
            (apns,) = apple.config.providers(http)
            assert await apns.send(MESSAGE, PHONE) == SENT
    assert len(set(apple.tokens())) == 1


@pytest.mark.parametrize("reason", ["UnrelatedKeyIdInToken", "IdleTimeout", "Shutdown"])
async def test_what_is_wrong_with_a_connection_is_left_behind_with_it(apple: Apple, reason: str) -> None:
    await apple.outcome()
    complaint, later = refuses(403, reason), asyncio.Event()
    apple.will(complaint, *[replace(complaint, late=later.wait)] * 2)
    under_way = [asyncio.create_task(apple.outcome()) for _ in range(3)]
    await apple.has_asked(4)

    assert await under_way[0] == TABLE[reason]
    assert await apple.outcome() == SENT
    later.set()
    assert [await late for late in under_way] == [TABLE[reason]] * 3
    assert await apple.outcome() == SENT
    assert apple.stand_in.server.connections == 2, "late complaints are about the first"


async def test_a_slow_answer_is_in_doubt_even_while_others_come_in(tmp_path: Path) -> None:
    async with an_apple(tmp_path, patience=0.3) as apple, asyncio.timeout(PATIENCE):
        await apple.outcome()
        apple.will(NEVER)
        slow = asyncio.create_task(apple.outcome())
        await apple.has_asked(2)
        while not slow.done():
            await apple.outcome()
            await asyncio.sleep(0.02)
        assert slow.result() == NO_ANSWER


async def test_a_push_given_up_leaves_a_connection_for_the_next(apple: Apple) -> None:
    apple.will(NEVER)
    first = asyncio.create_task(apple.outcome())
    await apple.has_asked(1)
    first.cancel()
    await asyncio.wait([first])
    async with asyncio.timeout(PATIENCE):
        assert await apple.outcome() == SENT


async def test_apns_carries_apples_devices_and_their_live_activities(apple: Apple) -> None:
    fid = replace(IPHONE, kind=Kind.FID)
    addresses = (IPHONE, START, SHOWN, ANDROID, MOBILE, MAILBOX, fid)
    assert [apple.apns.carries(address) for address in addresses] == [True] * 3 + [False] * 4


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    key = written(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    ids = {"APNS_KEY_ID": KEY_ID, "APNS_TEAM_ID": TEAM_ID}
    return {"APNS_KEY_FILE": str(key), "APNS_TOPIC": TOPIC, **ids}


def test_without_settings_apns_is_off() -> None:
    assert Config.read({"APNS_KEY_FILE": "", "TWILIO_FROM": "+15550199"}) is None


def test_without_a_base_url_it_is_apple_who_is_called(settings: dict[str, str]) -> None:
    assert config_of(settings).hosts == {
        "production": "https://api.push.apple.com",
        "sandbox": "https://api.sandbox.push.apple.com",
    }
    elsewhere = config_of({**settings, "APNS_BASE_URL": "https://push.example.org/"})
    assert set(elsewhere.hosts.values()) == {"https://push.example.org"}


def test_the_key_is_not_shown(settings: dict[str, str]) -> None:
    assert "token" not in repr(config_of(settings))
    assert "trust" not in repr(config_of(settings))


@pytest.mark.parametrize("missing", ["APNS_KEY_FILE", "APNS_KEY_ID", "APNS_TEAM_ID", "APNS_TOPIC"])
def test_half_of_the_settings_is_a_mistake_named_by_what_is_missing(
    settings: dict[str, str], missing: str
) -> None:
    with pytest.raises(BadInput, match=f"^{missing}: missing"):
        Config.read({**settings, missing: ""})


@pytest.mark.parametrize("alone", ["APNS_BASE_URL", "APNS_CA_FILE"])
def test_a_setting_that_is_no_use_alone_asks_for_the_others(alone: str) -> None:
    with pytest.raises(BadInput, match=r"^APNS_KEY_FILE: missing"):
        Config.read({alone: "https://push.example.org"})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("APNS_KEY_ID", "short"),
        ("APNS_TEAM_ID", "TEAM 12345"),
        ("APNS_TOPIC", "org.example..orders"),
        ("APNS_TOPIC", "org.example.orders.push-type.liveactivity"),
        ("APNS_BASE_URL", "push.example.org"),
        ("APNS_CA_FILE", "/nowhere/ca.pem"),
        ("APNS_KEY_FILE", "/nowhere/key.p8"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings: dict[str, str], setting: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^{setting}: ") as refused:
        Config.read({**settings, setting: value})
    assert "\n" not in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
@pytest.mark.parametrize("setting", ["APNS_KEY_FILE", "APNS_CA_FILE"])
def test_a_file_that_holds_something_else_is_named_by_its_setting(
    settings: dict[str, str], tmp_path: Path, setting: str, content: bytes
) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"^{setting}: names a file "):
        Config.read({**settings, setting: str(path)})


def test_only_a_p_256_key_will_do(
    settings: dict[str, str], tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    for key in (rsa_key, ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(BadInput, match=r"^APNS_KEY_FILE: names a key that is not a P-256 one"):
            Config.read({**settings, "APNS_KEY_FILE": str(written(tmp_path, key))})


def test_a_folder_is_no_key_file(settings: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^APNS_KEY_FILE: names a file that cannot be read"):
        Config.read({**settings, "APNS_KEY_FILE": str(tmp_path)})
