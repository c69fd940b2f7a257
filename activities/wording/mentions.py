"""Finds which facts each message mentions: what it says depends on no others."""

from collections.abc import Mapping
from typing import Any

from fluent.syntax.ast import Message, MessageReference, Term, TermReference, VariableReference
from fluent.syntax.visitor import Visitor


class _Mentions(Visitor):
    """The facts that one entry mentions itself, and the entries that it is made of."""

    def __init__(self) -> None:
        self.facts: set[str] = set()
        self.parts: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802 Fluent's name
        self.facts.add(node.id.name)

    def visit_MessageReference(self, node: MessageReference) -> None:  # noqa: N802 Fluent's name
        self.parts.add(node.id.name)

    def visit_TermReference(self, node: TermReference) -> None:  # noqa: N802 Fluent's name
        self.parts.add(f"-{node.id.name}")
        self.generic_visit(node)


def facts_mentioned(entries: Mapping[str, Message | Term]) -> dict[str, tuple[str, ...]]:
    """The names of the facts in every entry and in what it is made of."""
    own = {name: _mentions(entry) for name, entry in entries.items()}
    return {name: tuple(sorted(_all_of(name, own, set()))) for name in entries}


def _mentions(entry: Any) -> _Mentions:
    found = _Mentions()
    found.visit(entry)
    return found


def _all_of(name: str, own: Mapping[str, _Mentions], seen: set[str]) -> set[str]:
    if name in seen or name not in own:
        return set()
    seen.add(name)
    return own[name].facts.union(*(_all_of(part, own, seen) for part in own[name].parts))
