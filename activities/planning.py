"""Plans a batch in one transaction and closes what did not leave: local activities, no queue and no hop."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from temporalio import activity

from domain.channels import Channel
from domain.deciding import decide, why_unreachable
from domain.ledger import NotificationStatus
from domain.messages import Words
from domain.orders import Fact, Receipt
from domain.recipients import Recipient
from domain.status import Role, Status
from domain.telling import AskQueues, Batch, DeadLetter, Decision, Plan, Settle, TakeOver, Verdict


class Deciding(Protocol):
    """Decides on every channel from what the store knows of the recipient."""

    def __call__(
        self, batch: Batch, recipient: Recipient, *, told_in_last_hour: Mapping[Channel, int]
    ) -> dict[Channel, Decision]:
        """Answer for every channel."""


class Unreachable(Protocol):
    """Says why a recipient cannot be reached on a channel, or None."""

    def __call__(self, recipient: Recipient, channel: Channel) -> str | None:
        """Answer for one channel."""


class Wording(Protocol):
    """Puts a path into words."""

    def words(
        self,
        locale: str,
        role: Role,
        channel: Channel,
        path: tuple[Status, ...],
        facts: Mapping[str, Fact],
        variant: str | None = None,
    ) -> Words:
        """Answer in the best language there is for ``locale``, in a variant where it has that."""

    def variant(
        self, locale: str, role: Role, path: tuple[Status, ...], recipient_id: str, at: datetime
    ) -> str | None:
        """Which variant a recipient hears of news told ``at`` a moment, None where none are compared."""


class PlanningLedger(Protocol):
    """The store as planning sees it. Every method is one transaction and may safely run twice."""

    async def plan(self, batch: Batch, decide: Deciding, wording: Wording) -> Plan:
        """Decide, write the rows and the inbox, and mark what the batch withdraws.

        A batch planned before gets the plan it got then. With ``first_of_run`` the ledger says what
        earlier runs told, and takes over what they left unsettled.
        """

    async def take_over(self, request: TakeOver, unreachable: Unreachable, wording: Wording) -> Decision:
        """Write the row of a fallback channel: ``send``, or ``refused`` or ``suppressed``."""

    async def settle(self, request: Settle) -> None:
        """Close notifications that are still unsettled."""

    async def record_receipt(self, receipt: Receipt) -> NotificationStatus | None:
        """Move a notification forward by what its provider told us; a move backwards is ignored.

        Answers the status it then has, None for a notification we never sent.
        """

    async def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter."""


@dataclass(frozen=True)
class Planning:
    """The activities that run beside the workflow. ``carried``: channels that some provider carries.

    ``behind``: tells the channels whose queues are behind at this moment, as far as is known.
    """

    ledger: PlanningLedger
    wording: Wording
    carried: Collection[Channel]
    behind: Callable[[], Collection[Channel]] = tuple

    @activity.defn
    async def plan(self, batch: Batch) -> Plan:
        """Decide where a batch is told; deliver the in-app part."""
        plan = await self.ledger.plan(batch, partial(decide, carried=self.carried), self.wording)
        return self._with_what_is_behind(_without_what_the_batch_says(plan, batch))

    @activity.defn
    async def is_behind(self, request: AskQueues) -> bool:
        """Whether one of these queues is behind."""
        return any(channel in self.behind() for channel in request.channels)

    @activity.defn
    async def take_over(self, request: TakeOver) -> Decision:
        """Open the row of the channel that takes over from a failed one."""
        return await self.ledger.take_over(request, self._unreachable, self.wording)

    @activity.defn
    async def settle(self, request: Settle) -> None:
        """Close notifications that did not leave."""
        await self.ledger.settle(request)

    @activity.defn
    async def record_receipt(self, receipt: Receipt) -> NotificationStatus | None:
        """Write down what a provider told us later."""
        return await self.ledger.record_receipt(receipt)

    @activity.defn
    async def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter for a person to decide on."""
        await self.ledger.keep(letter)

    def _with_what_is_behind(self, plan: Plan) -> Plan:
        if not (behind := self.behind()):
            return plan
        late = tuple(
            channel
            for channel, made in plan.channels.items()
            if made.verdict is Verdict.SEND and channel in behind
        )
        return plan.model_copy(update={"behind": late})

    def _unreachable(self, recipient: Recipient, channel: Channel) -> str | None:
        return why_unreachable(recipient, channel, channel in self.carried)


def _without_what_the_batch_says(plan: Plan, batch: Batch) -> Plan:
    """A plan is written into the history, where each channel's path would be the same four times."""
    lean = {
        channel: made.model_copy(update={"path": ()}) if made.path == batch.path_on(channel) else made
        for channel, made in plan.channels.items()
    }
    return plan.model_copy(update={"channels": lean})
