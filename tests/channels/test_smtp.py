"""What a mail relay answers, and what that means to us."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from activities.channels.smtp import Config, Smtp
from domain.channels import Channel
from domain.messages import Message, Words
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address

from .messages import A_RECORD, ANDROID, EMAIL, MAILBOX, MESSAGE, MOBILE
from .relay import CUT, SILENCE, Relay, a_certificate, a_port_that_says, a_relay, patient

RIGHT, WRONG = "right", "wrong"
REFERENCE = f"<{MESSAGE.message_id}@example.org>"
LOST = TryLater("SMTP: could not connect, or lost it before the mail")


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with a_relay() as relay:
        yield relay


@pytest.fixture
def certificate(tmp_path: Path, rsa_key: rsa.RSAPrivateKey) -> tuple[Path, ssl.SSLContext]:
    return a_certificate(tmp_path, rsa_key)


def config(port: int) -> Config:
    return patient(Config("127.0.0.1", port, "Burger Barn <orders@example.org>", "none"))


def smtp(port: int) -> Smtp:
    return Smtp(config(port))


async def outcome(smtp: Smtp, message: Message = A_RECORD, address: Address = MAILBOX) -> Outcome:
    result = await smtp.send(message, address)
    assert address.value not in repr(result)
    return result


def plain_text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


async def test_an_email_arrives_with_what_it_needs(relay: Relay) -> None:
    assert await outcome(smtp(relay.port)) == Accepted(REFERENCE)

    (mail,) = relay.mails
    assert relay.envelopes == [("orders@example.org", [EMAIL])]
    assert (mail["From"], mail["To"]) == ("Burger Barn <orders@example.org>", EMAIL)
    assert mail["Subject"] == "Burger Barn"
    assert plain_text_of(mail) == "Your order from Burger Barn is on its way.\n"
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Message-ID"] == REFERENCE
    assert mail["X-Order-Notification"] == MESSAGE.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs(datetime.now(UTC) - mail["Date"].datetime) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["Ready.\n.\n..two\nQUIT", "Für Sie 🍔.\n.\n.", "Burger " * 400, "größer " * 400]
)
async def test_any_language_and_any_line_arrives_as_it_was(relay: Relay, text: str) -> None:
    words = Words("Für Sie:\n🍔 ist da", text)
    assert await outcome(smtp(relay.port), replace(A_RECORD, words=words)) == Accepted(REFERENCE)

    (mail,) = relay.mails
    assert mail["Subject"] == "Für Sie: 🍔 ist da"
    assert relay.was_ascii  # not every relay on the way speaks 8BITMIME
    assert plain_text_of(mail) == text + "\n"


async def test_an_email_that_is_sent_again_is_known_by_its_message_id(relay: Relay) -> None:
    await outcome(smtp(relay.port))
    assert await outcome(smtp(relay.port), replace(A_RECORD, is_repeat=True)) == Accepted(REFERENCE)
    assert [mail["Message-ID"] for mail in relay.mails] == [REFERENCE, REFERENCE]


async def test_what_is_no_record_is_not_sent_again(relay: Relay) -> None:
    doubt = await outcome(smtp(relay.port), replace(MESSAGE, is_repeat=True))
    assert doubt == Unknown("may have arrived, and is no record to send twice")
    assert relay.connections == 0


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [
        ("MAIL", "421 4.3.2 shutting down", TryLater("SMTP 421 4.3.2")),
        ("MAIL", "451 4.3.0 no", TryLater("SMTP 451 4.3.0")),
        ("MAIL", "530 5.7.0 authentication required", TryLater("SMTP 530 5.7.0", ours=True)),
        ("MAIL", "534 5.7.9 mechanism is too weak", TryLater("SMTP 534 5.7.9", ours=True)),
        ("MAIL", "553 5.7.1 not your address", TryLater("SMTP 553 5.7.1", ours=True)),
        ("RCPT", "421 closing", TryLater("SMTP 421")),
        ("RCPT", "450 4.2.0 greylisted", TryLater("SMTP 450 4.2.0")),
        ("RCPT", "451 4.7.1 later", TryLater("SMTP 451 4.7.1")),
        ("RCPT", "452 4.2.2 mailbox full", TryLater("SMTP 452 4.2.2")),
        ("RCPT", "452 4.5.3 too many recipients", TryLater("SMTP 452 4.5.3")),
        ("RCPT", "454 4.7.0 temporary authentication failure", TryLater("SMTP 454 4.7.0")),
        ("RCPT", f"550 5.1.1 {EMAIL} unknown", Gone("SMTP 5.1.1: no such mailbox")),
        ("RCPT", "550 5.1.2 no such domain", Gone("SMTP 5.1.2: no such domain")),
        ("RCPT", "550 5.2.1 disabled", Gone("SMTP 5.2.1: mailbox disabled")),
        ("RCPT", "552 5.2.2 over quota", TryLater("SMTP 5.2.2: mailbox full")),
        ("RCPT", "552 too many recipients", TryLater("SMTP 552")),
        ("RCPT", "552-too many\r\n552 recipients", TryLater("SMTP 552")),
        ("RCPT", "552 5.5.3 too many recipients", TryLater("SMTP 5.5.3: too many recipients")),
        ("RCPT", "550 5.7.1 policy", Refused("SMTP 550 5.7.1")),
        ("RCPT", "550-5.1.1 no such\r\n550 5.1.1 mailbox", Gone("SMTP 5.1.1: no such mailbox")),
        ("RCPT", "535 5.7.8 credentials", TryLater("SMTP 535 5.7.8", ours=True)),
        ("RCPT", "534 5.7.9 mechanism is too weak", TryLater("SMTP 534 5.7.9", ours=True)),
        ("RCPT", "538 5.7.11 encryption required", TryLater("SMTP 538 5.7.11", ours=True)),
        ("RCPT", f"550 <{EMAIL}> no", Refused("SMTP 550")),
        ("RCPT", "550 5.1.1.1 is an address", Refused("SMTP 550")),
        ("RCPT", "530 5.7.0 authentication required", TryLater("SMTP 530 5.7.0", ours=True)),
        ("RCPT", "999 what", TryLater("SMTP: not understood")),
        ("DATA", "451 4.3.0 no", TryLater("SMTP 451 4.3.0")),
        ("DATA", "554 5.7.1 no", Refused("SMTP 554 5.7.1")),
        ("DATA", "250 what", TryLater("SMTP 250")),
        ("DOT", "454 Throttling failure: Maximum sending rate exceeded", TryLater("SMTP 454")),
        ("DOT", "454 Throttling failure: Daily message quota exceeded", TryLater("SMTP 454")),
        ("DOT", "450 4.2.0 greylisted", TryLater("SMTP 450 4.2.0")),
        ("DOT", "451 4.7.1 later", TryLater("SMTP 451 4.7.1")),
        ("DOT", "452 4.3.1 out of space", TryLater("SMTP 452 4.3.1")),
        ("DOT", "454 4.7.0 Throttling failure", TryLater("SMTP 454 4.7.0")),
        ("DOT", "421 4.3.2 shutting down", TryLater("SMTP 421 4.3.2")),
        ("DOT", "550 5.1.1 unknown", Gone("SMTP 5.1.1: no such mailbox")),
        ("DOT", "550 5.1.2 no such domain", Gone("SMTP 5.1.2: no such domain")),
        ("DOT", "550 5.2.1 disabled", Gone("SMTP 5.2.1: mailbox disabled")),
        ("DOT", "552 5.2.2 over quota", TryLater("SMTP 5.2.2: mailbox full")),
        ("DOT", "552 5.3.4 too big", Refused("SMTP 552 5.3.4")),
        ("DOT", "530 5.7.0 authentication required", TryLater("SMTP 530 5.7.0", ours=True)),
        ("DOT", "550 5.7.26 unauthenticated", Refused("SMTP 550 5.7.26")),
        ("DOT", "554 5.7.1 content", Refused("SMTP 554 5.7.1")),
        ("DOT", "354 what", Unknown("SMTP: not an answer")),
        ("DOT", "gibberish", Unknown("SMTP: no answer after the mail")),
        ("MAIL", CUT, LOST),
        ("RCPT", CUT, LOST),
        ("RCPT", SILENCE, LOST),
        ("RCPT", "gibberish", TryLater("SMTP: not understood")),
        ("DATA", CUT, LOST),
        ("DATA", SILENCE, LOST),
        ("DOT", CUT, Unknown("SMTP: no answer after the mail")),
        ("DOT", SILENCE, Unknown("SMTP: no answer after the mail")),
    ],
)
async def test_every_reply_has_one_meaning(relay: Relay, step: str, reply: str, expected: Outcome) -> None:
    relay.replies[step] = reply
    assert await outcome(Smtp(patient(config(relay.port), {step: reply}))) == expected
    assert len(relay.mails) == (step == "DOT")


async def test_nobody_listening_means_nothing_was_sent() -> None:
    assert await outcome(smtp(1)) == LOST


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"421 busy\r\n"], TryLater("SMTP 421")),
        ([b"554 not you\r\n"], TryLater("SMTP 554", ours=True)),
        ([b"gibberish\r\n"], TryLater("SMTP: not understood")),
        ([b"\xff\xfe" * 50_000], TryLater("SMTP: not understood")),
        ([], LOST),
        ([b""], LOST),
        ([b"220 hello\r\n", b"502 what\r\n", b"502 what\r\n"], TryLater("SMTP 502", ours=True)),
    ],
)
async def test_a_greeting_that_is_none_means_nothing_was_sent(lines: list[bytes], expected: Outcome) -> None:
    async with a_port_that_says(*lines) as port:
        replies = {"greeting": SILENCE} if lines == [b""] else {}
        assert await outcome(Smtp(patient(config(port), replies))) == expected


async def test_a_challenge_that_is_none_means_nothing_was_sent() -> None:
    lines = (b"220 hello\r\n", b"250-hello\r\n250 AUTH CRAM-MD5\r\n", b"334 a\r\n")
    async with a_port_that_says(*lines) as port:
        settings = replace(config(port), username="shop", password=RIGHT)
        assert isinstance(await outcome(Smtp(settings)), TryLater)


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_it_logs_in_over_an_encrypted_connection(
    certificate: tuple[Path, ssl.SSLContext], mode: str
) -> None:
    ca_file, context = certificate
    async with a_relay(context, implicit=mode == "tls") as relay:
        settings = replace(
            config(relay.port), tls=mode, ca_file=str(ca_file), username="shop", password=RIGHT
        )
        assert await outcome(Smtp(settings)) == Accepted(REFERENCE)
        assert relay.was_encrypted == (mode == "starttls")  # aiosmtpd knows of its own TLS only
        assert relay.logins == ["PLAIN shop"]


async def test_a_wrong_password_is_our_own_trouble(certificate: tuple[Path, ssl.SSLContext]) -> None:
    ca_file, context = certificate
    async with a_relay(context) as relay:
        settings = replace(
            config(relay.port), tls="starttls", ca_file=str(ca_file), username="shop", password=WRONG
        )
        assert await outcome(Smtp(settings)) == TryLater("SMTP 535 5.7.8", ours=True)
        assert relay.mails == []


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_certificate_nobody_vouches_for_is_our_own_trouble(
    certificate: tuple[Path, ssl.SSLContext], mode: str
) -> None:
    _, context = certificate
    async with a_relay(context, implicit=mode == "tls") as relay:
        refused = await outcome(Smtp(replace(config(relay.port), tls=mode)))
        assert refused == TryLater("SMTP: the relay's certificate is not trusted", ours=True)


@pytest.mark.parametrize("changes", [{"tls": "starttls"}, {"username": "shop", "password": "right"}])
async def test_a_relay_without_encryption_is_not_talked_to_in_the_clear(
    relay: Relay, changes: dict[str, str]
) -> None:
    refused = await outcome(Smtp(replace(config(relay.port), **changes)))  # type: ignore[arg-type]  # all strings
    assert refused == TryLater("SMTP: no STARTTLS, no AUTH, or not understood", ours=True)
    assert (relay.mails, relay.logins) == ([], [])


@pytest.mark.parametrize(
    "value", ["änne@example.org", '"a b"@example.org', "a:b;@example.org", "a@b@c", "a@[1]"]
)
async def test_an_address_smtp_would_trip_over_is_refused(relay: Relay, value: str) -> None:
    refused = await outcome(smtp(relay.port), address=Address(Channel.EMAIL, value))
    assert refused == Refused("not an address that SMTP takes as it is")
    assert relay.connections == 0


def test_smtp_carries_emails_only() -> None:
    assert [smtp(25).carries(address) for address in (MAILBOX, MOBILE, ANDROID)] == [True, False, False]


SETTINGS = {"SMTP_HOST": "relay.example.org", "EMAIL_FROM": "orders@example.org"}


async def test_settings_are_read_and_the_password_is_not_shown(http: httpx.AsyncClient) -> None:
    config = Config.read({**SETTINGS, "SMTP_USERNAME": "shop", "SMTP_PASSWORD": "right"})
    assert config == Config("relay.example.org", 587, "orders@example.org", "starttls", None, "shop", "right")
    assert "right" not in repr(config)
    assert [provider.name for provider in config.providers(http)] == ["smtp"]


@pytest.mark.parametrize(("mode", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_encryption_unless_it_is_set(mode: str, port: int) -> None:
    usual = Config.read({**SETTINGS, "SMTP_TLS": mode})
    chosen = Config.read({**SETTINGS, "SMTP_TLS": mode, "SMTP_PORT": "2525"})
    assert usual
    assert chosen
    assert (usual.port, chosen.port) == (port, 2525)


def test_without_settings_of_its_own_smtp_is_off() -> None:
    assert Config.read({"EMAIL_FROM": "orders@example.org", "SMTP_HOST": ""}) is None


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"SMTP_HOST": "", "SMTP_PORT": "25"}, "SMTP_HOST"),
        ({"EMAIL_FROM": ""}, "EMAIL_FROM"),
        ({"EMAIL_FROM": "Burger Barn"}, "EMAIL_FROM"),
        ({"EMAIL_FROM": "Burger\r\nBarn <orders@example.org>"}, "EMAIL_FROM"),
        ({"SMTP_PORT": "smtp"}, "SMTP_PORT"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT"),
        ({"SMTP_TLS": "yes"}, "SMTP_TLS"),
        ({"SMTP_USERNAME": "shop"}, "SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "right"}, "SMTP_USERNAME"),
        ({"SMTP_CA_FILE": "/nowhere/ca.pem"}, "SMTP_CA_FILE"),
        ({"SMTP_CA_FILE": __file__}, "SMTP_CA_FILE"),
    ],
)
def test_half_or_wrong_settings_are_named(changes: dict[str, str], setting: str) -> None:
    with pytest.raises(BadInput) as raised:
        Config.read({**SETTINGS, **changes})
    assert raised.value.field == setting
    assert "right" not in str(raised.value)
