"""Opens an e-mail as its recipient would: the headers, and what there is to read in plain text."""

from dataclasses import dataclass
from email import message_from_string
from email.header import decode_header, make_header
from email.message import Message
from typing import cast

from simulator.world import Raw


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail. ``text`` is its subject, a line break, and its plain text."""

    text: str
    key: str
    raw: Raw


def opened(content: bytes) -> Letter:
    """Open an e-mail as it came over the wire."""
    raw = content.decode(errors="replace")
    # Not policy.default: it takes every header apart, which costs more than all the rest together.
    message = message_from_string(raw)
    headers = {name: _decoded(value) for name, value in message.items()}
    text = f"{headers.get('Subject', '')}\n{_plain_text(message)}"
    return Letter(text, headers.get("Message-ID", ""), Raw(headers, raw))


def _decoded(header: str) -> str:
    unfolded = header.replace("\r\n", "").replace("\n", "")
    return str(make_header(decode_header(unfolded))) if "=?" in unfolded else unfolded


def _plain_text(message: Message) -> str:
    part = next((part for part in message.walk() if part.get_content_type() == "text/plain"), None)
    if part is None:
        return ""
    text = str(part.get_payload())
    if part.get("Content-Transfer-Encoding", "").lower() in {"base64", "quoted-printable"}:
        text = cast("bytes", part.get_payload(decode=True)).decode(
            part.get_content_charset("utf-8"), "replace"
        )
    return text.replace("\r\n", "\n").rstrip("\n")
