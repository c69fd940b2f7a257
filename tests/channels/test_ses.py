"""What Amazon SES answers, and what that means to us."""

import base64
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from botocore.serialize import create_serializer  # type: ignore[import-untyped]
from botocore.session import get_session  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from google.auth.aws import AwsSecurityCredentials, RequestSigner
from moto.server import ThreadedMotoServer

from activities.channels.aws import Keys, Signer
from activities.channels.http import new_client
from activities.channels.mail import NO_RECORD
from activities.channels.ses import PATH, Config, Ses
from domain.channels import Channel
from domain.messages import Links, Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address

from .messages import A_RECORD, ANDROID, EMAIL, MAILBOX, MESSAGE, MOBILE
from .wire import SILENCE, Cuts, Says, Wire, patience

SECRET = "auth-token"  # noqa: S105 made up, and looked for in every log
SENDER = "Bürger Barn <orders@example.org>"
SES_ID = "010001903a8b2d11-1b2c3d4e-aaaa-bbbb-cccc-1234567890ab-000000"
SENT = Says(200, {"MessageId": SES_ID})


def config(base_url: str, **changes: Any) -> Config:
    keys = Keys("AKIAEXAMPLE", SECRET)
    return replace(Config("us-east-1", SENDER, keys, base_url), **changes)


@pytest.fixture
def ses(wire: Wire, http: httpx.AsyncClient) -> Ses:
    return Ses(config(wire.url), http)


async def outcome(ses: Ses, message: Message = A_RECORD, address: Address = MAILBOX) -> Outcome:
    result = await ses.send(message, address)
    assert address.value not in repr(result)
    return result


def refuses(status: int, error_type: str, message: str = f"about {EMAIL}", **headers: str) -> Says:
    named = {"x-amzn-ErrorType": error_type, **{name.replace("_", "-"): v for name, v in headers.items()}}
    return Says(status, {"message": message}, named)


async def test_a_mail_is_handed_over_raw_with_what_it_needs(wire: Wire, ses: Ses) -> None:
    wire.will(PATH, SENT)
    assert await outcome(ses) == Accepted(SES_ID)

    (heard,) = wire.heard
    assert (heard.method, heard.target) == ("POST", "/v2/email/outbound-emails")
    assert heard.headers["content-type"] == "application/json"
    assert heard.json["Destination"] == {"ToAddresses": [EMAIL]}
    assert heard.json["FromEmailAddress"] == "=?utf-8?q?B=C3=BCrger_Barn?= <orders@example.org>"
    assert heard.json["EmailTags"] == [
        {"Name": "message_id", "Value": MESSAGE.message_id},
        {"Name": "order_id", "Value": "A17"},
    ]
    assert "ConfigurationSetName" not in heard.json
    mail = message_from_bytes(base64.b64decode(heard.json["Content"]["Raw"]["Data"]), policy=default)
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, EMAIL, "Burger Barn")
    # SES puts its own Message-ID in place of ours; this one stays.
    assert mail["X-Order-Notification"] == MESSAGE.message_id


@pytest.mark.parametrize("order_id", ["A 17", "A17.b", "änderung", "x" * 257])
async def test_an_order_that_is_no_tag_for_amazon_is_not_made_one(
    wire: Wire, ses: Ses, order_id: str
) -> None:
    wire.will(PATH, SENT)
    await outcome(ses, replace(A_RECORD, order_id=order_id))
    assert [tag["Name"] for tag in wire.heard[0].json["EmailTags"]] == ["message_id"]


