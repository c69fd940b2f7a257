"""What an order does next, for every answer that PROVIDERS.md has in its tables of errors, sections 2 to 6.

The answer is on a real wire, and the send activity runs as it ships. Which of our five outcomes an answer is,
and its reason, is in ``tests/channels``; that the next channel really takes over, in the stories.
"""

from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from activities.channels import apns_answers, fcm, ses, smtp, twilio_codes
from domain.channels import Channel
from domain.status import Status
from simulator.http2 import Answer, Cut, Reset
from tests.answers import (
    AGAIN,
    ANDROID,
    DEAD,
    IN_DOUBT,
    IPHONE,
    NEXT_CHANNEL,
    OPERATOR,
    SENDER,
    SES_ID,
    SILENCED,
    TOLD,
    Desk,
    Providers,
    a_desk,
    again,
    all_providers,
    row,
    ses_refuses,
)
from tests.channels import test_fcm as by_fcm
from tests.channels import test_twilio as by_twilio
from tests.channels.apple import refuses as apns_refuses
from tests.channels.relay import CUT, SILENCE, a_port_that_says
from tests.channels.wire import SILENCE as NOTHING
from tests.channels.wire import Cuts, Says

SMS, PUSH, EMAIL = Channel.SMS, Channel.PUSH, Channel.EMAIL


@pytest.fixture(scope="module")
async def providers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Providers]:
    async with all_providers(tmp_path_factory.mktemp("providers")) as providers:
        yield providers


@pytest.fixture
async def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, caplog) as desk:
        yield desk


def each(answers: Any) -> list[Any]:
    return answers if isinstance(answers, list) else [answers]


def refused(code: int, status: int = 400, **headers: str) -> Says:
    return by_twilio.refuses(code, status, **headers)


TWILIO = [
    row("201 with a SID", by_twilio.CREATED, TOLD),
    row("2xx without a SID", Says(201, {}), AGAIN, IN_DOUBT),
    row("20429", refused(20429, 429), AGAIN),
    row("20429 with Retry-After", refused(20429, 429, Retry_After="20"), again(20)),
    row("429 without a code", Says(429, b"slow down"), AGAIN),
    row("20503", refused(20503, 503), AGAIN),
    row("20500", refused(20500, 500), AGAIN, IN_DOUBT),
    row("5xx", Says(502, b"<html>"), AGAIN, IN_DOUBT),
    row("timeout", NOTHING, AGAIN, IN_DOUBT),
    row("cut", Cuts(), AGAIN, IN_DOUBT),
    row("20003", refused(20003, 401), AGAIN, OPERATOR),
    row("401 without a code", Says(401), AGAIN, OPERATOR),
    row("20004", refused(20004, 405), AGAIN, OPERATOR),
    row("20404", refused(20404, 404), AGAIN, OPERATOR),
    row("21211", refused(21211), NEXT_CHANNEL, DEAD),
    row("21614", refused(21614), NEXT_CHANNEL, DEAD),
    row("21635", refused(21635), NEXT_CHANNEL, DEAD),
    row("21610", refused(21610), NEXT_CHANNEL, SILENCED),
    row("21408", refused(21408, 403), AGAIN, OPERATOR),
    row("21606", refused(21606), AGAIN, OPERATOR),
    row("21608", refused(21608), AGAIN, OPERATOR),
    row("21609", refused(21609), AGAIN, OPERATOR),
    row("21612", refused(21612), AGAIN, OPERATOR),
    row("21659", refused(21659), AGAIN, OPERATOR),
    row("21660", refused(21660), AGAIN, OPERATOR),
    row("30002", refused(30002), AGAIN, OPERATOR),
    row("21602", refused(21602), NEXT_CHANNEL),
    row("21617", refused(21617), NEXT_CHANNEL),
    row("21624", refused(21624), NEXT_CHANNEL),
    row("90007", refused(90007), NEXT_CHANNEL),
    row("21611", refused(21611), AGAIN),
    row("4xx with a code that is new to us", refused(63038), NEXT_CHANNEL),
    row("5xx with a code that is new to us", refused(99999, 500), AGAIN, IN_DOUBT),
]


