"""Finds the words for a path: the most telling message there is, in the reader's language before English."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from activities.wording.catalogue import ENGLISH, Language, lineage, read_languages
from activities.wording.facts import ever_fewer, sayable
from activities.wording.phrases import Phrases
from activities.wording.places import own_name
from domain.channels import Channel
from domain.messages import Words
from domain.orders import Fact
from domain.segments import segments
from domain.status import STATUS_RULES, Role, Status

CATALOGUES = Path(__file__).parent
_log = logging.getLogger(__name__)


class FluentWording:
    """Knows the words of every language in ``folder``: one file each, read when this is constructed.

    Always finds words: what a language lacks is said in English, what English lacks as "there is
    news", each with one warning. Constructing it raises ``ValueError`` when English cannot even say that.
    """

    def __init__(self, folder: Path = CATALOGUES) -> None:
        self._languages = read_languages(folder)
        self._english = self._languages[ENGLISH]
        self._last_resort = {role: self._must_say(_anything(role)) for role in Role}
        self._warned: set[tuple[str, Role, Status | None]] = set()

    def words(
        self, locale: str, role: Role, channel: Channel, path: tuple[Status, ...], facts: Mapping[str, Fact]
    ) -> Words:
        """Tell ``path`` as one message for ``channel``; in English when ``locale`` has no catalogue.

        A text leaves facts out where it would otherwise be sent, and billed, in several parts.
        """
        own = self._language(locale)
        values = sayable(facts, channel)
        for language, message_id in self._candidates(own, role, path):
            if words := _say(language, message_id, channel, values):
                if language is not own or message_id == _anything(role):
                    self._warn_once(own, role, path)
                return words
        return self._last_resort[role]

    def phrases(self, locale: str) -> Phrases:
        """What pages say, in English when ``locale`` has no catalogue."""
        return Phrases(self._language(locale), self._english)

    @property
    def languages(self) -> Mapping[str, str]:
        """Every language there is, by its tag, as its own readers call it."""
        return {tag: own_name(tag) for tag in self._languages}

    def missing(self, locale: str) -> tuple[str, ...]:
        """List the messages a language ought to have and has not: one per status told, and all of English."""
        needed = {message_id for role in Role for message_id in _needed(role)}
        return tuple(sorted((needed | self._english.message_ids) - self._language(locale).message_ids))

    def _candidates(
        self, own: Language, role: Role, path: Sequence[Status]
    ) -> Iterator[tuple[Language, str]]:
        # A reader is better served by less said in their own language than by more in English.
        for message_ids in (ids_of(role, path), (_anything(role),)):
            for language in (own, self._english):
                for message_id in message_ids:
                    yield language, message_id

    def _language(self, locale: str) -> Language:
        known = (self._languages[tag] for tag in lineage(locale) if tag in self._languages)
        return next(known, self._english)

    def _must_say(self, message_id: str) -> Words:
        words = self._english.say(message_id, Channel.PUSH, sayable({}, Channel.PUSH))
        if words is None:
            raise ValueError(f"{ENGLISH}.ftl must say {message_id}: it stands in for what is missing")
        return words

    def _warn_once(self, language: Language, role: Role, path: Sequence[Status]) -> None:
        newest = path[-1] if path else None
        if (language.tag, role, newest) not in self._warned:
            self._warned.add((language.tag, role, newest))
            _log.warning("%s.ftl has no words for %s to the %s", language.tag, newest or "no status", role)


def _say(
    language: Language, message_id: str, channel: Channel, values: Mapping[str, str | int]
) -> Words | None:
    """Say one message, a text with as much as one part holds. One that never fits is said in full."""
    fullest = language.say(message_id, channel, values)
    if fullest is None or channel is not Channel.SMS or segments(fullest.text) == 1:
        return fullest
    shorter = (language.say(message_id, channel, fewer) for fewer in ever_fewer(values))
    return next((words for words in shorter if words and segments(words.text) == 1), fullest)


def ids_of(role: Role, path: Sequence[Status]) -> tuple[str, ...]:
    """List where a path's words may be, most telling first: the whole path, then ever shorter ends of it."""
    return tuple("-".join((role, *path[start:])).lower() for start in range(len(path)))


def _anything(role: Role) -> str:
    return f"{role}-news"


def _needed(role: Role) -> list[str]:
    told = [status for status, rule in STATUS_RULES.items() if role in rule.told]
    return [_anything(role), *(ids_of(role, [status])[0] for status in told)]