@pytest.mark.parametrize("configuration_set", [None, "mail"])
@pytest.mark.parametrize("links", [None, Links("https://o.example.org/p/a", "https://o.example.org/p/a")])
async def test_what_is_sent_is_what_amazons_own_client_would_send(
    wire: Wire, http: httpx.AsyncClient, configuration_set: str | None, links: Links | None
) -> None:
    wire.will(PATH, SENT)
    ses = Ses(config(wire.url, configuration_set=configuration_set), http)
    await outcome(ses, replace(MESSAGE, links=links))

    (heard,) = wire.heard
    service = get_session().get_service_model("sesv2")
    operation = service.operation_model("SendEmail")
    asked = heard.json
    raw = base64.b64decode(asked["Content"]["Raw"]["Data"], validate=True)
    given = {**asked, "Content": {"Raw": {"Data": raw}}}
    assert not ParamValidator().validate(given, operation.input_shape).has_errors()
    theirs = create_serializer(service.protocol).serialize_to_request(given, operation)
    assert (heard.method, heard.target) == (theirs["method"], theirs["url_path"])
    assert asked == json.loads(theirs["body"])
    assert service.signing_name == "ses"
    assert asked.get("ConfigurationSetName") == configuration_set


async def test_a_mail_that_may_have_arrived_is_sent_again_only_when_it_is_a_record(
    wire: Wire, ses: Ses
) -> None:
    wire.will(PATH, SENT)
    assert await outcome(ses, replace(MESSAGE, is_repeat=True)) == NO_RECORD
    assert wire.heard == []
    assert await outcome(ses, replace(A_RECORD, is_repeat=True)) == Accepted(SES_ID)


def ours(error_type: str) -> TryLater:
    return TryLater(f"SES {error_type}", ours=True)


RATE, DAILY = "Maximum sending rate exceeded.", "Daily message quota exceeded."
QUOTA = TryLater("SES daily quota used up", wait=3600, ours=True)
SANDBOX = f"Email address is not verified. The following identities failed the check: {EMAIL}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Says(200, {"MessageId": "m-1"}), Accepted("m-1")),
        (Says(202, {"MessageId": "m-1"}), Accepted("m-1")),
        (Says(200, b"<html>"), Unknown("SES answered without a message id")),
        (Says(200, {"MessageId": 7}), Unknown("SES answered without a message id")),
        (Says(200, {"MessageId": EMAIL}), Unknown("SES answered without a message id")),
        (refuses(429, "TooManyRequestsException"), TryLater("SES TooManyRequestsException")),
        (
            refuses(429, "TooManyRequestsException", Retry_After="7"),
            TryLater("SES TooManyRequestsException", wait=7),
        ),
        (Says(429), TryLater("SES TooManyRequestsException")),
        (refuses(400, "ThrottlingException", RATE), TryLater("SES ThrottlingException")),
        (refuses(429, "ThrottlingException", RATE), TryLater("SES ThrottlingException")),
        (refuses(400, "Throttling", RATE), TryLater("SES ThrottlingException")),
        (refuses(400, "ThrottlingException", DAILY), QUOTA),
        (refuses(429, "ThrottlingException", DAILY), QUOTA),
        (refuses(454, "Throttling", f"Throttling failure: {DAILY}"), QUOTA),
        (refuses(400, "LimitExceededException"), ours("LimitExceededException")),
        (refuses(400, "BadRequestException"), ours("BadRequestException")),
        (refuses(400, "MailFromDomainNotVerifiedException"), ours("MailFromDomainNotVerifiedException")),
        (refuses(400, "MessageRejected", "Illegal content"), Refused("SES MessageRejected")),
        (
            refuses(400, "MessageRejected", SANDBOX),
            TryLater("SES MessageRejected: address not verified", ours=True),
        ),
        (refuses(400, "AccountSuspendedException"), ours("AccountSuspendedException")),
        (refuses(400, "SendingPausedException"), ours("SendingPausedException")),
        (refuses(404, "NotFoundException"), ours("NotFoundException")),
        (refuses(403, "SignatureDoesNotMatch"), ours("SignatureDoesNotMatch")),
        (refuses(403, "InvalidSignatureException"), ours("InvalidSignatureException")),
        (refuses(403, "InvalidClientTokenId"), ours("InvalidClientTokenId")),
        (refuses(403, "UnrecognizedClientException"), ours("UnrecognizedClientException")),
        (refuses(403, "ExpiredTokenException"), ours("ExpiredTokenException")),
        (refuses(400, "ExpiredTokenException"), ours("ExpiredTokenException")),
        (refuses(403, "AccessDeniedException"), ours("AccessDeniedException")),
        (refuses(403, "NewException"), ours("HTTP 403: wrong base URL or credentials")),
        # The name has more around it than Amazon's pages say, and may be in the body.
        (
            refuses(400, "SendingPausedException:http://internal.amazon.com/coral/com.amazonaws.ses/"),
            ours("SendingPausedException"),
        ),
        (refuses(400, "com.amazonaws.ses#SendingPausedException"), ours("SendingPausedException")),
        (Says(400, {"__type": "com.amazonaws.ses#SendingPausedException"}), ours("SendingPausedException")),
        (Says(400, {"__type": "ThrottlingException", "Message": DAILY}), QUOTA),
        (refuses(500, "InternalServiceErrorException"), Unknown("SES HTTP 500")),
        (refuses(503, "ServiceUnavailable"), Unknown("SES HTTP 503")),
        (Says(502, b"<html>"), Unknown("SES HTTP 502")),
        (Says(404, b"<html>"), ours("HTTP 404: wrong base URL or credentials")),
        (Says(405, b"<html>"), ours("HTTP 405: wrong base URL or credentials")),
        (
            Says(302, b"", {"Location": "https://example.org"}),
            ours("HTTP 302: wrong base URL or credentials"),
        ),
        (refuses(400, "SomethingNew"), Refused("SES HTTP 400")),
        (Says(413), Refused("SES HTTP 413")),
        (Says(400, {"__type": 7, "message": ["a"]}), Refused("SES HTTP 400")),
    ],
    ids=repr,
)
async def test_every_answer_has_one_meaning(wire: Wire, ses: Ses, answer: Says, expected: Outcome) -> None:
    wire.will(PATH, answer)
    assert await outcome(ses) == expected
    assert len(wire.heard) == 1


