"""The stand-ins for Amazon SES and SNS, as AWS's own client and the product use them."""

import asyncio
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from activities.channels import build, configured
from activities.channels.http import new_client
from domain.channels import Channel
from domain.messages import Message, Words
from domain.outcomes import Accepted, Refused, TryLater, Unknown
from domain.recipients import Address
from domain.status import Status
from simulator import Fault, Simulator, aws, ses_events, sns
from simulator.providers import ses_settings

PATH = "/v2/email/outbound-emails"
TOPIC = "arn:aws:sns:us-east-1:123456789012:mail"
CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem"
SES_ID = re.compile("0100[0-9a-f]{12}-[0-9a-f-]{36}-000000")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


def mail(**headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "shop@example.org", "bo@example.org", "<m-1@example.org>"
    mail["Subject"] = "Dein Döner"
    for name, value in headers.items():
        del mail[name]
        mail[name] = value
    mail.set_content("Kommt gleich, tschüß.\n")
    mail.add_alternative("<p>Kommt gleich</p>", subtype="html")
    return mail.as_bytes()


def amazons_client(simulator: Simulator, **changes: Any) -> Any:
    keys = {
        "aws_access_key_id": aws.ACCESS_KEY_ID,
        "aws_secret_access_key": aws.SECRET_ACCESS_KEY,
        "region_name": "us-east-1",
    }
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client("sesv2", endpoint_url=simulator.url, config=once, **{**keys, **changes})


async def send(simulator: Simulator, client: dict[str, Any] | None = None, **changes: Any) -> str:
    asked = {
        "Content": {"Raw": {"Data": mail()}},
        "Destination": {"ToAddresses": ["ana@example.org"]},
        **changes,
    }
    answer = await asyncio.to_thread(amazons_client(simulator, **(client or {})).send_email, **asked)
    return str(answer["MessageId"])


async def refusal(sending: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as raised:
        await sending()
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


async def test_amazons_own_client_is_understood(simulator: Simulator) -> None:
    assert SES_ID.fullmatch(await send(simulator))

    (received,) = simulator.received
    assert (received.channel, received.provider, received.address) == ("email", "ses", "ana@example.org")
    assert received.text == "Dein Döner\nKommt gleich, tschüß."
    assert received.key == "<m-1@example.org>"
    assert received.raw.headers["From"] == "shop@example.org"


async def test_without_a_destination_the_message_says_who_gets_it(simulator: Simulator) -> None:
    await send(simulator, Destination={}, Content={"Raw": {"Data": mail(Cc="Cy <cy@example.org>")}})
    assert [received.address for received in simulator.received] == ["bo@example.org", "cy@example.org"]


@pytest.mark.parametrize(
    ("client", "error_type"),
    [
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIASTRANGER"}, "UnrecognizedClientException"),
        ({"aws_session_token": "expired"}, "UnrecognizedClientException"),
    ],
)
async def test_who_signs_with_other_keys_is_refused(
    simulator: Simulator, client: dict[str, str], error_type: str
) -> None:
    assert await refusal(partial(send, simulator, client)) == (403, error_type)
    assert not simulator.received


async def test_what_was_changed_on_the_way_is_refused(simulator: Simulator) -> None:
    body = json.dumps({"Content": {"Raw": {"Data": b64encode(mail()).decode()}}}).encode()
    headers = signed(simulator, body)
    async with httpx.AsyncClient(base_url=simulator.url, timeout=60) as http:
        right = await http.post(PATH, content=body, headers=headers)
        wrong = await http.post(PATH, content=body + b" ", headers=headers)
        earlier = f"{datetime.now(UTC) - timedelta(minutes=6):%Y%m%dT%H%M%SZ}"
        late = await http.post(PATH, content=body, headers={**headers, "X-Amz-Date": earlier})
        unsigned = await http.post(PATH, content=body)
        gibberish = await http.post(PATH, content=body, headers={**headers, "Authorization": "Basic YTpi"})
        uncovered = await http.post(PATH, content=body, headers={**headers, "x-amz-more": "unsigned"})
    assert right.status_code == 200
    assert (wrong.status_code, wrong.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert late.json()["message"].startswith("Signature expired")
    assert unsigned.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert gibberish.headers["x-amzn-errortype"] == "IncompleteSignatureException"
    assert uncovered.headers["x-amzn-errortype"] == "InvalidSignatureException"
    assert len(simulator.received) == 1


def signed(simulator: Simulator, body: bytes) -> dict[str, str]:
    """Sign as the product does."""
    from activities.channels.aws import Keys, Signer  # noqa: PLC0415 the product loads it late too

    signer = Signer(Keys(aws.ACCESS_KEY_ID, aws.SECRET_ACCESS_KEY), "ses", "us-east-1")
    return signer.headers("POST", simulator.url + PATH, body)


LONG_LINE = mail() + b"x" * 999
MANY = {"ToAddresses": [f"a{n}@example.org" for n in range(51)]}
BAD, NOT_FOUND = (400, "BadRequestException"), (404, "NotFoundException")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Content": {}}, BAD),
        ({"Content": {"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "b"}}}}}, BAD),
        ({"Content": {"Raw": {"Data": b""}}}, BAD),
        ({"Content": {"Raw": {"Data": LONG_LINE}}}, BAD),
        ({"Content": {"Raw": {"Data": b"To: bo@example.org\r\n\r\nNo sender."}}}, BAD),
        ({"Content": {"Raw": {"Data": b"From: bo@example.org\r\n\r\nNobody."}}, "Destination": {}}, BAD),
        ({"Destination": {"ToAddresses": ["ana"]}}, BAD),
        ({"Destination": {"ToAddresses": ["änne@example.org"]}}, BAD),
        ({"Destination": {"ToAddresses": ["ana@nowhere"]}}, BAD),
        ({"Destination": MANY}, BAD),
        ({"EmailTags": [{"Name": "order_id", "Value": "A 17"}]}, BAD),
        ({"EmailTags": [{"Name": "", "Value": "A17"}]}, BAD),
        ({"ConfigurationSetName": "unheard-of"}, NOT_FOUND),
    ],
)
async def test_a_malformed_request_is_refused_as_amazon_does(
    simulator: Simulator, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert await refusal(partial(send, simulator, **changes)) == expected
    assert not simulator.received


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"EmailTags": 7}', b'{"EmailTags": [7]}'])
async def test_a_body_that_is_none_is_refused(simulator: Simulator, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=simulator.url, timeout=60) as http:
        answer = await http.post(PATH, content=body, headers=signed(simulator, body))
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == BAD


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind="throttle"), (429, "TooManyRequestsException")),
        (Fault(kind="refuse"), (400, "MessageRejected")),
        (Fault(kind="credentials"), (403, "UnrecognizedClientException")),
        (Fault(kind="error"), (503, "ServiceUnavailableException")),
        (Fault(kind="error", status=500), (500, "InternalServiceErrorException")),
        (Fault(kind="error", status=418), (418, "UnknownError")),
        (
            Fault(kind="refuse", provider="ses", code="SendingPausedException"),
            (403, "SendingPausedException"),
        ),
        (
            Fault(kind="refuse", provider="ses", code="AccountSuspendedException"),
            (400, "AccountSuspendedException"),
        ),
    ],
    ids=repr,
)
async def test_faults_are_worded_as_amazon_words_them(
    simulator: Simulator, fault: Fault, expected: tuple[int, str]
) -> None:
    simulator.set_faults([fault])
    assert await refusal(partial(send, simulator)) == expected
    assert not simulator.received


