"""The store behind the protocols of planning and sending: every method is one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from activities.store import (
    breakers,
    dead_letters,
    inbox,
    live_activities,
    notifications,
    opt_outs,
    plans,
    receipts,
    recipients,
    redriving,
    sends,
    signing_keys,
    standing,
)
from activities.store.api_keys import ApiKeys
from activities.store.consents import Consents
from activities.store.database import Database
from activities.store.dead_letters import BEGINNING, KeptLetter
from activities.store.experiments import Experiments
from activities.store.inbox import InboxMessage
from activities.store.inboxes import Inboxes
from activities.store.looking_back import LookingBack
from activities.store.notifications import Notification
from activities.store.people import LOADED, People
from activities.store.recipients import GoneAddress
from activities.store.redriving import Prospect
from activities.store.standing import Standing
from activities.store.timelines import Timelines
from domain.breaker import BreakerState, Health
from domain.channels import Channel
from domain.consents import PROVIDER, RECIPIENT, By
from domain.ledger import NotificationStatus
from domain.live_activities import LiveActivity, begun_by
from domain.messages import Attempt, Envelope
from domain.orders import Receipt
from domain.outcomes import Gone
from domain.recipients import Address, OptOut, Recipient
from domain.redriving import Reopen, Reopened
from domain.telling import Batch, DeadLetter, Decision, Plan, Settle, TakeOver

if TYPE_CHECKING:
    # By name only: the store must load neither Temporal nor what calls it.
    from activities.breakers import Tally
    from activities.planning import Deciding, Unreachable, Wording


def utc_now() -> datetime:
    """The time, for what nobody told us the time of."""
    return datetime.now(UTC)


class Store:
    """Everything we keep, at a SQLAlchemy URL; ``migrating.migrate`` makes its tables.

    Raises ``errors.StoreUnavailable`` when the database does not answer. Nothing is opened before the
    first call; :meth:`close` when done.
    """

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        self._database = Database(url)
        self._now = now
        self.api_keys = ApiKeys(self._database, now)
        self.consents = Consents(self._database, now)
        self.people = People(self._database, self.consents, now)
        self.timelines = Timelines(self._database)
        self.experiments = Experiments(self._database)
        self.inboxes = Inboxes(self._database, now)
        self.looking_back = LookingBack(self._database)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._database.close()

    # For planning

    async def plan(self, batch: Batch, decide: "Deciding", wording: "Wording") -> Plan:
        """Decide on a batch, write its rows and its inbox message, and close what it carries."""
        try:
            async with self._database.transaction() as connection:
                return await plans.plan(connection, batch, decide, wording, look=batch.first_of_run)
        except plans.PlannedMeanwhile:
            async with self._database.transaction() as connection:
                return await plans.plan(connection, batch, decide, wording, look=True)

    async def take_over(self, request: TakeOver, unreachable: "Unreachable", wording: "Wording") -> Decision:
        """Write the row of a fallback channel."""
        async with self._database.transaction() as connection:
            return await plans.take_over(connection, request, unreachable, wording)

    async def settle(self, request: Settle) -> None:
        """Close notifications that are still unsettled."""
        async with self._database.writing() as connection:
            await notifications.settle(connection, request, self._now())

    async def record_receipt(self, receipt: Receipt) -> NotificationStatus | None:
        """Move a notification forward by what its provider told us; None where we know of none."""
        async with self._database.writing() as connection:
            return await notifications.record_receipt(connection, receipt, self._now())

    async def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter."""
        async with self._database.writing() as connection:
            await dead_letters.keep(connection, letter)

    # For redriving

    async def reopen(
        self, request: Reopen, decide: "Deciding", unreachable: "Unreachable", wording: "Wording"
    ) -> Reopened:
        """Open what it takes to tell a dead letter's batch again, if it is still true."""
        async with self._database.transaction() as connection:
            return await redriving.reopen(connection, request, decide, unreachable, wording)

    async def prospects(
        self, requests: Iterable[Reopen], decide: "Deciding", unreachable: "Unreachable"
    ) -> list[Reopened | Prospect]:
        """What redriving would come to, one for one, without a change to anything."""
        async with self._database.reading() as connection:
            return [await redriving.look(connection, request, decide, unreachable) for request in requests]

    async def give_reason(self, letter: DeadLetter) -> None:
        """Let a letter that was redriven in vain go on waiting, for the reasons of now."""
        async with self._database.writing() as connection:
            await dead_letters.give_reason(connection, letter)

    # For sending

    async def envelope(self, message_id: str) -> Envelope | None:
        """A notification's row and its recipient, or None where there is no such row."""
        async with self._database.reading() as connection:
            return await sends.envelope(connection, message_id)

    async def record(self, message_id: str, attempt: Attempt) -> NotificationStatus:
        """Write an attempt if the row may still move that way; answers the status the row now has."""
        async with self._database.writing() as connection:
            return await sends.record(connection, message_id, attempt)

    async def mark_gone(
        self, recipient_id: str, address: Address, outcome: Gone, actor: str = PROVIDER
    ) -> None:
        """Never use an address again: until the recipient gives it anew, or wants it again."""
        await self.people.mark_gone(recipient_id, address, outcome, actor)

    async def note_live_activity(self, envelope: Envelope, started_by: Address) -> None:
        """Note that a device shows the order, or may, as a Live Activity."""
        if begun := begun_by(started_by, envelope.order_id, envelope.recipient):
            async with self._database.writing() as connection:
                await live_activities.note(connection, begun, self._now())

    # For Live Activities

    async def register_live_activity(self, activity_id: str, token: str) -> str | None:
        """Remember where an activity's updates go; answers its order, None where there is none."""
        async with self._database.writing() as connection:
            return await live_activities.register(connection, activity_id, token)

    async def live_activities(self, order_id: str) -> Sequence[LiveActivity]:
        """Everything that still shows an order to anyone."""
        async with self._database.reading() as connection:
            return await live_activities.to_be_ended(connection, order_id)

    async def orders_shown(self, before: datetime, after: str = "", limit: int = 100) -> Sequence[str]:
        """Orders that Live Activities show since before a moment, by id, from ``after`` on."""
        async with self._database.reading() as connection:
            return await live_activities.orders_shown(connection, before, after, limit)

    async def orders_shown_to_erased(self, limit: int = 100) -> Sequence[str]:
        """Orders that Live Activities show to people who were erased since."""
        async with self._database.reading() as connection:
            return await live_activities.orders_shown_to_erased(connection, limit)

    async def live_activity_ended(self, token: str) -> None:
        """An activity shows its order no more."""
        async with self._database.writing() as connection:
            await live_activities.ended(connection, token, self._now())

    # For what providers and recipients tell us

    async def is_known_receipt(self, receipt_id: str) -> bool:
        """Whether this very message of a provider's was taken in before."""
        async with self._database.reading() as connection:
            return await receipts.is_known(connection, receipt_id)

    async def remember_receipt(self, receipt_id: str, provider: str, receipt: Receipt) -> None:
        """Remember a message of a provider's that was taken in."""
        async with self._database.writing() as connection:
            await receipts.remember(connection, receipt_id, provider, receipt, self._now())

    async def notification(self, message_id: str) -> Notification | None:
        """One row of the ledger, None where there is no such row."""
        async with self._database.reading() as connection:
            return await notifications.by_id(connection, message_id)

    async def mark_only_one_gone(
        self, recipient_id: str, channel: Channel, reason: str, actor: str = PROVIDER
    ) -> None:
        """Never use the one address of a channel again, until the recipient gives it anew."""
        await self.people.mark_only_one_gone(recipient_id, channel, reason, actor)

    async def opt_out(
        self, channel: Channel, value: str, covers: OptOut, source: str, actor: str = RECIPIENT
    ) -> None:
        """Note what is not wanted at an address from now on; ``source`` says how ``actor`` said so."""
        await self.people.opt_out(channel, value, covers, By(actor, source))

    async def opt_in(
        self, channel: Channel, value: str, source: str = "START", actor: str = RECIPIENT
    ) -> None:
        """Everything is wanted at an address again."""
        await self.people.opt_in(channel, value, By(actor, source))

    async def opted_out_of(self, channel: Channel, value: str) -> OptOut | None:
        """What is not wanted at an address, None when everything is."""
        async with self._database.reading() as connection:
            return await opt_outs.opted_out_of(connection, channel, value)

    async def address_of(self, recipient_id: str, channel: Channel) -> str | None:
        """The one address of a recipient on a channel, None where there is none that works."""
        async with self._database.reading() as connection:
            return await opt_outs.address_of(connection, recipient_id, channel)

    async def signing_secrets(self) -> Sequence[str]:
        """The secrets that our own links are signed with, the one that signs last."""
        async with self._database.writing() as connection:
            return await signing_keys.signing_secrets(connection, self._now())

    # For breakers

    async def settle_calls(self, tallies: "Mapping[str, Tally]", now: datetime) -> Sequence[Health]:
        """Add calls to the fleet's counts, open breakers that should be, answer for every known provider."""
        async with self._database.transaction() as connection:
            return await breakers.settle_calls(connection, tallies, now)

    async def claim_probe(self, provider: str, now: datetime) -> bool:
        """Take the one probe that is allowed at a time; False when somebody else has it."""
        async with self._database.transaction() as connection:
            return await breakers.claim_probe(connection, provider, now)

    async def probe_ended(self, provider: str, now: datetime, *, is_well: bool) -> None:
        """Close the breaker, or keep it open for another while."""
        async with self._database.transaction() as connection:
            await breakers.probe_ended(connection, provider, now, is_well=is_well)

    async def healths(self) -> Sequence[Health]:
        """Every provider that was ever called or forced, as the fleet sees it."""
        async with self._database.reading() as connection:
            return await breakers.known(connection, self._now())

    async def force_breaker(self, provider: str, state: BreakerState, reason: str) -> None:
        """Put a breaker into a state by hand; CLOSED gives it back to its own judgement."""
        async with self._database.transaction() as connection:
            await breakers.force(connection, provider, state, reason, self._now())

    # For those who look after recipients

    async def load(self, people: Iterable[Recipient], by: By = LOADED) -> None:
        """Write recipients as given, all of them or none; their addresses are replaced."""
        await self.people.load(people, by)

    async def find(self, recipient_id: str) -> Recipient | None:
        """A recipient with the addresses that work, or None where nobody loaded the id."""
        async with self._database.reading() as connection:
            return await recipients.find(connection, recipient_id)

    async def gone(self, recipient_id: str) -> tuple[GoneAddress, ...]:
        """The recipient's addresses that providers told us not to use again."""
        async with self._database.reading() as connection:
            return await recipients.gone(connection, recipient_id)

    # For readers

    async def history(self, order_id: str) -> tuple[Notification, ...]:
        """The ledger's rows of an order, oldest first."""
        async with self._database.reading() as connection:
            return tuple(await notifications.of_order(connection, order_id))

    async def unsettled(
        self, before: datetime, limit: int = 100, after: tuple[datetime, str] = BEGINNING
    ) -> tuple[Notification, ...]:
        """Notifications under way that nothing was written to since ``before``, oldest first.

        ``after``: the ``updated_at`` and ``message_id`` of the last one of the page before.
        """
        async with self._database.reading() as connection:
            return tuple(await notifications.unsettled(connection, before, limit, after))

    async def standing(self) -> Standing:
        """What waits in the store, for whoever watches it."""
        async with self._database.reading() as connection:
            return await standing.standing(connection)

    async def inbox(self, recipient_id: str, limit: int = 100) -> tuple[InboxMessage, ...]:
        """A recipient's in-app messages, newest first."""
        async with self._database.reading() as connection:
            return await inbox.newest(connection, recipient_id, limit)

    async def dead_letters(self, limit: int = 100) -> tuple[DeadLetter, ...]:
        """Dead letters that nobody decided on yet, oldest first."""
        async with self._database.reading() as connection:
            return tuple(kept.letter for kept in await dead_letters.waiting(connection, limit))

    async def kept_letters(
        self, limit: int, group: str | None = None, after: tuple[datetime, str] = BEGINNING
    ) -> tuple[KeptLetter, ...]:
        """The same with the group each is in, of one group or of all.

        ``after``: the ``at`` and ``dead_letter_id`` of the last one of the page before.
        """
        async with self._database.reading() as connection:
            return await dead_letters.waiting(connection, limit, group, after)

    async def letters_of(self, order_id: str, limit: int = 100) -> tuple[KeptLetter, ...]:
        """The dead letters of an order, decided on or not, oldest first."""
        async with self._database.reading() as connection:
            return await dead_letters.of_order(connection, order_id, limit)

    async def letter_groups(self) -> Mapping[str, int]:
        """How many dead letters wait for each group of reasons, the most first."""
        async with self._database.reading() as connection:
            return await dead_letters.groups(connection)

    async def kept_letter(self, dead_letter_id: str) -> KeptLetter | None:
        """One dead letter, decided on or not, or None where there is no such letter."""
        async with self._database.reading() as connection:
            return await dead_letters.by_id(connection, dead_letter_id)

    async def resolve(self, dead_letter_id: str, resolution: str) -> bool:
        """Note what was decided on a dead letter; False when that was done before."""
        async with self._database.writing() as connection:
            return await dead_letters.resolve(connection, dead_letter_id, resolution, self._now())
