"""What attacks on the API came to: counts every answer, and knows which of them we documented."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DOCUMENT = "/openapi.json"
WEBHOOKS = "/webhooks/"


class Tally:
    """Counts every answer of an application, by operation and status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.to_webhooks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and note its answer."""
        statuses: list[int] = []

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self.answers[scope["method"], scope["path"], statuses[0] if statuses else 500] += 1
            self.to_webhooks += scope["path"].startswith(WEBHOOKS)


@dataclass(frozen=True)
class Fuzzed:
    """What the attacks came to. ``answers``: how many, by method, path as documented, and status."""

    answers: Mapping[tuple[str, str, int], int]
    document: Mapping[str, Any] = field(repr=False)
    failed_checks: int
    surprises: list[str]
    receipts_moved_back: bool

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(self.answers.values())

    @property
    def to_webhooks(self) -> int:
        """How many of them were to what providers call."""
        return sum(count for (_, path, _), count in self.answers.items() if path.startswith(WEBHOOKS))

    @property
    def server_errors(self) -> int:
        """Answers that were our bug: to be asked to come again later is none, where it is documented."""
        return sum(count for (*_, status), count in self.answers.items() if status >= 500 and status != 503)

    @property
    def unavailable(self) -> int:
        """How often something of ours was away: on a busy machine now and then, but not more."""
        return sum(count for (*_, status), count in self.answers.items() if status == 503)

    @property
    def undocumented(self) -> int:
        """Answers that the OpenAPI document does not know."""
        return sum(count for _, count in self.undocumented_answers())

    def undocumented_answers(self) -> list[tuple[str, int]]:
        """The same, each with how often it came."""
        return [
            (f"{method} {path}: {status}", count)
            for (method, path, status), count in self.answers.items()
            if not self._is_documented(method, path, status)
        ]

    @property
    def holds(self) -> bool:
        """Whether nothing at all was wrong."""
        is_away = self.unavailable * 100 > self.requests
        wrong = (self.server_errors, self.undocumented, self.failed_checks, len(self.surprises), is_away)
        return not any(wrong) and not self.receipts_moved_back

    def __str__(self) -> str:
        """The verdict in one line."""
        line = (
            f"fuzz: {'HOLDS' if self.holds else 'FAILS'} {self.requests:,} requests, "
            f"{self.to_webhooks:,} of them to webhooks, "
            f"{self.server_errors} server errors, {self.undocumented} undocumented answers"
        )
        more = {
            "failed checks of schemathesis": self.failed_checks,
            "unexpected answers": len(self.surprises),
            "notifications moved back": int(self.receipts_moved_back),
            "times told to come again": self.unavailable,
        }
        return ", ".join([line, *(f"{count} {what}" for what, count in more.items() if count)])

    def table(self) -> Table:
        """Statuses of each operation."""
        statuses = sorted({status for *_, status in self.answers})
        table = Table("operation", *(str(status) for status in statuses), title="Answers")
        for operation in sorted({answer[:2] for answer in self.answers if self._knows(*answer[:2])}):
            table.add_row(" ".join(operation), *(self._cell([operation], status) for status in statuses))
        rest = [answer[:2] for answer in self.answers if not self._knows(*answer[:2])]
        table.add_row("anything else", *(self._cell(set(rest), status) for status in statuses))
        return table

    def _cell(self, operations: Any, status: int) -> str:
        found = sum(self.answers.get((*operation, status), 0) for operation in operations)
        return f"{found:,}" if found else ""

    def _knows(self, method: str, path: str) -> bool:
        return method.lower() in self.document["paths"].get(path, {})

    def _is_documented(self, method: str, path: str, status: int) -> bool:
        if self._knows(method, path):
            return str(status) in self.document["paths"][path][method.lower()]["responses"]
        if path == DOCUMENT:
            return status == (200 if method in ("GET", "HEAD") else 405)
        # A letter's id is a UUID: what is none leads nowhere, by any method.
        if status == 404 and "{dead_letter_id}" in path:
            return True
        return status == (405 if path in self.document["paths"] else 404)


def by_operation(
    answers: Mapping[tuple[str, str, int], int], document: Mapping[str, Any]
) -> Mapping[tuple[str, str, int], int]:
    """Count by paths as they are documented, and every other path as it came."""
    patterns = {
        path: re.compile(re.sub(r"\\\{\w+\\\}", _of_one(path), re.escape(path)), re.DOTALL)
        # The most literal first: /a/b is no /a/{name}.
        for path in sorted(document["paths"], key=lambda path: path.count("{"))
    }
    found: Counter[tuple[str, str, int]] = Counter()
    for (method, path, status), count in answers.items():
        fits = (name for name, pattern in patterns.items() if pattern.fullmatch(path))
        known = path if path in patterns else next(fits, path)
        found[method, known, status] += count
    return found


def _of_one(path: str) -> str:
    """What stands for a parameter: an order may have slashes in its id, nothing else has."""
    return ".*" if "{order_id}" in path else "[^/]+"
