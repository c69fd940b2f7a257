"""Builds the e-mail of a notification, headers and both its bodies: the same for every provider of e-mail."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr

from activities.channels.environ import required
from activities.channels.mail_page import page
from domain.messages import Message
from domain.orders import BadInput
from domain.outcomes import Unknown

# What an address can be: quoting and SMTPUTF8 are not worth their traps.
MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
NO_RECORD = Unknown("may have arrived, and is no record to send twice")


class OneLine(UnstructuredHeader, BaseHeader):
    """A header that is never folded: Python would fold a long URL by encoding it, and nobody could click."""

    def fold(self, *, policy: Policy) -> str:
        """Write it as it is."""
        return f"{self.name}: {self}{policy.linesep}"


_UNFIT = frozenset({"Cc", "Cs"})
_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", OneLine)
# Not every relay on the way speaks 8BITMIME.
_7BIT = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


def sender_from(environ: Mapping[str, str]) -> str:
    """Read EMAIL_FROM, which every provider of e-mail needs."""
    value = required(environ, "EMAIL_FROM")
    if not value.isprintable() or not MAILBOX.fullmatch(parseaddr(value)[1]):
        raise BadInput("EMAIL_FROM", "is not an e-mail address, write for example orders@example.org")
    return value


def domain_of(sender: str) -> str:
    """The domain that mails come from, and that names us to others."""
    return parseaddr(sender)[1].rpartition("@")[2]


def mail(message: Message, sender: str, recipient: str) -> EmailMessage:
    """Build one e-mail to one recipient, ASCII on the wire. Its Message-ID is the same whenever it is built.

    Only news that can be unsubscribed from is said to be a list (RFC 8058); a receipt is not.
    """
    title, text = _printable(" ".join(message.words.title.split())), _printable(message.words.text)
    built = EmailMessage(policy=_7BIT)
    built["From"], built["To"], built["Subject"] = sender, recipient, title
    built["Message-ID"] = f"<{message.message_id}@{domain_of(sender)}>"
    built["Date"] = format_datetime(datetime.now(UTC))
    built["X-Order-Notification"] = message.message_id
    built["Auto-Submitted"] = "auto-generated"
    if message.links and message.links.unsubscribe:
        built["List-Unsubscribe"] = f"<{message.links.unsubscribe}>"
        built["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    built.set_content(_plain(message, text))
    built.add_alternative(page(message, title, text), subtype="html")
    return built


def _plain(message: Message, text: str) -> str:
    if message.links is None:
        return text
    # No colon between them: languages write it in ways of their own.
    return f"{text}\n\n{message.words.footer}\n{message.links.preferences}"


def _printable(text: str) -> str:
    """Without what no mail may hold: control characters other than line ends, and halves of characters."""
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in _UNFIT
    )