@pytest.mark.parametrize("answer", [Cuts(), Cuts(b"HTTP/1.1 200 O"), SILENCE])
async def test_a_request_without_an_answer_is_in_doubt(
    wire: Wire, http: httpx.AsyncClient, ses: Ses, answer: Cuts | Says
) -> None:
    wire.will(PATH, answer)
    http.timeout = patience(answer)
    assert await outcome(ses) == Unknown("SES: no answer came")


async def test_nobody_listening_means_nothing_was_sent(http: httpx.AsyncClient) -> None:
    assert await outcome(Ses(config("http://127.0.0.1:1"), http)) == TryLater("SES: could not connect")


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[1]", b"\xff\xfe{", b"[" * 100_000, b"1" * 10_000],
    ids=lambda body: f"{body[:4]!r}x{len(body)}",
)
async def test_no_body_can_break_a_send(wire: Wire, ses: Ses, status: int, body: bytes) -> None:
    wire.will(PATH, Says(status, body))
    assert isinstance(await outcome(ses), Refused | TryLater | Unknown)


@pytest.mark.parametrize(
    "value",
    [
        "änne@example.org",
        '"a b"@example.org',
        "a..b@example.org",
        ".a@example.org",
        "a.@example.org",
        "ana@example..org",
        "ana@-example.org",
        "ana@example",
        "ana@exämple.org",
        "a@[127.0.0.1]",
        f"{'a' * 65}@example.org",
        f"ana@{'b' * 64}.org",
    ],
)
async def test_an_address_amazon_would_not_take_is_refused(wire: Wire, ses: Ses, value: str) -> None:
    refused = await outcome(ses, address=Address(Channel.EMAIL, value))
    assert refused == Refused("not an address that SES takes as it is")
    assert wire.heard == []


@pytest.mark.parametrize(
    "value", ["a@b.co", "ana+orders@mail.example.org", f"{'a' * 64}@xn--exmple-cua.org", "o'neil@example.org"]
)
async def test_an_address_amazon_takes_is_sent_to(wire: Wire, ses: Ses, value: str) -> None:
    wire.will(PATH, SENT)
    assert await outcome(ses, address=Address(Channel.EMAIL, value)) == Accepted(SES_ID)
    assert wire.heard[0].json["Destination"] == {"ToAddresses": [value]}


def test_ses_carries_emails_only(ses: Ses) -> None:
    assert [ses.carries(address) for address in (MAILBOX, MOBILE, ANDROID)] == [True, False, False]


@pytest.mark.parametrize("token", [None, f"{SECRET}-of-a-session"])
def test_the_signature_is_the_one_that_another_implementation_makes(token: str | None) -> None:
    """Google's, written for signing in to Google with a key of AWS. It takes the service from the host."""
    url, body = f"https://ses.us-east-1.example.org{PATH}", '{"Content": {}}'
    credentials = AwsSecurityCredentials("AKIAEXAMPLE", SECRET, token)
    signer = Signer(Keys("AKIAEXAMPLE", SECRET, token), "ses", "us-east-1")
    for _ in range(3):
        headers = signer.headers("POST", url, body.encode())
        theirs = RequestSigner("us-east-1").get_request_options(  # type: ignore[no-untyped-call]
            credentials, url, "POST", body, {"Content-Type": "application/json"}
        )["headers"]
        if headers["X-Amz-Date"] == theirs["x-amz-date"]:
            break
    assert headers["X-Amz-Date"] == theirs["x-amz-date"]
    assert headers["Authorization"] == theirs["Authorization"]
    assert headers.get("X-Amz-Security-Token") == token


@dataclass(frozen=True)
class Account:
    """Amazon as moto plays it: one user who may send, and a domain that may be sent from."""

    url: str
    keys: Keys


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    # It may say what it heard.
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    anybody = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    with (
        closing(boto3.client("iam", endpoint_url=url, **anybody)) as iam,
        closing(boto3.client("sesv2", endpoint_url=url, **anybody)) as sesv2,
    ):
        iam.create_user(UserName="shop")
        key = iam.create_access_key(UserName="shop")["AccessKey"]
        allowed = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="shop", PolicyName="sends", PolicyDocument=policy)
        sesv2.create_email_identity(EmailIdentity="example.org")
    _check_signatures_from_request(url, "0")
    yield Account(url, Keys(key["AccessKeyId"], key["SecretAccessKey"]))
    _check_signatures_from_request(url, "inf")
    server.stop()


