"""Ends the Live Activities of an order: the last thing its lock screens show is how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.planning import Wording
from activities.provider import Provider
from domain.channels import Channel
from domain.live_activities import LiveActivity
from domain.messages import Message
from domain.outcomes import Outcome, Refused, TryLater, Unknown
from domain.recipients import Address, Recipient, unknown_recipient
from domain.status import Role
from domain.telling import EndLiveActivities

if TYPE_CHECKING:
    # By name only: a workflow refers to this module, and must not load the store.
    from activities.store.notifications import Notification

# For how long a phone that is off may still be told.
_USEFUL_FOR_S = 4 * 3600


@runtime_checkable
class Ends(Provider, Protocol):
    """A provider that shows Live Activities, and can end them."""

    async def end(self, message: Message, address: Address, *, at_once: bool = False) -> Outcome:
        """One attempt to end one activity, which goes on showing ``message`` for a short while.

        ``at_once``: it leaves the screen now.
        """


class EndingLedger(Protocol):
    """The store as ending sees it. Every method is one transaction."""

    async def live_activities(self, order_id: str) -> Sequence[LiveActivity]:
        """Everything that still shows an order to anyone."""

    async def history(self, order_id: str) -> "Sequence[Notification]":
        """All rows of an order."""

    async def find(self, recipient_id: str) -> Recipient | None:
        """A recipient with the addresses that work."""

    async def live_activity_ended(self, token: str) -> None:
        """An activity shows its order no more."""


@dataclass(frozen=True)
class Ending:
    """The activity with which an order's workflow, or the sweep in its place, ends what shows the order."""

    ledger: EndingLedger
    wording: Wording
    providers: Sequence[Provider]

    @activity.defn
    async def end(self, request: EndLiveActivities) -> None:
        """End all there are, or all of erased people. Raises to be tried again while one is left."""
        left = [shown for shown in await self.ledger.live_activities(request.order_id) if shown.address]
        if not left:
            return
        rows = await self.ledger.history(request.order_id)
        reasons = [await self._end_one(shown, rows, request) for shown in left]
        if why := next(filter(None, reasons), None):
            raise ApplicationError(why, type="TryLater", category=ApplicationErrorCategory.BENIGN)

    async def _end_one(
        self, shown: LiveActivity, rows: "Sequence[Notification]", request: EndLiveActivities
    ) -> str | None:
        """Why one activity is not ended yet, None when nothing is left to do about it."""
        recipient = await self.ledger.find(shown.recipient_id)
        if recipient and request.only_of_erased:
            return None
        whose = recipient or unknown_recipient(shown.recipient_id, Role.CUSTOMER)
        address, message = shown.address, self._last_message(shown, whose, rows)
        provider = next((one for one in self.providers if address and one.carries(address)), None)
        if address is None or message is None or not isinstance(provider, Ends):
            activity.logger.warning("a live activity of order %s cannot be ended", shown.order_id)
            if address and recipient is None:
                # We do not keep it to wait for a provider that can.
                await self.ledger.live_activity_ended(address.value)
            return None
        outcome = await provider.end(message, address, at_once=recipient is None)
        if isinstance(outcome, (TryLater, Unknown)):
            return outcome.reason
        if isinstance(outcome, Refused):
            # Trying again would not help. iOS takes it off the screen by itself within 12 hours.
            activity.logger.warning(
                "live activity %s of order %s is not ended: %s",
                shown.activity_id,
                shown.order_id,
                outcome.reason,
            )
        await self.ledger.live_activity_ended(address.value)
        return None

    def _last_message(
        self, shown: LiveActivity, recipient: Recipient, rows: "Sequence[Notification]"
    ) -> Message | None:
        """How the order stands, in the words of the recipient's language."""
        theirs = [row for row in rows if row.recipient_id == shown.recipient_id]
        if not theirs:
            return None
        newest = max(theirs, key=lambda row: row.moment)
        path = newest.statuses[-1:]
        return Message(
            message_id=shown.activity_id,
            order_id=shown.order_id,
            words=self.wording.words(
                recipient.locale, Role.CUSTOMER, Channel.PUSH, path, newest.facts, newest.variant
            ),
            path=path,
            priority=1,
            seconds_left=_USEFUL_FOR_S,
            facts=newest.facts,
        )
