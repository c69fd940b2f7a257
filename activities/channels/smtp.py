"""SMTP through a relay of our own or Amazon's: one recipient and one connection for each e-mail.

Replies: https://www.iana.org/assignments/smtp-enhanced-status-codes
"""

import contextlib
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from typing import ClassVar, Self

import aiosmtplib
import httpx

from activities.channels.environ import any_given, optional, required
from activities.channels.mail import MAILBOX, NO_RECORD, domain_of, mail, sender_from
from domain.channels import Channel
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address

PORTS = {"none": 25, "starttls": 587, "tls": 465}
SETTINGS = ("SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_TLS", "SMTP_CA_FILE")

# By enhanced status code, wherever in the transaction it comes.
REPLIES: Mapping[str, Outcome] = {
    "5.1.1": Gone("SMTP 5.1.1: no such mailbox"),
    "5.1.2": Gone("SMTP 5.1.2: no such domain"),
    "5.2.1": Gone("SMTP 5.2.1: mailbox disabled"),
    "5.2.2": TryLater("SMTP 5.2.2: mailbox full"),
    "5.5.3": TryLater("SMTP 5.5.3: too many recipients"),
}
CREDENTIALS = frozenset({530, 534, 535, 538})
NO_ANSWER = Unknown("SMTP: no answer after the mail")


@dataclass(frozen=True, slots=True)
class Config:
    """What SMTP needs. Seconds: ``timeout`` for each step, ``last_timeout`` after the final dot.

    The last one is longer because a relay that is merely slow there leaves us in doubt.
    """

    FIRST_SETTING: ClassVar[str] = "SMTP_HOST"

    host: str
    port: int
    sender: str
    tls: str = "starttls"
    ca_file: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    last_timeout: float = 30.0

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong.

        EMAIL_FROM alone is none: it belongs to every provider of e-mail.
        """
        if not any_given(environ, *SETTINGS):
            return None
        host, tls = required(environ, "SMTP_HOST"), optional(environ, "SMTP_TLS") or "starttls"
        if tls not in PORTS:
            raise BadInput("SMTP_TLS", f"unknown, use one of {', '.join(PORTS)}")
        username, password = _login(environ)
        return cls(
            host, _port(environ, tls), sender_from(environ), tls, _ca_file(environ), username, password
        )

    def providers(self, _: httpx.AsyncClient) -> "Sequence[Smtp]":
        """Build what these settings describe."""
        return [Smtp(self)]


def _port(environ: Mapping[str, str], tls: str) -> int:
    value = optional(environ, "SMTP_PORT") or str(PORTS[tls])
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 0 < int(value) < 65536:
        raise BadInput("SMTP_PORT", "is not a port number")
    return int(value)


def _login(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    if not any_given(environ, "SMTP_USERNAME", "SMTP_PASSWORD"):
        return None, None
    return required(environ, "SMTP_USERNAME"), required(environ, "SMTP_PASSWORD")


def _ca_file(environ: Mapping[str, str]) -> str | None:
    path = optional(environ, "SMTP_CA_FILE")
    try:
        ssl.create_default_context(cafile=path)
    except OSError:
        raise BadInput("SMTP_CA_FILE", "names a file without readable PEM certificates") from None
    return path


class Smtp:
    """Sends e-mails. SMTP cannot tell a repeat, so only a record is worth the risk of one."""

    name = "smtp"
    channel = Channel.EMAIL

    def __init__(self, config: Config) -> None:
        self._config = config
        self._mailbox = parseaddr(config.sender)[1]
        self._domain = domain_of(config.sender)
        self._tls = ssl.create_default_context(cafile=config.ca_file)

    def carries(self, address: Address) -> bool:
        """Any e-mail address."""
        return address.channel is Channel.EMAIL

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, on a connection of its own."""
        if message.is_repeat and not message.is_record:
            return NO_RECORD
        if not MAILBOX.fullmatch(address.value):
            return Refused("not an address that SMTP takes as it is")
        client, letter = self._client(), mail(message, self._config.sender, address.value)
        try:
            await self._hand_over(client, address.value, letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _before_the_mail(error)
        else:
            return await self._answer(client, letter)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        config = self._config
        return aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            username=config.username,
            password=config.password,
            # The default asks the DNS for our own name, at every connection, and waits for it.
            local_hostname=self._domain,
            timeout=config.timeout,
            use_tls=config.tls == "tls",
            start_tls=config.tls == "starttls",
            tls_context=self._tls,
        )

    async def _hand_over(self, client: aiosmtplib.SMTP, recipient: str, letter: EmailMessage) -> None:
        """Everything up to the final dot; when this fails nothing was sent.

        ``SMTP.sendmail`` would do it all, but hides whether a cut came before the dot or after it.
        """
        await client.connect()
        await client.mail(self._mailbox)
        await client.rcpt(recipient)
        reply = await client.execute_command(b"DATA")
        if reply.code != 354:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        if client.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("before the mail")
        client.protocol.write(re.sub(rb"(?m)^\.", b"..", letter.as_bytes()) + b".\r\n")

    async def _answer(self, client: aiosmtplib.SMTP, letter: EmailMessage) -> Outcome:
        """What the relay says to the mail. Silence leaves us in doubt."""
        if client.protocol is None:
            return NO_ANSWER
        try:
            reply = await client.protocol.read_response(timeout=self._config.last_timeout)
        except (aiosmtplib.SMTPException, OSError, ValueError):
            return NO_ANSWER
        await _say_goodbye(client)
        if 200 <= reply.code < 300:
            return Accepted(str(letter["Message-ID"]))
        return verdict(reply.code, reply.message) if reply.code >= 400 else Unknown("SMTP: not an answer")


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError):
        await client.quit(timeout=1)


def _before_the_mail(error: Exception) -> Outcome:
    if isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError):
        return verdict(error.code, error.message)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        # The greeting, the login or our sender: a "never" there is not about this message.
        return TryLater(_named(error.code, error.message), ours=500 <= error.code < 600)
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(
        error.__cause__, ssl.SSLCertVerificationError
    ):
        return TryLater("SMTP: the relay's certificate is not trusted", ours=True)
    if isinstance(error, OSError):
        return TryLater("SMTP: could not connect, or lost it before the mail")
    return TryLater("SMTP: no STARTTLS, no AUTH, or not understood", ours=True)


def verdict(code: int, text: str) -> Outcome:
    """Say what a relay's "no" to a recipient or a mail means."""
    if code in CREDENTIALS:
        return TryLater(_named(code, text), ours=True)
    # 552 without a reason once meant "too many recipients", which passes.
    if not 500 <= code < 600 or (code == 552 and not _enhanced(text)):
        return TryLater(_named(code, text))
    return REPLIES.get(_enhanced(text), Refused(_named(code, text)))


def _named(code: int, text: str) -> str:
    return f"SMTP {code} {_enhanced(text)}".strip() if 200 <= code < 600 else "SMTP: not understood"


def _enhanced(text: str) -> str:
    found = re.search(r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)", text, re.MULTILINE)
    return found[0] if found else ""
