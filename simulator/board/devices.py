"""What the devices of one person show: the lock screen, the thread of texts, the mailbox."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_string
from email.message import Message
from typing import Any, cast
from urllib.parse import parse_qs

from domain.status import Status
from simulator.board.people import People, Person
from simulator.world import Received, World

# More than fits on any of them.
PUSHES, TEXTS, MAILS = 6, 8, 6
# What is looked through for them: the newest messages of all people.
LOOKED_THROUGH = 2_000


@dataclass(frozen=True, slots=True)
class Push:
    """A notification on a lock screen. ``key``: what a later one replaces it by."""

    n: int
    at: datetime
    key: str
    order_id: str
    status: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Live:
    """An order as a Live Activity shows it."""

    n: int
    at: datetime
    status: str
    text: str
    eta_minutes: int | None
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text in a thread. ``sender`` is the number it came from."""

    n: int
    at: datetime
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in a mailbox."""

    n: int
    at: datetime
    sender: str
    subject: str
    preview: str


@dataclass(frozen=True, slots=True)
class Devices:
    """Everything one person looks at, newest first; texts oldest first, as threads are."""

    person: Person
    pushes: Sequence[Push]
    live: Live | None
    texts: Sequence[Text]
    mails: Sequence[Mail]

    @property
    def passed(self) -> Sequence[Status]:
        """How far the order of the Live Activity has come."""
        reached = next((status for status in Status if self.live and status == self.live.status), None)
        return [] if reached is None else [status for status in Status if status.rank <= reached.rank]


def devices_of(person: Person, people: People, world: World) -> Devices:
    """What one of the people has received, as their devices show it."""
    theirs = [one for one in world.received[-LOOKED_THROUGH:] if people.at(one.address) is person]
    alerts = [one for one in theirs if one.channel == "push" and not _is_live(one)]
    return Devices(
        person,
        _newest({push.key: push for push in map(_push, alerts)}.values(), PUSHES),
        next(map(_live, reversed([one for one in theirs if _is_live(one)])), None),
        [_text(one) for one in theirs if one.channel == "sms"][-TEXTS:],
        [_mail(one) for one in reversed(theirs) if one.channel == "email"][:MAILS],
    )


def html_of(one: Received) -> str:
    """An e-mail's own page, or its plain text where it has none."""
    parts = {part.get_content_type(): part for part in message_from_string(one.raw.body).walk()}
    if page := parts.get("text/html"):
        # As every mail client does: its links open in a window of their own.
        return _decoded(page).replace("<head>", '<head><base target="_blank">', 1)
    escaped = one.text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<!doctype html><title>E-mail</title><pre>{escaped}</pre>"


def _newest(pushes: Iterable[Push], most: int) -> Sequence[Push]:
    return sorted(pushes, key=lambda push: push.n, reverse=True)[:most]


def _is_live(one: Received) -> bool:
    return one.raw.headers.get("apns-push-type") == "liveactivity"


def _push(one: Received) -> Push:
    body = _json(one)
    # Firebase has ours in the message's data, Apple beside its own.
    ours = body.get("message", {}).get("data", body)
    title, _, text = one.text.partition("\n")
    key = str(ours.get("message_id") or one.n)
    return Push(one.n, one.at, key, str(ours.get("order_id", "")), str(ours.get("status", "")), title, text)


def _live(one: Received) -> Live:
    aps = _json(one).get("aps", {})
    state = aps.get("content-state", {})
    return Live(
        one.n,
        one.at,
        str(state.get("status", "")),
        str(state.get("text", "")),
        state.get("eta_minutes"),
        has_ended=aps.get("event") == "end",
    )


def _text(one: Received) -> Text:
    sender = parse_qs(one.raw.body).get("From", ["Orders"])[0]
    return Text(one.n, one.at, sender, one.text)


def _mail(one: Received) -> Mail:
    subject, _, text = one.text.partition("\n")
    sender = one.raw.headers.get("From", "").partition(" <")[0]
    return Mail(one.n, one.at, sender, subject, " ".join(text.split())[:120])


def _json(one: Received) -> Mapping[str, Any]:
    try:
        found = json.loads(one.raw.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(part: Message) -> str:
    content = cast("bytes", part.get_payload(decode=True))
    return content.decode(part.get_content_charset("utf-8"), "replace")
