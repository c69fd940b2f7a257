"""A prospect in the words of a preview: which message goes where, and where none goes and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.foreseeing import OnChannel, Prospects
from domain.telling import Verdict

_WHEN: Mapping[Verdict, str] = {
    Verdict.SEND: "by",
    Verdict.TOLD: "by",
    Verdict.HELD: "only if that fails, by",
}
_WHY_NOT: Mapping[Verdict, str] = {Verdict.OFF: "switched off"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message and the channels that would carry the same words."""

    when: str
    channels: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would be told again, to whom, and what would not go out."""

    prospects: Prospects
    messages: Sequence[Spoken]
    silent: Sequence[str]


def outlook(found: Prospects) -> Outlook:
    """Put channels that say the same together."""
    same: dict[tuple[str, str, str], list[str]] = {}
    for on in found.channels:
        if on.title is not None and on.text is not None:
            same.setdefault((_WHEN[on.verdict], on.title, on.text), []).append(name_of(on.channel))
    messages = [
        Spoken(when, ", ".join(channels), title, text) for (when, title, text), channels in same.items()
    ]
    silent = [_why_not(on) for on in found.channels if on.verdict not in _WHEN]
    return Outlook(found, messages, silent)


def name_of(channel: str) -> str:
    """A channel as people call it."""
    return {"sms": "SMS", "email": "e-mail", "in_app": "in-app"}.get(channel, channel)


def _why_not(on: OnChannel) -> str:
    return f"{name_of(on.channel)}: {on.reason or _WHY_NOT.get(on.verdict, on.verdict)}"