@pytest.mark.parametrize(("answers", "follows"), TWILIO)
async def test_after_an_answer_of_twilios(
    desk: Desk, providers: Providers, answers: Any, follows: set[str]
) -> None:
    await desk.has(Status.OUT_FOR_DELIVERY, SMS)
    assert await desk.send(providers.twilio(*each(answers))) == follows


def of_fcm(http_status: int, status: str, *details: object, **more: str) -> Says:
    return by_fcm.refuses(http_status, status, *details, **more)


TOKEN_IS_NONE = "The registration token is not a valid FCM registration token"  # noqa: S105 is none
BAD_ARGUMENT = by_fcm.code("INVALID_ARGUMENT")
UNAUTHENTICATED = of_fcm(401, "UNAUTHENTICATED")
QUOTA = by_fcm.code("QUOTA_EXCEEDED")

FCM = [
    row("200 with a name", by_fcm.SENT, TOLD),
    row("200 without a name", Says(200, {}), AGAIN, IN_DOUBT),
    row(
        "400 INVALID_ARGUMENT, a field of ours",
        of_fcm(400, "INVALID_ARGUMENT", by_fcm.violation("message.android.ttl")),
        NEXT_CHANNEL,
    ),
    row(
        "400 INVALID_ARGUMENT, the token's field",
        of_fcm(400, "INVALID_ARGUMENT", BAD_ARGUMENT, by_fcm.violation("message.token")),
        NEXT_CHANNEL,
        DEAD,
    ),
    row(
        "400 INVALID_ARGUMENT, the installation id's field",
        of_fcm(400, "INVALID_ARGUMENT", BAD_ARGUMENT, by_fcm.violation("message.fid")),
        NEXT_CHANNEL,
        DEAD,
    ),
    row(
        "400 INVALID_ARGUMENT, not a registration token",
        of_fcm(400, "INVALID_ARGUMENT", BAD_ARGUMENT, message=TOKEN_IS_NONE),
        NEXT_CHANNEL,
        DEAD,
    ),
    row("400 INVALID_ARGUMENT, no word why", of_fcm(400, "INVALID_ARGUMENT", BAD_ARGUMENT), NEXT_CHANNEL),
    row(
        "401 THIRD_PARTY_AUTH_ERROR",
        of_fcm(401, "UNAUTHENTICATED", by_fcm.code("THIRD_PARTY_AUTH_ERROR")),
        AGAIN,
        OPERATOR,
    ),
    row(
        "401 APNS_AUTH_ERROR",
        of_fcm(401, "UNAUTHENTICATED", by_fcm.code("APNS_AUTH_ERROR")),
        AGAIN,
        OPERATOR,
    ),
    row("401 UNAUTHENTICATED, once", [UNAUTHENTICATED, by_fcm.SENT], TOLD),
    row("401 UNAUTHENTICATED, twice", UNAUTHENTICATED, AGAIN, OPERATOR),
    row(
        "403 SENDER_ID_MISMATCH",
        of_fcm(403, "PERMISSION_DENIED", by_fcm.code("SENDER_ID_MISMATCH")),
        NEXT_CHANNEL,
        DEAD,
        OPERATOR,
    ),
    row("403 without the detail", of_fcm(403, "PERMISSION_DENIED"), AGAIN, OPERATOR),
    row("404 UNREGISTERED", of_fcm(404, "NOT_FOUND", by_fcm.code("UNREGISTERED")), NEXT_CHANNEL, DEAD),
    row("404 without the detail", of_fcm(404, "NOT_FOUND"), AGAIN, OPERATOR),
    row("429 QUOTA_EXCEEDED", of_fcm(429, "RESOURCE_EXHAUSTED", QUOTA), again(60)),
    row("429 with Retry-After", of_fcm(429, "RESOURCE_EXHAUSTED", QUOTA, Retry_After="20"), again(20)),
    row("500 INTERNAL", of_fcm(500, "INTERNAL", by_fcm.code("INTERNAL")), AGAIN),
    row("503 UNAVAILABLE", of_fcm(503, "UNAVAILABLE", by_fcm.code("UNAVAILABLE")), AGAIN),
    row(
        "503 with Retry-After",
        of_fcm(503, "UNAVAILABLE", by_fcm.code("UNAVAILABLE"), Retry_After="20"),
        again(20),
    ),
    row("a code that is new to us", of_fcm(418, "NEW", by_fcm.code("NEW")), NEXT_CHANNEL),
    row("timeout", NOTHING, AGAIN, IN_DOUBT),
    row("cut", Cuts(), AGAIN, IN_DOUBT),
]