def _check_signatures_from_request(url: str, number: str) -> None:
    httpx.post(f"{url}/moto-api/reset-auth", content=number).raise_for_status()


@pytest.fixture
async def patient() -> AsyncIterator[httpx.AsyncClient]:
    async with new_client(timeout=10) as http:
        yield http


async def test_a_server_that_is_not_ours_accepts_the_right_keys_alone(
    account: Account, patient: httpx.AsyncClient
) -> None:
    async def answer_to(keys: Keys) -> Outcome:
        return await outcome(Ses(config(account.url, keys=keys, sender="orders@example.org"), patient))

    denied = ours("HTTP 403: wrong base URL or credentials")  # moto answers in XML
    assert isinstance(await answer_to(account.keys), Accepted)
    assert await answer_to(replace(account.keys, secret_access_key="wrong")) == denied  # noqa: S106 is none
    assert await answer_to(replace(account.keys, access_key_id="AKIASTRANGER")) == denied
    assert await answer_to(replace(account.keys, session_token="stray")) == denied  # noqa: S106 is none


SETTINGS = {
    "SES_REGION": "eu-west-1",
    "EMAIL_FROM": "orders@example.org",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
}


async def test_settings_are_read_and_no_key_is_shown(http: httpx.AsyncClient) -> None:
    config = Config.read({**SETTINGS, "AWS_SESSION_TOKEN": "session", "SES_CONFIGURATION_SET": "mail"})
    assert config == Config(
        "eu-west-1",
        "orders@example.org",
        Keys("AKIAEXAMPLE", SECRET, "session"),
        "https://email.eu-west-1.amazonaws.com",
        "mail",
    )
    assert SECRET not in repr(config)
    assert not {"session", SECRET} & set(repr(config.keys).split("'"))
    assert [provider.name for provider in config.providers(http)] == ["ses"]