async def test_mail_to_a_dead_address_is_accepted_and_never_arrives(simulator: Simulator) -> None:
    simulator.set_faults([Fault(kind="dead", address="ana@example.org")])
    assert SES_ID.fullmatch(await send(simulator))
    await send(simulator, Destination={"ToAddresses": ["bo@example.org"]})
    assert [received.address for received in simulator.received] == ["bo@example.org"]


NEWS = Message(
    message_id="5f0c6a52-0d0e-5a3e-9c56-3b7a6f6f4a11",
    order_id="A17",
    words=Words("On its way", "Your order from Burger Barn is on its way."),
    path=(Status.DELIVERED,),
    priority=1,
    seconds_left=600,
)


async def test_the_product_sends_by_the_settings_the_simulator_gives(simulator: Simulator) -> None:
    async with new_client(timeout=60) as http:
        (provider,) = build(configured(ses_settings(simulator.port)), http)
        ana = Address(Channel.EMAIL, "ana@example.org")
        assert isinstance(await provider.send(NEWS, ana), Accepted)
        assert [(one.text, one.key) for one in simulator.received] == [
            ("On its way\nYour order from Burger Barn is on its way.", f"<{NEWS.message_id}@example.org>")
        ]
        for fault, expected in (
            (Fault(kind="throttle", retry_after=7), TryLater("SES TooManyRequestsException", wait=7)),
            (Fault(kind="refuse"), Refused("SES MessageRejected")),
            (Fault(kind="credentials"), TryLater("SES UnrecognizedClientException", ours=True)),
            (Fault(kind="error"), Unknown("SES HTTP 503")),
            (Fault(kind="cut_after"), Unknown("SES: no answer came")),
        ):
            simulator.set_faults([fault])
            assert await provider.send(NEWS, ana) == expected
    assert len(simulator.received) == 2  # the last one was heard before the line was cut


