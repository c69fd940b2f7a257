"""Finds the words for a path: the most telling message there is, in the reader's language before English."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from activities.wording.catalogue import ENGLISH, MARK, Language, lineage, read_languages
from activities.wording.experiments import read_experiments
from activities.wording.facts import ever_fewer, sayable
from activities.wording.phrases import Phrases
from activities.wording.places import own_name
from domain.channels import Channel
from domain.experiments import Experiment, recorded_as, variant_in
from domain.messages import Words
from domain.orders import Fact
from domain.segments import segments
from domain.status import Role, Status

CATALOGUES = Path(__file__).parent
# What the link to the preferences is called in an e-mail.
FOOTER = "mail-preferences"


class FluentWording:
    """Knows the words of every language in ``folder``: one file each, read when this is constructed.

    Always finds words: what a language lacks is said in English, what English lacks as "there is
    news", each with one warning. Constructing it raises ``ValueError`` when English cannot even say that.
    """

    def __init__(self, folder: Path = CATALOGUES) -> None:
        self._languages = read_languages(folder)
        self._english = self._languages[ENGLISH]
        self.experiments = read_experiments(folder)
        self._last_resort = {role: self._must_say(_anything(role)) for role in Role}
        if self._english.phrase(FOOTER, {}) is None:
            raise ValueError(f"{ENGLISH}.ftl must say {FOOTER}: e-mails end with it")

    def words(
        self,
        locale: str,
        role: Role,
        channel: Channel,
        path: tuple[Status, ...],
        facts: Mapping[str, Fact],
        variant: str | None = None,
    ) -> Words:
        """Tell ``path`` as one message for ``channel``; in English when ``locale`` has no catalogue.

        A text leaves facts out where it would otherwise be sent, and billed, in several parts. An e-mail has
        its footer in the language that the rest of it is in. ``variant`` is what :meth:`variant` answered;
        what has none is told in the usual words.
        """
        said = self._said(self._language([locale]), role, channel, path, facts, variant)
        if channel is not Channel.EMAIL:
            return said
        return replace(said, footer=self.phrases(said.language)(FOOTER))

    def _said(
        self,
        own: Language,
        role: Role,
        channel: Channel,
        path: tuple[Status, ...],
        facts: Mapping[str, Fact],
        variant: str | None,
    ) -> Words:
        values = sayable(facts, channel)
        for language, message_id in self._candidates(own, role, path):
            if words := _say_variant(language, message_id, variant_in(variant), channel, values):
                if language is not own or message_id == _anything(role):
                    own.lacks(f"{path[-1] if path else 'no status'} to the {role}")
                return words
        return self._last_resort[role]

    def variant(
        self, locale: str, role: Role, path: tuple[Status, ...], recipient_id: str, at: datetime
    ) -> str | None:
        """Which variant a recipient hears of news told ``at`` a moment, None where none are compared.

        A language takes part with all variants or not at all: or its readers would be compared with others.
        """
        experiment = self._running(role, path, at)
        if experiment is None:
            return None
        candidates = self._candidates(self._language([locale]), role, path)
        language, usual = next((one for one in candidates if one[1] in one[0].message_ids), (None, ""))
        others = (f"{usual}{MARK}{name}" for name in experiment.variants if name != experiment.usual)
        if language is None or usual == _anything(role) or not language.message_ids.issuperset(others):
            return None
        return recorded_as(experiment, experiment.variant_of(recipient_id))

    def phrases(self, *locales: str) -> Phrases:
        """What pages say, in the first of ``locales`` that has a catalogue, in English when none has."""
        return Phrases(self._language(locales), self._english)

    def _running(self, role: Role, path: Sequence[Status], at: datetime) -> Experiment | None:
        """The one experiment with the news of a path: that of its newest status."""
        fits = (one for one in self.experiments if path and (one.role, one.status) == (role, path[-1]))
        return next((one for one in fits if one.runs_at(at)), None)

    @property
    def languages(self) -> Mapping[str, str]:
        """Every language there is, by its tag, as its own readers call it."""
        return {tag: own_name(tag) for tag in self._languages}

    def _candidates(
        self, own: Language, role: Role, path: Sequence[Status]
    ) -> Iterator[tuple[Language, str]]:
        # A reader is better served by less said in their own language than by more in English.
        for message_ids in (ids_of(role, path), (_anything(role),)):
            for language in (own, self._english):
                for message_id in message_ids:
                    yield language, message_id

    def _language(self, locales: Iterable[str]) -> Language:
        tags = (tag for locale in locales for tag in lineage(locale))
        return next((self._languages[tag] for tag in tags if tag in self._languages), self._english)

    def _must_say(self, message_id: str) -> Words:
        words = self._english.say(message_id, Channel.PUSH, sayable({}, Channel.PUSH))
        if words is None:
            raise ValueError(f"{ENGLISH}.ftl must say {message_id}: it stands in for what is missing")
        return words


def _say_variant(
    language: Language,
    message_id: str,
    variant: str | None,
    channel: Channel,
    values: Mapping[str, str | int],
) -> Words | None:
    """Say one message in a variant, and in the usual words where there is none, or a broken one."""
    usual = _say(language, message_id, channel, values)
    if usual is None or variant is None:
        return usual
    return _say(language, f"{message_id}{MARK}{variant}", channel, values) or usual


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