def test_amazons_own_settings_and_a_sender_alone_are_none() -> None:
    assert Config.read({**SETTINGS, "SES_REGION": ""}) is None


def credentials_file(folder: Path, text: str) -> dict[str, str]:
    file = folder / "credentials"
    file.write_text(text)
    return {**SETTINGS, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""} | {
        "AWS_SHARED_CREDENTIALS_FILE": str(file)
    }


def profile(name: str, key_id: str, *more: str) -> str:
    return "\n".join([f"[{name}]", f"aws_access_key_id={key_id}", *more, ""])


PROFILES = profile("default", "AKIADEFAULT", "aws_secret_access_key=a") + profile(
    "mail", "AKIAMAIL", "aws_secret_access_key=b", "aws_session_token=c"
)


@pytest.mark.parametrize(
    ("chosen", "keys"), [("", Keys("AKIADEFAULT", "a")), ("mail", Keys("AKIAMAIL", "b", "c"))]
)
def test_keys_may_be_in_a_profiles_file(tmp_path: Path, chosen: str, keys: Keys) -> None:
    config = Config.read({**credentials_file(tmp_path, PROFILES), "AWS_PROFILE": chosen})
    assert config
    assert config.keys == keys


def test_keys_in_the_environment_come_before_those_in_a_file(tmp_path: Path) -> None:
    config = Config.read({**credentials_file(tmp_path, PROFILES), **SETTINGS})
    assert config
    assert config.keys == Keys("AKIAEXAMPLE", SECRET)


@pytest.mark.parametrize(
    ("text", "profile", "setting"),
    [
        (PROFILES, "unheard-of", "AWS_PROFILE"),
        ("", "", "AWS_PROFILE"),
        (profile("default", "AKIADEFAULT"), "", "AWS_SHARED_CREDENTIALS_FILE"),
        ("not a credentials file", "", "AWS_SHARED_CREDENTIALS_FILE"),
    ],
)
def test_a_profile_that_leads_to_no_keys_is_named(
    tmp_path: Path, text: str, profile: str, setting: str
) -> None:
    with pytest.raises(BadInput) as raised:
        Config.read({**credentials_file(tmp_path, text), "AWS_PROFILE": profile})
    assert raised.value.field == setting


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"SES_REGION": "", "SES_CONFIGURATION_SET": "mail"}, "SES_REGION"),
        ({"SES_REGION": "", "SES_BASE_URL": "http://localhost:8090"}, "SES_REGION"),
        ({"SES_REGION": "Ireland"}, "SES_REGION"),
        ({"SES_BASE_URL": "ses"}, "SES_BASE_URL"),
        ({"SES_CONFIGURATION_SET": "a set"}, "SES_CONFIGURATION_SET"),
        ({"EMAIL_FROM": ""}, "EMAIL_FROM"),
        ({"EMAIL_FROM": "Burger Barn"}, "EMAIL_FROM"),
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_half_or_wrong_settings_are_named(changes: dict[str, str], setting: str) -> None:
    with pytest.raises(BadInput) as raised:
        Config.read({**SETTINGS, **changes})
    assert raised.value.field == setting
    assert SECRET not in str(raised.value)


def test_without_any_keys_the_setting_to_begin_with_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BadInput, match=r"^AWS_ACCESS_KEY_ID: missing"):
        Config.read({**SETTINGS, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})


def test_who_does_not_send_by_ses_does_not_load_amazons_signer() -> None:
    program = "import sys, activities.channels as c; c.configured({}); print('botocore' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
