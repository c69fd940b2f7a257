"""SMTP through a relay of our own or Amazon's: plain e-mails, one recipient and one connection each.

Replies: https://www.iana.org/assignments/smtp-enhanced-status-codes
"""

import contextlib
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import ClassVar, Self

import aiosmtplib
import httpx

from activities.channels.environ import any_given, optional, required
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
}
CREDENTIALS = frozenset({530, 534, 535, 538})
NO_ANSWER = Unknown("SMTP: no answer after the mail")

# What our address in an SMTP command can be: quoting and SMTPUTF8 are not worth their traps.
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
_7BIT = SMTP_POLICY.clone(cte_type="7bit")


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
        return cls(host, _port(environ, tls), _from(environ), tls, _ca_file(environ), username, password)

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


def _from(environ: Mapping[str, str]) -> str:
    value = required(environ, "EMAIL_FROM")
    if not value.isprintable() or not _MAILBOX.fullmatch(parseaddr(value)[1]):
        raise BadInput("EMAIL_FROM", "is not an e-mail address, write for example orders@example.org")
    return value


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
        self._domain = self._mailbox.rpartition("@")[2]
        self._tls = ssl.create_default_context(cafile=config.ca_file)

    def carries(self, address: Address) -> bool:
        """Any e-mail address."""
        return address.channel is Channel.EMAIL

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, on a connection of its own."""
        if message.is_repeat and not any(status.rule.record for status in message.path):
            return Unknown("may have arrived, and is no record to send twice")
        if not _MAILBOX.fullmatch(address.value):
            return Refused("not an address that SMTP takes as it is")
        client, mail = self._client(), self._mail(message, address.value)
        try:
            await self._hand_over(client, address.value, mail)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _before_the_mail(error)
        else:
            return await self._answer(client, mail)
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

    async def _hand_over(self, client: aiosmtplib.SMTP, recipient: str, mail: EmailMessage) -> None:
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
        client.protocol.write(re.sub(rb"(?m)^\.", b"..", mail.as_bytes()) + b".\r\n")

    async def _answer(self, client: aiosmtplib.SMTP, mail: EmailMessage) -> Outcome:
        """What the relay says to the mail. Silence leaves us in doubt."""
        if client.protocol is None:
            return NO_ANSWER
        try:
            reply = await client.protocol.read_response(timeout=self._config.last_timeout)
        except (aiosmtplib.SMTPException, OSError, ValueError):
            return NO_ANSWER
        await _say_goodbye(client)
        if 200 <= reply.code < 300:
            return Accepted(str(mail["Message-ID"]))
        return verdict(reply.code, reply.message) if reply.code >= 400 else Unknown("SMTP: not an answer")

    def _mail(self, message: Message, recipient: str) -> EmailMessage:
        mail = EmailMessage(policy=_7BIT)
        mail["From"], mail["To"] = self._config.sender, recipient
        mail["Subject"] = " ".join(message.words.title.split())
        mail["Message-ID"] = f"<{message.message_id}@{self._domain}>"
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["X-Order-Notification"] = message.message_id
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.words.text)
        return mail


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