@pytest.mark.parametrize(("answers", "follows"), FCM)
async def test_after_an_answer_of_fcms(
    desk: Desk, providers: Providers, answers: Any, follows: set[str]
) -> None:
    await desk.has(Status.OUT_FOR_DELIVERY, PUSH, ANDROID)
    assert await desk.send(providers.fcm(*each(answers))) == follows


def apns_rows(status: int, reasons: str, *follows: str) -> list[Any]:
    return [row(f"{status} {one}", apns_refuses(status, one), *follows) for one in reasons.split()]


APNS = [
    row("200", [], TOLD),
    row("200 without an apns-id", Answer(200), AGAIN, IN_DOUBT),
    *apns_rows(410, "Unregistered ExpiredToken SomethingNew", NEXT_CHANNEL, DEAD),
    *apns_rows(400, "BadDeviceToken", NEXT_CHANNEL, DEAD),
    *apns_rows(400, "DeviceTokenNotForTopic", AGAIN, OPERATOR),
    # What this push alone holds.
    *apns_rows(400, "BadCollapseId BadExpirationDate BadMessageId BadPriority", NEXT_CHANNEL),
    *apns_rows(400, "DuplicateHeaders InvalidPushType MissingDeviceToken PayloadEmpty", NEXT_CHANNEL),
    *apns_rows(400, "SomethingNew", NEXT_CHANNEL),
    # What all pushes share.
    *apns_rows(400, "BadTopic MissingTopic TopicDisallowed", AGAIN, OPERATOR),
    *apns_rows(400, "IdleTimeout", AGAIN),
    *apns_rows(403, "ExpiredProviderToken", AGAIN, OPERATOR),
    *apns_rows(403, "InvalidProviderToken MissingProviderToken Forbidden", AGAIN, OPERATOR),
    *apns_rows(403, "BadCertificate BadCertificateEnvironment", AGAIN, OPERATOR),
    *apns_rows(403, "BadEnvironmentKeyIdInToken BadEnvironmentKeyInToken", AGAIN, OPERATOR),
    *apns_rows(403, "UnrelatedKeyIdInToken SomethingNew", AGAIN, OPERATOR),
    *apns_rows(404, "BadPath", AGAIN, OPERATOR),
    *apns_rows(405, "MethodNotAllowed", AGAIN, OPERATOR),
    *apns_rows(413, "PayloadTooLarge", NEXT_CHANNEL),
    *apns_rows(429, "TooManyRequests TooManyProviderTokenUpdates SomethingNew", AGAIN),
    *apns_rows(500, "InternalServerError SomethingNew", AGAIN),
    *apns_rows(503, "ServiceUnavailable Shutdown", AGAIN),
    row("stream reset", Reset(), AGAIN, IN_DOUBT),
    row("cut", Cut(), AGAIN, IN_DOUBT),
]


@pytest.mark.parametrize(("answers", "follows"), APNS)
async def test_after_an_answer_of_apples(
    desk: Desk, providers: Providers, answers: Any, follows: set[str]
) -> None:
    await desk.has(Status.OUT_FOR_DELIVERY, PUSH, IPHONE)
    assert await desk.send(providers.apns(*each(answers))) == follows


