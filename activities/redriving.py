"""Opens a dead letter again and writes down what became of it: local activities of a redrive."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from temporalio import activity

from activities.planning import Deciding, Unreachable, Wording
from domain.channels import Channel
from domain.deciding import decide, why_unreachable
from domain.recipients import Recipient
from domain.redriving import Redriven, Reopen, Reopened
from domain.telling import DeadLetter


class RedrivingLedger(Protocol):
    """The store as a redrive sees it. Every method is one transaction and may safely run twice."""

    async def reopen(
        self, request: Reopen, decide: Deciding, unreachable: Unreachable, wording: Wording
    ) -> Reopened:
        """Ask whether a letter is still true, and if so open its rows and deliver the in-app part."""

    async def resolve(self, dead_letter_id: str, resolution: str) -> bool:
        """Note what was decided on a dead letter; False when that was done before."""

    async def give_reason(self, letter: DeadLetter) -> None:
        """Let a letter that was redriven in vain go on waiting, for the reasons of now."""


@dataclass(frozen=True)
class Redriving:
    """The activities that run beside a redrive. ``carried``: channels that some provider carries."""

    ledger: RedrivingLedger
    wording: Wording
    carried: Collection[Channel]

    @activity.defn
    async def reopen(self, request: Reopen) -> Reopened:
        """Ask whether a dead letter is still true; if so, open it."""
        deciding = partial(decide, carried=self.carried)
        return await self.ledger.reopen(request, deciding, self._unreachable, self.wording)

    @activity.defn
    async def decide_on(self, redriven: Redriven) -> None:
        """Note on a dead letter that it was redriven, and how that went."""
        await self.ledger.resolve(redriven.dead_letter_id, f"{redriven.outcome}: {redriven.how}")

    @activity.defn
    async def go_on_waiting(self, letter: DeadLetter) -> None:
        """Let a letter that was redriven in vain wait for the reasons of now."""
        await self.ledger.give_reason(letter)

    def _unreachable(self, recipient: Recipient, channel: Channel) -> str | None:
        return why_unreachable(recipient, channel, channel in self.carried)
