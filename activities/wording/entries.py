"""What the entries of a catalogue are made of: what they refer to, and which numbers they tell apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeVar

from babel import Locale
from fluent.syntax import ast

# Every number that anybody says is among these, and every way to say it.
NUMBERS = range(1001)
_Node = TypeVar("_Node", bound=ast.BaseNode)
CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})


@dataclass(frozen=True)
class Entry:
    """One message, phrase or part of a sentence, as it is written."""

    node: ast.Message | ast.Term

    @property
    def name(self) -> str:
        """How it is referred to."""
        return f"-{self.node.id.name}" if isinstance(self.node, ast.Term) else str(self.node.id.name)

    @property
    def pieces(self) -> frozenset[str]:
        """Its attributes: a message has ``title`` and ``text``, a phrase has none."""
        return frozenset(attribute.id.name for attribute in self.node.attributes)

    @property
    def is_message(self) -> bool:
        """Whether it tells news, rather than being a phrase or a part."""
        return bool(self.pieces)

    @cached_property
    def variables(self) -> frozenset[str]:
        """What it says or selects by that comes from outside."""
        return frozenset(node.id.name for node in self._all(ast.VariableReference))

    @cached_property
    def references(self) -> frozenset[tuple[str, str | None]]:
        """The entries it is made of, each with the attribute that is meant."""
        messages = [(node.id.name, node.attribute) for node in self._all(ast.MessageReference)]
        terms = [(f"-{node.id.name}", node.attribute) for node in self._all(ast.TermReference)]
        return frozenset((name, piece.name if piece else None) for name, piece in (*messages, *terms))

    @cached_property
    def plurals(self) -> tuple["Plural", ...]:
        """Where it tells numbers apart."""
        selections = map(Plural.of, self._all(ast.SelectExpression))
        return tuple(plural for plural in selections if plural)

    def _all(self, kind: type[_Node]) -> Iterator[_Node]:
        return (node for node in _walk(self.node) if isinstance(node, kind))


@dataclass(frozen=True)
class Plural:
    """A selection by a number: the plural categories it has words for, and the numbers it names."""

    variable: str
    categories: frozenset[str]
    named: frozenset[int]

    @classmethod
    def of(cls, selection: ast.SelectExpression) -> "Plural | None":
        """None for a selection by something else, such as "yes" and "no"."""
        keys = [variant.key for variant in selection.variants]
        words = {key.name for key in keys if isinstance(key, ast.Identifier)}
        numbers = frozenset(int(float(key.value)) for key in keys if isinstance(key, ast.NumberLiteral))
        variables = [node for node in _walk(selection.selector) if isinstance(node, ast.VariableReference)]
        if not variables or not words <= CATEGORIES or not (numbers or words - {"other"}):
            return None
        return cls(variables[0].id.name, frozenset(words), numbers)

    def unknown_to(self, locale: Locale) -> Iterable[str]:
        """Categories that the language does not have: their words are never said."""
        return sorted(self.categories - {"other", *locale.plural_form.tags})

    def lacking_in(self, locale: Locale) -> Iterable[str]:
        """Categories of the language without words: their numbers are said as others are."""
        needed = {category for number, category in _said(locale).items() if number not in self.named}
        return sorted(needed - self.categories - {"other"})


def has_plurals(locale: Locale) -> bool:
    """Whether the language tells numbers apart at all."""
    return len(set(_said(locale).values())) > 1


@cache
def _said(locale: Locale) -> Mapping[int, str]:
    return {number: locale.plural_form(number) for number in NUMBERS}


class Entries:
    """The entries of one language by name, and what each comes to with all that it is made of."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_name: Mapping[str, Entry] = {entry.name: entry for entry in reversed(list(entries))}

    def whole(self, name: str) -> tuple[Entry, ...]:
        """An entry and everything that it refers to, near or far."""
        found: dict[str, Entry] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in self.by_name and one not in found:
                found[one] = self.by_name[one]
                waiting += [reference for reference, _ in found[one].references]
        return tuple(found.values())

    def variables(self, name: str) -> frozenset[str]:
        """What an entry needs from outside, its parts included."""
        return frozenset(variable for entry in self.whole(name) for variable in entry.variables)

    def numbers_told_apart(self, name: str) -> frozenset[str]:
        """By which of its variables an entry tells numbers apart, its parts included."""
        return frozenset(plural.variable for entry in self.whole(name) for plural in entry.plurals)

    @cached_property
    def messages(self) -> frozenset[str]:
        """What tells news."""
        return frozenset(name for name, entry in self.by_name.items() if entry.is_message)

    @cached_property
    def parts(self) -> frozenset[str]:
        """What messages are made of: each language has its own."""
        made_of = {entry.name for name in self.messages for entry in self.whole(name)}
        return frozenset(made_of - self.messages)

    @cached_property
    def phrases(self) -> frozenset[str]:
        """What is said around the news, by pages and e-mails."""
        rest = self.by_name.keys() - self.messages - self.parts
        return frozenset(name for name in rest if not name.startswith("-"))


def _walk(node: ast.BaseNode) -> Iterator[ast.BaseNode]:
    yield node
    for part in vars(node).values():
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.BaseNode):
                yield from _walk(child)
