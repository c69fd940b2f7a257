"""Finds what a language lacks or gets wrong before a recipient does: for ``python -m activities.wording``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from fluent.runtime import FluentResource
from fluent.syntax import ast

from activities.wording.catalogue import ENGLISH, MARK, Language, lineage
from activities.wording.entries import Entries, Entry, has_plurals
from activities.wording.facts import sayable
from domain.channels import Channel
from domain.orders import Fact
from domain.segments import segments
from domain.status import Role, Status

# What phones show of a push without cutting it off.
LONGEST_TITLE, LONGEST_TEXT = 65, 178
# One of each kind that languages tell apart, in minutes and in hours, and the longest.
ETAS = (None, 0, 1, 2, 3, 11, 89, 90, 150, 660, 1440)
LONGEST_FACTS: Mapping[str, Fact] = {"merchant_name": "M" * 30, "order_id": "0" * 20}
NO_FACTS = sayable({}, Channel.PUSH)


@dataclass(frozen=True)
class Finding:
    """Something wrong with a catalogue. What is only a note is dearer or longer than it should be."""

    file: str
    what: str
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.file}: {'note: ' if self.is_note else ''}{self.what}"


def check(folder: Path) -> list[Finding]:
    """Everything wrong with the catalogues in a folder, file by file."""
    files = {file.stem.lower(): _File(file) for file in sorted(folder.glob("*.ftl"))}
    if ENGLISH not in files:
        return [Finding(f"{ENGLISH}.ftl", f"missing in {folder}: every other language falls back to it")]
    english = Entries(files[ENGLISH].entries)
    found = []
    for tag, file in files.items():
        family = [files[part] for part in lineage(tag) if part in files]
        problems = (*file.problems(), *_Check(file, family, english).problems())
        found += [Finding(file.name, what, is_note=is_note) for what, is_note in problems]
    return found


# What is wrong, and whether that is only a note.
_Problem = tuple[str, bool]


class _File:
    """One catalogue as it is written."""

    def __init__(self, file: Path) -> None:
        self.name, self.tag = file.name, file.stem.lower()
        self._text = file.read_text(encoding="utf-8-sig")
        self.resource = FluentResource(self._text)
        self.entries = [
            Entry(node) for node in self.resource.body if isinstance(node, (ast.Message, ast.Term))
        ]

    def problems(self) -> Iterator[_Problem]:
        for node in self.resource.body:
            if isinstance(node, ast.Junk):
                line = self._text.count("\n", 0, node.span.start if node.span else 0) + 1
                yield f"line {line} cannot be read: {node.annotations[0].message}", False
        counted = Counter(entry.name for entry in self.entries)
        yield from ((f"{name} is there {times} times", False) for name, times in counted.items() if times > 1)


class _Check:
    """One language next to English. A region is checked with what it takes over from its language."""

    def __init__(self, file: _File, family: Sequence[_File], english: Entries) -> None:
        self._own = {entry.name: entry for entry in file.entries}
        self._all = Entries(entry for member in family for entry in member.entries)
        self._english = english
        self._language = Language(file.tag, [member.resource for member in family])

    def problems(self) -> Iterator[_Problem]:
        whole = {name for name in self._all.messages if self._all.by_name[name].pieces >= {"title", "text"}}
        # A variant to compare is nothing that other languages lack.
        usual = {name for name in self._english.messages if MARK not in name}
        for name in sorted((_every_status() | usual) - whole):
            yield f"{name} is missing", False
        for name in sorted(self._english.phrases - self._all.by_name.keys()):
            yield f"{name} is missing", False
        for name, entry in self._own.items():
            broken = list(self._broken(entry))
            yield from ((f"{name} {what}", False) for what in broken)
            if not broken:
                yield from self._unsaid(entry)

    def _broken(self, entry: Entry) -> Iterator[str]:
        name, locale = entry.name, self._language.locale
        if not self._is_ever_said(entry):
            yield "is never said: English has nothing of this name"
        for reference, piece in sorted(entry.references, key=str):
            target = self._all.by_name.get(reference)
            if target is None or (piece and piece not in target.pieces) or not (piece or target.node.value):
                yield f"refers to {reference}{f'.{piece}' if piece else ''}, which is not there"
        for variable in sorted(entry.variables - self._known_variables(name)):
            yield f"uses ${variable}, which nobody gives it"
        for plural in entry.plurals:
            for category in plural.unknown_to(locale):
                yield f"has [{category}] for ${plural.variable}, a plural that {self._in_words} does not have"
            for category in plural.lacking_in(locale):
                yield f"lacks [{category}] for ${plural.variable}, a plural that {self._in_words} has"
        untold = self._english.numbers_told_apart(name) - self._all.numbers_told_apart(name)
        for variable in sorted(untold) if has_plurals(locale) else ():
            yield f"says one ${variable} as it says many: English tells them apart"

    def _is_ever_said(self, entry: Entry) -> bool:
        if entry.is_message:
            usual = entry.name.partition(MARK)[0]
            return usual in self._english.messages | _every_status() or _is_a_path(usual)
        referred_to = {name for other in self._all.by_name.values() for name, _ in other.references}
        return entry.name in self._english.phrases or entry.name in referred_to

    def _known_variables(self, name: str) -> frozenset[str]:
        if name in self._all.messages or name in self._all.parts:
            return frozenset(NO_FACTS)
        users = [other for other in self._all.phrases if self._all.by_name[name] in self._all.whole(other)]
        return frozenset(variable for user in users for variable in self._english.variables(user))

    @property
    def _in_words(self) -> str:
        return str(self._language.locale.english_name)

    def _unsaid(self, entry: Entry) -> Iterator[_Problem]:
        """What only shows when an entry is said."""
        if not entry.is_message:
            values = dict.fromkeys(self._all.variables(entry.name), 3)
            can_be_said = entry.name not in self._all.phrases or self._language.phrase(entry.name, values)
            yield from [] if can_be_said else [(f"{entry.name} cannot be said", False)]
        elif entry.pieces >= {"title", "text"}:
            yield from self._too_long(entry.name)

    def _too_long(self, name: str) -> Iterator[_Problem]:
        pushed = [self._language.say(name, Channel.PUSH, values) for values in _every_value()]
        said = [words for words in pushed if words]
        texted = self._language.say(name, Channel.SMS, NO_FACTS)
        if texted is None or len(said) < len(pushed):
            yield f"{name} cannot be said", False
            return
        for what, longest, limit in (
            ("title", max(len(words.title) for words in said), LONGEST_TITLE),
            ("text", max(len(words.text) for words in said), LONGEST_TEXT),
        ):
            if longest > limit:
                yield f"{name} has a {what} of {longest} characters, a phone shows {limit}", True
        if (parts := segments(texted.text)) > 1:
            yield f"{name} is {parts} text messages, with all left out that can be", True


@cache
def _every_value() -> Sequence[Mapping[str, str | int]]:
    """With and without each fact, as long as each can be."""
    given = [
        *product(({}, LONGEST_FACTS), ETAS),
        *(({name: LONGEST_FACTS[name]}, None) for name in LONGEST_FACTS),
    ]
    return [
        sayable(facts if eta is None else {**facts, "eta_minutes": eta}, Channel.PUSH) for facts, eta in given
    ]


def _every_status() -> set[str]:
    """What has to be there whatever English says: words for every status, and for all else."""
    told = {f"{role}-{status}".lower() for role in Role for status in Status if role in status.rule.told}
    return told | {f"{role}-news" for role in Role}


def _is_a_path(name: str) -> bool:
    role, _, path = name.partition("-")
    told = {status.lower() for status in Status if role in status.rule.told}
    return set(path.split("-")) <= told
