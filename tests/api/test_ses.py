"""What Amazon SES tells us through SNS counts once, and only when SNS signed it for our topic just now."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.recipients import OptOut
from tests.api.amazon import CERTIFICATE, CONFIRM, Amazon, bounce, event
from tests.api.stage import EMAIL, Door

ANA = "ana@example.org"
EVIL = "https://sns.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_mail_that_arrived_is_delivered_in_the_ledger_and_its_order_knows(
    door: Door, version: str
) -> None:
    mail = await door.sent(EMAIL)

    answer = await door.ses_says(event("Delivery", mail), SignatureVersion=version)

    assert (answer.status_code, answer.content) == (200, b"")
    assert await door.status(mail) == "DELIVERED"
    assert [receipt.state for _, receipt in door.orders.told] == ["delivered"]


async def test_a_mail_without_our_tag_is_known_by_our_header(door: Door) -> None:
    mail = await door.sent(EMAIL)
    news = event("Delivery", mail)
    del news["mail"]["tags"], news["eventType"]
    news["notificationType"] = "Delivery"
    news["mail"]["headers"].append({"name": "X-Order-Notification", "value": mail})

    await door.ses_says(news)

    assert await door.status(mail) == "DELIVERED"


async def test_a_mail_that_was_opened_is_read(door: Door) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(event("Open", mail))
    await door.ses_says(event("Delivery", mail))

    assert await door.status(mail) == "READ"


async def test_an_address_that_does_not_exist_is_not_used_again(door: Door) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(bounce(mail, "Permanent", "General"))

    assert (await door.row(mail)).reason == "SES bounce Permanent General"
    assert await door.status(mail) == "FAILED"
    assert await door.store.address_of("c-42", EMAIL) is None
    assert [receipt.state for _, receipt in door.orders.told] == ["bounced"]


async def test_an_address_that_was_corrected_meanwhile_is_kept(door: Door) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(bounce(mail, "Permanent", "NoEmail", address="anna@example.org"))

    assert await door.status(mail) == "FAILED"
    assert await door.store.address_of("c-42", EMAIL) == ANA


@pytest.mark.parametrize(
    ("kind", "subtype"), [("Transient", "MailboxFull"), ("Undetermined", "Undetermined")]
)
async def test_a_full_mailbox_fails_this_mail_and_stays_an_address(
    door: Door, kind: str, subtype: str
) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(bounce(mail, kind, subtype))

    assert (await door.row(mail)).reason == f"SES bounce {kind} {subtype}"
    assert [receipt.state for _, receipt in door.orders.told] == ["undelivered"]
    assert await door.store.address_of("c-42", EMAIL) == ANA


async def test_a_bounce_after_the_delivery_marks_the_address_and_moves_nothing_back(door: Door) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(event("Delivery", mail))
    await door.ses_says(bounce(mail, "Permanent", "General"))

    assert await door.status(mail) == "DELIVERED"
    assert await door.store.address_of("c-42", EMAIL) is None


async def test_who_complains_gets_no_more_mail(door: Door) -> None:
    mail = await door.sent(EMAIL)

    await door.ses_says(event("Complaint", mail, complainedRecipients=[{"emailAddress": ANA}]))

    assert await door.store.opted_out_of(EMAIL, ANA) is OptOut.EVERYTHING
    assert await door.status(mail) == "DELIVERED", "only what arrived can be complained about"


async def test_a_replayed_message_counts_once(door: Door) -> None:
    mail = await door.sent(EMAIL)
    envelope = door.amazon.notification(event("Complaint", mail))

    await door.sns_posts(envelope)
    await door.store.opt_in(EMAIL, ANA)
    assert (await door.sns_posts(envelope)).status_code == 200

    assert len(door.orders.told) == 1
    assert await door.store.opted_out_of(EMAIL, ANA) is None


@pytest.mark.parametrize(
    "news",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        {"eventType": "Click", "mail": {"tags": {"message_id": ["x"]}}},
        {"eventType": "Delivery", "mail": "none"},
        {"eventType": "Delivery", "mail": {"tags": {"message_id": []}, "headers": [1, {"name": 2}]}},
        {"eventType": ["Bounce"], "mail": {"tags": {"message_id": ["x"]}}},
        [],
    ],
)
async def test_news_that_is_not_for_us_is_taken_and_forgotten(
    door: Door, said: Callable[[], list[str]], news: Any
) -> None:
    assert (await door.ses_says(news)).status_code == 200

    assert [line.partition(" message ")[0] for line in said()] == ["ses:"]


async def test_a_mail_we_do_not_know_is_answered_well_and_said_in_one_line(
    door: Door, said: Callable[[], list[str]]
) -> None:
    unknown = "6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11"

    assert (await door.ses_says(bounce(unknown, "Permanent", "General"))).status_code == 200

    assert said() == [f"ses: a receipt for {unknown}, which is unknown here"]


async def test_a_store_that_is_away_takes_the_news_when_sns_comes_again(door: Door) -> None:
    mail = await door.sent(EMAIL)
    envelope = door.amazon.notification(bounce(mail, "Permanent", "General"))

    async with door.store_is_away():
        assert (await door.sns_posts(envelope)).status_code == 503
    assert (await door.sns_posts(envelope)).status_code == 200

    assert await door.status(mail) == "FAILED"


def _later(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).isoformat()


@pytest.mark.parametrize(
    "forged",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:theirs"},
        {"Timestamp": _later(hours=-2)},
        {"Timestamp": _later(hours=1)},
        *(
            {"SigningCertURL": url}
            for url in (
                CERTIFICATE.replace("https", "http"),
                CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.example"),
                CERTIFICATE.replace("sns.eu-west-1", "sns.s3-us-west-2"),
                CERTIFICATE.replace("https://", "https://evil.example/"),
                CERTIFICATE.replace("https://", "https://evil.example@"),
                CERTIFICATE.replace("https://", "https://evil.example\\@"),
                CERTIFICATE.replace("amazonaws.com/", "amazonaws.com:8443/"),
                CERTIFICATE.replace("amazonaws.com/", "amazonaws.com@evil.example/"),
                CERTIFICATE.replace("amazonaws.com/", "amazonaws.com/../"),
                CERTIFICATE.replace("sns.", "sns\u3002"),
                CERTIFICATE + "?x=.pem",
                CERTIFICATE + "#.pem",
                CERTIFICATE + "\n",
                CERTIFICATE.replace(".pem", ".txt"),
                f"{EVIL}/?evil.pem",
                "https://[sns.eu-west-1.amazonaws.com/a.pem",
                "",
            )
        ),
    ],
)
async def test_what_amazon_did_not_sign_for_us_now_is_refused_before_anything_is_fetched(
    door: Door, forged: dict[str, str]
) -> None:
    mail = await door.sent(EMAIL)

    answer = await door.ses_says(event("Delivery", mail), **forged)

    assert answer.status_code == 403
    assert door.amazon.asked == []
    assert await door.status(mail) == "SENT"


@pytest.mark.parametrize("field", ["Message", "MessageId", "Signature", "Timestamp", "SignatureVersion"])
async def test_what_was_changed_after_it_was_signed_is_refused(door: Door, field: str) -> None:
    mail = await door.sent(EMAIL)
    changed = {
        "Message": json.dumps(event("Open", mail)),
        "MessageId": "another",
        "Signature": "AAAA",
        "Timestamp": _later(minutes=-1),
        "SignatureVersion": "2",
    }

    envelope = {**door.amazon.notification(event("Delivery", mail)), field: changed[field]}
    assert (await door.sns_posts(envelope)).status_code == 403

    assert await door.status(mail) == "SENT"


async def test_a_key_that_is_not_in_amazons_certificate_signs_nothing(door: Door) -> None:
    mail = await door.sent(EMAIL)

    somebody_elses = Amazon("somebody else").notification(event("Delivery", mail))

    assert (await door.sns_posts(somebody_elses)).status_code == 403


async def test_a_subject_is_signed_too(door: Door) -> None:
    mail = await door.sent(EMAIL)

    assert (await door.ses_says(event("Delivery", mail), Subject="news")).status_code == 200
    unsigned = {**door.amazon.notification(event("Open", mail)), "Subject": "news"}
    assert (await door.sns_posts(unsigned)).status_code == 403


async def test_a_certificate_that_has_run_out_is_refused(door: Door) -> None:
    mail = await door.sent(EMAIL)
    expired = Amazon("it was", valid_for=timedelta(seconds=-5))
    door.amazon.certificate = expired.certificate

    assert (await door.sns_posts(expired.notification(event("Delivery", mail)))).status_code == 403


async def test_the_certificate_is_fetched_once(door: Door) -> None:
    mail = await door.sent(EMAIL)

    for _ in range(3):
        await door.ses_says(event("Delivery", mail))

    assert door.amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "certificate", [b"", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
async def test_a_certificate_that_cannot_be_read_or_fetched_is_asked_for_again(
    door: Door, certificate: bytes
) -> None:
    mail, good = await door.sent(EMAIL), door.amazon.certificate
    envelope = door.amazon.notification(event("Delivery", mail))

    door.amazon.certificate = certificate
    assert (await door.sns_posts(envelope)).status_code == 503
    door.amazon.certificate, door.amazon.is_away = good, True
    assert (await door.sns_posts(envelope)).status_code == 503
    door.amazon.is_away = False
    assert (await door.sns_posts(envelope)).status_code == 200


async def test_an_offered_subscription_to_our_topic_is_confirmed(door: Door) -> None:
    assert (await door.sns_posts(door.amazon.offer())).status_code == 200

    assert door.amazon.asked == [CERTIFICATE, CONFIRM]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription",
        CONFIRM.replace("https", "http"),
        CONFIRM.replace("https://", "https://169.254.169.254/"),
        CONFIRM.replace("com/", "com/latest"),
    ],
)
async def test_a_confirmation_elsewhere_is_not_fetched(door: Door, url: str) -> None:
    assert (await door.sns_posts(door.amazon.offer(SubscribeURL=url))).status_code == 403

    assert door.amazon.asked == [CERTIFICATE]


async def test_a_subscription_offered_by_anybody_else_is_not_confirmed(door: Door) -> None:
    assert (await door.sns_posts(Amazon("somebody else").offer())).status_code == 403

    assert door.amazon.asked == [CERTIFICATE]


async def test_an_end_of_the_subscription_is_said_and_not_undone(
    door: Door, said: Callable[[], list[str]]
) -> None:
    ended = door.amazon.signed({**door.amazon.offer(), "Type": "UnsubscribeConfirmation"})

    assert (await door.sns_posts(ended)).status_code == 200

    assert door.amazon.asked == [CERTIFICATE]
    assert said() == ["ses: somebody ended the subscription to our topic, subscribe again"]


async def test_an_envelope_that_lacks_something_is_told_what(door: Door) -> None:
    envelope = door.amazon.notification("x")
    del envelope["TopicArn"]

    answer = await door.sns_posts(envelope)

    assert (answer.status_code, answer.json()) == (422, {"detail": "TopicArn: missing"})