EVENTS = [
    ses_events.bounce("0100-1", "ana@example.org", message_id="m-1"),
    ses_events.complaint("0100-1", "ana@example.org"),
    ses_events.delivery("0100-1", "ana@example.org"),
]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return sns.signing_key()


@pytest.mark.parametrize(
    ("version", "algorithm"),
    [("1", hashes.SHA1()), ("2", hashes.SHA256())],  # noqa: S303 SNS's own default
)
@pytest.mark.parametrize("subject", ["Amazon SES Email Event Notification", None])
def test_a_notification_is_signed_as_amazon_documents_it(
    key: rsa.RSAPrivateKey, version: sns.Version, algorithm: hashes.HashAlgorithm, subject: str | None
) -> None:
    envelope = sns.signed_notification(EVENTS[0], TOPIC, key, CERTIFICATE, version=version, subject=subject)

    # Written out by hand, after Amazon's page: a name and a value on a line each, in the order of the bytes.
    lines = ["Message", envelope["Message"], "MessageId", envelope["MessageId"]]
    lines += ["Subject", subject] if subject else []
    lines += ["Timestamp", envelope["Timestamp"], "TopicArn", TOPIC, "Type", "Notification"]
    text = "".join(f"{line}\n" for line in lines).encode()
    public = x509.load_pem_x509_certificate(sns.certificate(key)).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(b64decode(envelope["Signature"]), text, padding.PKCS1v15(), algorithm)
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(envelope["Signature"]), text + b"\n", padding.PKCS1v15(), algorithm)
    assert (envelope["SignatureVersion"], envelope["SigningCertURL"]) == (version, CERTIFICATE)
    assert json.loads(envelope["Message"]) == EVENTS[0]
    datetime.strptime(envelope["Timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_confirmation_is_signed_with_its_token_and_link(
    key: rsa.RSAPrivateKey, kind: sns.Confirmation
) -> None:
    envelope = sns.signed_confirmation(TOPIC, key, CERTIFICATE, kind=kind)

    names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    key.public_key().verify(
        b64decode(envelope["Signature"]),
        text,
        padding.PKCS1v15(),
        hashes.SHA1(),  # noqa: S303 SNS's own default
    )
    assert envelope["Token"] in envelope["SubscribeURL"]


def test_the_headers_of_a_post_are_those_of_sns(key: rsa.RSAPrivateKey) -> None:
    headers = sns.headers_of(sns.signed_notification(EVENTS[0], TOPIC, key, CERTIFICATE))
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["content-type"] == "text/plain; charset=UTF-8"


async def test_the_certificate_and_the_confirmation_are_where_the_envelopes_say(
    simulator: Simulator, key: rsa.RSAPrivateKey
) -> None:
    envelope = sns.signed_confirmation(
        TOPIC,
        key,
        simulator.url + sns.CERTIFICATE_PATH,
        subscribe_url=simulator.url + sns.SUBSCRIBE_PATH,
    )
    async with httpx.AsyncClient(timeout=60) as http:
        certificate = await http.get(envelope["SigningCertURL"])
        confirmed = await http.get(envelope["SubscribeURL"])
        half = await http.get(simulator.url + sns.SUBSCRIBE_PATH)
    assert x509.load_pem_x509_certificate(certificate.content).public_key() == key.public_key()
    assert f"<SubscriptionArn>{TOPIC}:" in confirmed.text
    assert half.status_code == 400


def test_events_name_the_mail_by_amazons_id_and_by_our_tag() -> None:
    bounce, complaint, delivery = EVENTS
    assert [event["eventType"] for event in EVENTS] == ["Bounce", "Complaint", "Delivery"]
    assert {event["mail"]["messageId"] for event in EVENTS} == {"0100-1"}
    assert bounce["mail"]["tags"]["message_id"] == ["m-1"]
    assert bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] == "ana@example.org"
    assert complaint["complaint"]["complainedRecipients"] == [{"emailAddress": "ana@example.org"}]
    assert delivery["delivery"]["recipients"] == ["ana@example.org"]


def test_amazons_signer_is_loaded_by_the_first_mail_only() -> None:
    program = "import sys, simulator.app; print('botocore' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
