"""Reads the catalogues of a folder, and says single messages in one language."""

import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.resolver import Pattern
from fluent.runtime.types import FluentType
from fluent.syntax.ast import Junk, Message, Resource, Term

from activities.wording.facts import plain
from activities.wording.mentions import facts_mentioned
from domain.channels import Channel
from domain.messages import Direction, Words

ENGLISH = "en"
# Between a message's id and the name of a variant of its words.
MARK = "--"
# To put words together takes ten times as long as to find them. Many orders are of the same restaurant.
_REMEMBERED = 4096
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
    """One language. The first of its ``catalogues`` wins where several have a message.

    ``locale`` is what Babel knows of it: its plurals, how it tells time, and which way it is read.
    """

    def __init__(self, tag: str, catalogues: Iterable[Resource]) -> None:
        self.tag, self.locale = tag, locale_of(tag)
        is_reversed = self.locale.character_order == "right-to-left"
        self.direction: Direction = "rtl" if is_reversed else "ltr"
        self._bundle = FluentBundle([str(self.locale)], use_isolating=False)
        self._ids: set[str] = set()
        self._warned: set[str] = set()
        entries: dict[str, Message | Term] = {}
        for catalogue in catalogues:
            self._bundle.add_resource(catalogue)
            self._ids.update(_messages_in(catalogue))
            entries = {**_entries_of(catalogue), **entries}
        self._mentions = facts_mentioned(entries)
        self._remembered = lru_cache(_REMEMBERED)(self._say)

    @property
    def message_ids(self) -> frozenset[str]:
        """Every message there is, without the parts that sentences are made of."""
        return frozenset(self._ids)

    def say(self, message_id: str, channel: Channel, values: Mapping[str, str | int]) -> Words | None:
        """Say one message, or None when the language does not have it or it is broken."""
        if message_id not in self._ids:
            return None
        told = tuple((name, values[name]) for name in self._mentions[message_id] if name in values)
        return self._remembered(message_id, channel is Channel.SMS, told)

    def _say(self, message_id: str, is_text: bool, values: tuple[tuple[str, str | int], ...]) -> Words | None:
        pieces = self._bundle.get_message(message_id).attributes
        text = pieces.get("sms", pieces["text"]) if is_text else pieces["text"]
        said = [self._format(message_id, piece, dict(values)) for piece in (pieces["title"], text)]
        if not all(said):
            return None
        shown = plain(said[1]) if is_text else said[1]
        return Words(said[0], shown, self.tag, self.direction)

    def phrase(self, phrase_id: str, values: Mapping[str, str | int]) -> str | None:
        """Say something that is no message, or None when the language does not have it or it is broken."""
        if not self._bundle.has_message(phrase_id):
            return None
        value = self._bundle.get_message(phrase_id).value
        return self._format(phrase_id, value, values) or None if value else None

    def lacks(self, what: str) -> None:
        """Note, once, that something has to be said in English in its stead."""
        if what not in self._warned:
            self._warned.add(what)
            _log.warning("%s.ftl has no words for %s", self.tag, what)

    def _format(self, message_id: str, piece: Pattern, values: Mapping[str, str | int]) -> str:
        try:
            said, errors = self._bundle.format_pattern(piece, self._prepared(values))
        except RecursionError as circle:
            said, errors = "", [circle]
        if not errors:
            return str(said)
        if message_id not in self._warned:
            self._warned.add(message_id)
            _log.warning("%s.ftl: %s is broken: %s", self.tag, message_id, errors[0])
        return ""

    def _prepared(self, values: Mapping[str, str | int]) -> dict[str, object]:
        """Keep names together where writing runs from right to left: a Latin one jumbles a sentence.

        Elsewhere the marks would do nothing but turn a text message of 160 characters into one of 70, which
        is why nothing but names gets any.
        """
        if self.direction == "ltr":
            return dict(values)
        return {name: _Name(value) if isinstance(value, str) else value for name, value in values.items()}


class _Name(FluentType):
    """A text that is told as a whole, whichever way it is written, and selects as the text that it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return other == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def format(self, _: object) -> str:
        """As it is said."""
        return f"\N{FIRST STRONG ISOLATE}{self._text}\N{POP DIRECTIONAL ISOLATE}"


def _read(file: Path) -> Resource:
    # A byte order mark, as some editors write it, would spoil the first message.
    catalogue = FluentResource(file.read_text(encoding="utf-8-sig"))
    for entry in catalogue.body:
        if isinstance(entry, Junk):
            _log.warning("%s: cannot read %r", file.name, (entry.content or "").strip().partition("\n")[0])
    return catalogue


def _entries_of(catalogue: Resource) -> dict[str, Message | Term]:
    """Everything that can be referred to, by the name it is referred to by."""
    return {
        f"-{entry.id.name}" if isinstance(entry, Term) else entry.id.name: entry
        for entry in catalogue.body
        if isinstance(entry, (Message, Term))
    }


def _messages_in(catalogue: Resource) -> set[str]:
    messages = [entry for entry in catalogue.body if isinstance(entry, Message)]
    return {
        message.id.name
        for message in messages
        if {"title", "text"} <= {a.id.name for a in message.attributes}
    }


def locale_of(tag: str) -> Locale:
    """What Babel knows of a language, or of the ever more general ones.

    English for a language that Babel does not know at all, rather than that of the machine we run on.
    """
    for part in lineage(tag):
        try:
            return Locale.parse(part, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(ENGLISH)