async def test_after_apple_calls_a_token_of_ours_expired_that_had_its_time(
    desk: Desk, providers: Providers
) -> None:
    await desk.has(Status.OUT_FOR_DELIVERY, PUSH, IPHONE)
    providers.apple.clock.passes(minutes=60)
    providers.apple.config.token.current()
    providers.apple.clock.passes(minutes=30)
    assert await desk.send(providers.apns(apns_refuses(403, "ExpiredProviderToken"))) == {TOLD}
    assert len(set(providers.apple.tokens())) == 2


RATE = "Maximum sending rate exceeded."
DAILY = "Daily message quota exceeded."
SANDBOX = "Email address is not verified."
OURS = "LimitExceededException BadRequestException MailFromDomainNotVerifiedException"
SUSPENDED = "AccountSuspendedException SendingPausedException"
KEYS = (
    "AccessDeniedException ExpiredTokenException IncompleteSignatureException InvalidClientTokenId "
    "InvalidSignatureException MissingAuthenticationTokenException RequestExpired SerializationException "
    "SignatureDoesNotMatch UnrecognizedClientException ValidationException SomethingNew"
)


def ses_rows(status: int, types: str, *follows: str) -> list[Any]:
    return [row(f"{status} {one}", ses_refuses(status, one), *follows) for one in types.split()]


SES = [
    row("200 with a MessageId", Says(200, {"MessageId": SES_ID}), TOLD),
    row("200 without a MessageId", Says(200, {}), AGAIN, IN_DOUBT),
    *ses_rows(429, "TooManyRequestsException SomethingNew", AGAIN),
    row("429 with Retry-After", ses_refuses(429, "TooManyRequestsException", Retry_After="20"), again(20)),
    row("400 ThrottlingException, rate", ses_refuses(400, "ThrottlingException", RATE), AGAIN),
    row("429 ThrottlingException, rate", ses_refuses(429, "ThrottlingException", RATE), AGAIN),
    row("400 Throttling, rate", ses_refuses(400, "Throttling", RATE), AGAIN),
    row("400 Throttling, quota", ses_refuses(400, "ThrottlingException", DAILY), again(3600), OPERATOR),
    row("429 Throttling, quota", ses_refuses(429, "ThrottlingException", DAILY), again(3600), OPERATOR),
    *ses_rows(400, OURS, AGAIN, OPERATOR),
    row("400 MessageRejected", ses_refuses(400, "MessageRejected", "Illegal content"), NEXT_CHANNEL),
    row("400 MessageRejected, sandbox", ses_refuses(400, "MessageRejected", SANDBOX), AGAIN, OPERATOR),
    *ses_rows(400, SUSPENDED, AGAIN, OPERATOR),
    *ses_rows(404, "NotFoundException", AGAIN, OPERATOR),
    *ses_rows(403, KEYS, AGAIN, OPERATOR),
    *ses_rows(400, "SomethingNew", NEXT_CHANNEL),
    *ses_rows(500, "InternalServiceErrorException", AGAIN, IN_DOUBT),
    row("timeout", NOTHING, AGAIN, IN_DOUBT),
    row("cut", Cuts(), AGAIN, IN_DOUBT),
]


@pytest.mark.parametrize(("answers", "follows"), SES)
async def test_after_an_answer_of_amazons(
    desk: Desk, providers: Providers, answers: Any, follows: set[str]
) -> None:
    await desk.has(Status.DELIVERED, EMAIL)
    assert await desk.send(providers.ses(*each(answers))) == follows


