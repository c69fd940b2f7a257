"""What Twilio answers, and what that means to us."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from activities.channels.twilio import Config, Twilio
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown

from .messages import ANDROID, MAILBOX, MESSAGE, MOBILE, PHONE, ROUTINE
from .wire import SILENCE, Cuts, Says, Wire, patience

ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "0" * 32
SID = "SM" + "a" * 32
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
CREATED = Says(201, {"sid": SID, "status": "queued", "num_segments": "1"})
AUTH_TOKEN = "auth-token"  # noqa: S105 made up
FROM = {"From": "+15550199"}


def refuses(code: object, status: int = 400, **headers: str) -> Says:
    body = {"code": code, "message": f"The 'To' number {PHONE} is bad", "more_info": "", "status": status}
    return Says(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def listed(*entries: object) -> Says:
    return Says(200, {"messages": list(entries), "page": 0})


def entry(body: str = MESSAGE.words.text, age: timedelta = timedelta(minutes=1)) -> dict[str, str]:
    return {"sid": SID, "body": body, "date_created": format_datetime(datetime.now(UTC) - age)}


@pytest.fixture
def twilio(wire: Wire, http: httpx.AsyncClient) -> Twilio:
    return Config(ACCOUNT, AUTH_TOKEN, [FROM], wire.url).providers(http)[0]


async def outcome(twilio: Twilio, message: Message = MESSAGE) -> Outcome:
    result = await twilio.send(message, MOBILE)
    assert PHONE not in repr(result)
    return result


async def test_a_text_goes_out_as_the_api_wants_it(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, CREATED)

    assert await outcome(twilio) == Accepted(SID)

    (request,) = wire.heard
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["authorization"] == basic(ACCOUNT, AUTH_TOKEN)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {
        "To": PHONE,
        "From": "+15550199",
        "Body": "Your order from Burger Barn is on its way.",
        "ValidityPeriod": "600",
    }


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_a_messaging_service_takes_the_place_of_a_number(wire: Wire, http: httpx.AsyncClient) -> None:
    wire.will(PATH, CREATED)
    twilio = Config(ACCOUNT, AUTH_TOKEN, [{"MessagingServiceSid": SERVICE}], wire.url).providers(http)[0]

    await outcome(twilio)

    assert wire.heard[0].form["MessagingServiceSid"] == SERVICE
    assert "From" not in wire.heard[0].form


async def test_a_text_asks_for_callbacks_that_name_it_by_our_own_id(
    wire: Wire, http: httpx.AsyncClient
) -> None:
    wire.will(PATH, CREATED)
    config = Config.read(
        {**SETTINGS, "TWILIO_BASE_URL": wire.url, "PUBLIC_URL": "https://news.example.org/orders/"}
    )
    assert config

    await outcome(config.providers(http)[0])

    assert wire.heard[0].form["StatusCallback"] == (
        "https://news.example.org/orders/webhooks/twilio/status"
        "?message_id=5f0c6a52-0d0e-5a3e-9c56-3b7a6f6f4a11"
    )


async def test_each_sender_is_a_provider_of_its_own_the_service_before_the_numbers(
    wire: Wire, http: httpx.AsyncClient
) -> None:
    wire.will(PATH, CREATED)
    senders = {"TWILIO_MESSAGING_SERVICE_SID": SERVICE, "TWILIO_FROM": "+15550199, +15550198"}
    config = Config.read({**SETTINGS, **senders, "TWILIO_BASE_URL": wire.url})
    assert config

    providers = config.providers(http)
    for provider in providers:
        await outcome(provider)

    assert [provider.name for provider in providers] == ["twilio", "twilio_2", "twilio_3"]
    sent_by = [(one.form.get("MessagingServiceSid"), one.form.get("From")) for one in wire.heard]
    assert sent_by == [(SERVICE, None), (None, "+15550199"), (None, "+15550198")]


async def test_a_repeat_finds_what_another_sender_of_the_account_sent(
    wire: Wire, http: httpx.AsyncClient
) -> None:
    wire.will(PATH, listed({**entry(), "from": "+15550199"}))
    senders = [{"MessagingServiceSid": SERVICE}, FROM]
    for provider in Config(ACCOUNT, AUTH_TOKEN, senders, wire.url).providers(http):
        assert await outcome(provider, replace(MESSAGE, is_repeat=True)) == Accepted(SID)
    assert "From" not in wire.heard[0].query


# The sending activity goes on to the next sender after TryLater and Refused, and to nobody after the rest.
@pytest.mark.parametrize("code", [20429, 20503, 21606, 21611, 21612, 21659, 21660, 21703])
async def test_what_is_wrong_with_a_sender_leaves_the_text_to_the_next(
    wire: Wire, twilio: Twilio, code: int
) -> None:
    wire.will(PATH, refuses(code))
    assert isinstance(await outcome(twilio), TryLater | Refused)


@pytest.mark.parametrize("code", [20500, 21211, 21610, 21614, 21635])
async def test_what_is_in_doubt_or_wrong_with_the_number_is_left_to_no_other_sender(
    wire: Wire, twilio: Twilio, code: int
) -> None:
    wire.will(PATH, refuses(code))
    assert isinstance(await outcome(twilio), Unknown | Gone)


@pytest.mark.parametrize(("left", "asked"), [(1, "5"), (5, "5"), (36_000, "36000"), (86_400, "36000")])
async def test_the_validity_period_stays_in_twilios_bounds(
    wire: Wire, twilio: Twilio, left: int, asked: str
) -> None:
    wire.will(PATH, CREATED)
    await outcome(twilio, replace(MESSAGE, seconds_left=left))
    assert wire.heard[0].form["ValidityPeriod"] == asked


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Says(200, {"sid": SID}), Accepted(SID)),
        (Says(201, {"sid": "MM" + "f" * 32}), Accepted("MM" + "f" * 32)),
        (Says(201, {"sid": "SM123"}), Unknown("Twilio answered without a SID")),
        (Says(201, {"sid": SID + "\n"}), Unknown("Twilio answered without a SID")),
        (Says(201, {}), Unknown("Twilio answered without a SID")),
        (Says(204), Unknown("Twilio answered without a SID")),
        (refuses(20429, 429), TryLater("Twilio 20429: too many requests")),
        (refuses(20429, 429, Retry_After="7"), TryLater("Twilio 20429: too many requests", wait=7)),
        (Says(429, b"slow down"), TryLater("Twilio 20429: too many requests")),
        (refuses(20503, 503), TryLater("Twilio 20503: unavailable")),
        (refuses(20500, 500), Unknown("Twilio 20500: server error")),
        (Says(500, b"<html>"), Unknown("Twilio HTTP 500")),
        (Says(503, b""), Unknown("Twilio HTTP 503")),
        (refuses(20003, 401), TryLater("Twilio 20003: credentials", ours=True)),
        (refuses(20004, 405), TryLater("Twilio 20004: method not allowed", ours=True)),
        (refuses(20404, 404), TryLater("Twilio 20404: wrong account or base URL", ours=True)),
        (Says(401), TryLater("Twilio HTTP 401: wrong base URL or credentials", ours=True)),
        (Says(302), TryLater("Twilio HTTP 302: wrong base URL or credentials", ours=True)),
        (refuses(21211), Gone("Twilio 21211: not a phone number")),
        (refuses(21614), Gone("Twilio 21614: not a mobile number")),
        (refuses(21635), Gone("Twilio 21635: a landline")),
        (refuses(21610), Gone("Twilio 21610: the recipient answered STOP", opted_out=True)),
        (refuses(21609), TryLater("Twilio 21609: PUBLIC_URL is not one that Twilio calls", ours=True)),
        (refuses(21408, 403), TryLater("Twilio 21408: region not enabled", ours=True)),
        (refuses(21606), TryLater("Twilio 21606: sender cannot send texts", ours=True)),
        (refuses(21608), TryLater("Twilio 21608: trial account, number not verified", ours=True)),
        (refuses(21612), TryLater("Twilio 21612: sender cannot reach this number", ours=True)),
        (refuses(21659), TryLater("Twilio 21659: not a number of this account", ours=True)),
        (refuses(21660), TryLater("Twilio 21660: number and account do not match", ours=True)),
        (refuses(30002), TryLater("Twilio 30002: account suspended", ours=True)),
        (refuses(21617), Refused("Twilio 21617: over 1600 characters")),
        (refuses(21602), Refused("Twilio 21602: no body")),
        (refuses(90007), Refused("Twilio 90007: bad validity period")),
        (refuses(21624), Refused("Twilio 21624: bad validity period")),
        (refuses(21611), TryLater("Twilio 21611: the sender's queue is full")),
        (refuses("21610"), Gone("Twilio 21610: the recipient answered STOP", opted_out=True)),
        (refuses(63038), Refused("Twilio 63038")),
        (refuses(63038, 403), Refused("Twilio 63038")),
        (refuses(99999, 500), Unknown("Twilio HTTP 500")),
        (refuses(15550100), Refused("Twilio HTTP 400")),
        (refuses(["21610"]), Refused("Twilio HTTP 400")),
        (refuses({}), Refused("Twilio HTTP 400")),
    ],
    ids=repr,
)
async def test_every_answer_has_one_meaning(
    wire: Wire, twilio: Twilio, answer: Says, expected: Outcome
) -> None:
    wire.will(PATH, answer)
    assert await outcome(twilio) == expected
    assert len(wire.heard) == 1


async def test_nobody_listening_means_nothing_was_sent(http: httpx.AsyncClient) -> None:
    twilio = Config(ACCOUNT, AUTH_TOKEN, [FROM], "http://127.0.0.1:1").providers(http)[0]
    assert await outcome(twilio) == TryLater("Twilio: could not connect")


@pytest.mark.parametrize("answer", [Cuts(), Cuts(b"HTTP/1.1 201 Crea"), SILENCE])
async def test_a_request_without_an_answer_is_in_doubt(
    wire: Wire, http: httpx.AsyncClient, twilio: Twilio, answer: Cuts | Says
) -> None:
    wire.will(PATH, answer)
    http.timeout = patience(answer)
    assert await outcome(twilio) == Unknown("Twilio: no answer came")


async def test_a_repeat_that_twilio_has_is_not_sent_again(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, listed(entry("Something else"), entry()))

    assert await outcome(twilio, replace(MESSAGE, is_repeat=True)) == Accepted(SID)

    (request,) = wire.heard
    assert (request.method, request.path) == ("GET", PATH)
    assert request.headers["authorization"] == basic(ACCOUNT, AUTH_TOKEN)
    assert request.query["To"] == PHONE
    # 45 minutes useful, 10 left: it happened 35 minutes ago at most, and clocks differ.
    since = datetime.now(UTC) - timedelta(minutes=50)
    assert request.query["DateSent>"] == since.date().isoformat()


async def test_an_urgent_repeat_that_twilio_does_not_have_is_sent(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, listed(entry("Something else")), CREATED)
    assert await outcome(twilio, replace(MESSAGE, is_repeat=True)) == Accepted(SID)
    assert [request.method for request in wire.heard] == ["GET", "POST"]


async def test_a_routine_repeat_that_twilio_does_not_have_rests(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, listed())
    assert await outcome(twilio, replace(ROUTINE, is_repeat=True)) == Unknown("not on the provider's list")
    assert [request.method for request in wire.heard] == ["GET"]


async def test_the_same_words_of_an_order_hours_ago_are_not_this_text(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, listed(entry(age=timedelta(hours=3))))
    found = await outcome(twilio, replace(ROUTINE, words=MESSAGE.words, is_repeat=True))
    assert found == Unknown("not on the provider's list")


@pytest.mark.parametrize(("minutes", "is_this_text"), [(36, True), (49, True), (51, False)])
async def test_a_listed_text_may_be_older_than_the_news_by_what_clocks_differ(
    wire: Wire, twilio: Twilio, minutes: int, is_this_text: bool
) -> None:
    wire.will(PATH, listed(entry(age=timedelta(minutes=minutes))))
    found = await outcome(twilio, replace(MESSAGE, priority=3, is_repeat=True))
    assert found == (Accepted(SID) if is_this_text else Unknown("not on the provider's list"))


async def test_a_listed_text_without_a_readable_date_counts(wire: Wire, twilio: Twilio) -> None:
    wire.will(PATH, listed({**entry(), "date_created": None}))
    assert await outcome(twilio, replace(MESSAGE, is_repeat=True)) == Accepted(SID)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Cuts(), TryLater("Twilio's list could not be read")),
        (Says(500, b"oops"), TryLater("Twilio's list could not be read")),
        (Says(200, b"[]"), TryLater("Twilio's list could not be read")),
        (Says(200, {"messages": "none"}), TryLater("Twilio's list could not be read")),
        (listed({**entry(), "sid": 7}), TryLater("Twilio's list could not be read")),
        (refuses(20429, 429, Retry_After="7"), TryLater("Twilio 20429: too many requests", wait=7)),
        (refuses(20003, 401), TryLater("Twilio 20003: credentials", ours=True)),
    ],
    ids=["cut", "500", "no object", "no list", "a sid that is none", "too many requests", "credentials"],
)
async def test_nothing_is_sent_again_while_the_list_cannot_be_read(
    wire: Wire, twilio: Twilio, answer: Says | Cuts, expected: Outcome
) -> None:
    wire.will(PATH, answer)
    assert await outcome(twilio, replace(MESSAGE, is_repeat=True)) == expected
    # To be cut off is no answer: what only reads is asked once more.
    assert [request.method for request in wire.heard] == ["GET"] * (2 if isinstance(answer, Cuts) else 1)


@pytest.mark.parametrize("status", [200, 201, 400, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[1]", b'"text"', b"\xff\xfe{", b"[" * 100_000, b"1" * 10_000, b"x" * 5_000_000],
    ids=lambda body: f"{body[:4]!r}x{len(body)}",
)
async def test_no_body_can_break_a_send(wire: Wire, twilio: Twilio, status: int, body: bytes) -> None:
    wire.will(PATH, Says(status, body))
    assert isinstance(await outcome(twilio), Refused | TryLater | Unknown)
    assert isinstance(await outcome(twilio, replace(MESSAGE, is_repeat=True)), Refused | TryLater | Unknown)


def test_twilio_carries_texts_only(twilio: Twilio) -> None:
    assert [twilio.carries(address) for address in (MOBILE, ANDROID, MAILBOX)] == [True, False, False]


SETTINGS = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_FROM": "+15550199"}


def test_settings_are_read_and_the_secret_is_not_shown() -> None:
    config = Config.read({**SETTINGS, "TWILIO_BASE_URL": "http://localhost:8090/"})
    assert config == Config(ACCOUNT, AUTH_TOKEN, (FROM,), "http://localhost:8090")
    assert AUTH_TOKEN not in repr(config)


def test_without_settings_twilio_is_off() -> None:
    assert Config.read({"EMAIL_FROM": "orders@example.org", "TWILIO_FROM": " "}) is None


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"TWILIO_ACCOUNT_SID": ""}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "SK" + "0" * 32}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_FROM": ""}, "TWILIO_FROM"),
        ({"TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG1"}, "TWILIO_MESSAGING_SERVICE_SID"),
        ({"TWILIO_FROM": "+15550199,"}, "TWILIO_FROM"),
        ({"TWILIO_FROM": "+15550199, +15550199"}, "TWILIO_FROM"),
        ({"PUBLIC_URL": "notifications.example.org"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://order_news.example.org"}, "PUBLIC_URL"),
        ({"TWILIO_BASE_URL": "localhost:8090"}, "TWILIO_BASE_URL"),
        ({"TWILIO_BASE_URL": "http://localhost:99999"}, "TWILIO_BASE_URL"),
    ],
)
def test_half_or_wrong_settings_are_named(changes: dict[str, str], setting: str) -> None:
    with pytest.raises(BadInput) as raised:
        Config.read({**SETTINGS, **changes})
    assert raised.value.field == setting
    assert AUTH_TOKEN not in str(raised.value)
