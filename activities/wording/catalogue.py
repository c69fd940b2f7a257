"""Reads the catalogues of a folder, and says single messages in one language."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import Locale, UnknownLocaleError
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.resolver import Pattern
from fluent.syntax.ast import Junk, Message, Resource

from domain.channels import Channel
from domain.messages import Words

ENGLISH = "en"
_log = logging.getLogger(__name__)


def lineage(locale: str) -> list[str]:
    """List a language tag and its ever more general ones: ``es-MX`` is ``es-mx``, then ``es``."""
    parts = locale.lower().replace("_", "-").split("-")
    return ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]


def read_languages(folder: Path) -> dict[str, "Language"]:
    """Read every language in a folder, by its tag in lower case.

    A regional ``es-MX.ftl`` needs only what differs from ``es.ftl``.
    """
    catalogues = {file.stem.lower(): _read(file) for file in sorted(folder.glob("*.ftl"))}
    if ENGLISH not in catalogues:
        raise ValueError(f"no {ENGLISH}.ftl in {folder}: every other language falls back to it")
    return {
        tag: Language(tag, [catalogues[part] for part in lineage(tag) if part in catalogues])
        for tag in catalogues
    }


class Language:
    """One language. The first of its ``catalogues`` wins where several have a message."""

    def __init__(self, tag: str, catalogues: Iterable[Resource]) -> None:
        self.tag = tag
        locale = _locale(tag)
        # A Latin name jumbles an Arabic sentence unless it is isolated. Elsewhere the marks would do
        # nothing but turn a text message of 160 characters into one of 70.
        right_to_left = locale is not None and locale.character_order == "right-to-left"
        # English plurals for a language that Babel does not know, not those of the machine we run on.
        self._bundle = FluentBundle([tag if locale else ENGLISH], use_isolating=right_to_left)
        self._ids: set[str] = set()
        self._warned: set[str] = set()
        for catalogue in catalogues:
            self._bundle.add_resource(catalogue)
            self._ids.update(_messages_in(catalogue))

    @property
    def message_ids(self) -> frozenset[str]:
        """Every message there is, without the parts that sentences are made of."""
        return frozenset(self._ids)

    def say(self, message_id: str, channel: Channel, values: Mapping[str, str | int]) -> Words | None:
        """Say one message, or None when the language does not have it or it is broken."""
        if message_id not in self._ids:
            return None
        pieces = self._bundle.get_message(message_id).attributes
        text = pieces.get("sms", pieces["text"]) if channel is Channel.SMS else pieces["text"]
        words = Words(
            self._format(message_id, pieces["title"], values), self._format(message_id, text, values)
        )
        return words if words.title and words.text else None

    def phrase(self, phrase_id: str, values: Mapping[str, str | int]) -> str | None:
        """Say something that is no message, or None when the language does not have it or it is broken."""
        if not self._bundle.has_message(phrase_id):
            return None
        value = self._bundle.get_message(phrase_id).value
        return self._format(phrase_id, value, values) or None if value else None

    def _format(self, message_id: str, piece: Pattern, values: Mapping[str, str | int]) -> str:
        said, errors = self._bundle.format_pattern(piece, dict(values))
        if not errors:
            return str(said)
        if message_id not in self._warned:
            self._warned.add(message_id)
            _log.warning("%s.ftl: %s is broken: %s", self.tag, message_id, errors[0])
        return ""


def _read(file: Path) -> Resource:
    # A byte order mark, as some editors write it, would spoil the first message.
    catalogue = FluentResource(file.read_text(encoding="utf-8-sig"))
    for entry in catalogue.body:
        if isinstance(entry, Junk):
            _log.warning("%s: cannot read %r", file.name, (entry.content or "").strip().partition("\n")[0])
    return catalogue


def _messages_in(catalogue: Resource) -> set[str]:
    messages = [entry for entry in catalogue.body if isinstance(entry, Message)]
    return {
        message.id.name
        for message in messages
        if {"title", "text"} <= {a.id.name for a in message.attributes}
    }


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