SMTP = [
    row("250", ("DOT", "250 2.0.0 queued"), TOLD),
    row("421", ("MAIL", "421 4.3.2 shutting down"), AGAIN),
    row("4yz on MAIL", ("MAIL", "451 4.3.0 no"), AGAIN),
    row("4yz on RCPT", ("RCPT", "454 4.7.0 not now"), AGAIN),
    row("450 4.2.0 greylisted", ("RCPT", "450 4.2.0 greylisted"), AGAIN),
    row("451 4.7.1", ("DOT", "451 4.7.1 later"), AGAIN),
    row("452 4.2.2 mailbox full", ("RCPT", "452 4.2.2 mailbox full"), AGAIN),
    row("452 too many recipients", ("RCPT", "452 4.5.3 too many recipients"), AGAIN),
    row("552 too many recipients", ("RCPT", "552 too many recipients"), AGAIN),
    row("552 5.5.3 too many recipients", ("RCPT", "552 5.5.3 too many recipients"), AGAIN),
    row("454 rate", ("DOT", "454 Throttling failure: Maximum sending rate exceeded"), AGAIN),
    row("454 quota", ("DOT", "454 Throttling failure: Daily message quota exceeded"), AGAIN),
    row("550 5.1.1 on RCPT", ("RCPT", "550 5.1.1 unknown"), NEXT_CHANNEL, DEAD),
    row("550 5.1.1 after the mail", ("DOT", "550 5.1.1 unknown"), NEXT_CHANNEL, DEAD),
    row("550 5.1.2", ("RCPT", "550 5.1.2 no such domain"), NEXT_CHANNEL, DEAD),
    row("550 5.2.1", ("RCPT", "550 5.2.1 disabled"), NEXT_CHANNEL, DEAD),
    row("552 5.2.2 over quota", ("RCPT", "552 5.2.2 over quota"), AGAIN),
    row("550 5.7.1 policy", ("RCPT", "550 5.7.1 policy"), NEXT_CHANNEL),
    row("554 5.7.1 content", ("DOT", "554 5.7.1 content"), NEXT_CHANNEL),
    row("5yz new to us", ("RCPT", "550 no"), NEXT_CHANNEL),
    row("530", ("MAIL", "530 5.7.0 authentication required"), AGAIN, OPERATOR),
    row("534", ("MAIL", "534 5.7.9 authentication mechanism is too weak"), AGAIN, OPERATOR),
    row("535", ("RCPT", "535 5.7.8 credentials"), AGAIN, OPERATOR),
    row("538", ("RCPT", "538 5.7.11 encryption required"), AGAIN, OPERATOR),
    row("cut before the final dot", ("DATA", CUT), AGAIN),
    row("timeout before the final dot", ("DATA", SILENCE), AGAIN),
    row("cut after the final dot", ("DOT", CUT), AGAIN, IN_DOUBT),
    row("timeout after the final dot", ("DOT", SILENCE), AGAIN, IN_DOUBT),
]


@pytest.mark.parametrize(("answers", "follows"), SMTP)
async def test_after_a_reply_of_a_mail_relay(
    desk: Desk, providers: Providers, answers: Any, follows: set[str]
) -> None:
    await desk.has(Status.DELIVERED, EMAIL)
    assert await desk.send(providers.smtp(*each(answers))) == follows


async def test_after_a_relay_that_is_not_there_or_lets_nobody_in(desk: Desk, providers: Providers) -> None:
    await desk.has(Status.DELIVERED, EMAIL)
    nobody = smtp.Config("127.0.0.1", 1, SENDER, "none").providers(providers.http)
    assert await desk.send(nobody) == {AGAIN}
    async with a_port_that_says(b"421 busy\r\n") as port:
        busy = smtp.Config("127.0.0.1", port, SENDER, "none").providers(providers.http)
        assert await desk.send(busy, 2) == {again(30)}


@pytest.mark.parametrize(
    ("ours", "table"),
    [
        (twilio_codes.ERRORS, TWILIO),
        (fcm.ERRORS, FCM),
        (apns_answers.ERRORS, APNS),
        (ses.ERRORS, SES),
        ({*smtp.REPLIES, *smtp.CREDENTIALS}, SMTP),
    ],
    ids=["twilio", "fcm", "apns", "ses", "smtp"],
)
def test_what_an_adapter_knows_by_name_has_its_row(ours: Collection[object], table: list[Any]) -> None:
    named = {word.strip(",") for row in table for word in row.id.split()}
    assert {str(code) for code in ours} <= named
