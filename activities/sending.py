"""Sends one notification: reads its row, calls the provider with no session open, writes what came of it."""

import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, assert_never

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.breakers import Breakers
from activities.planning import Wording
from activities.provider import Provider
from activities.turn import Turn, noted_by_the_last_attempt
from domain.breaker import PROBE_AFTER
from domain.channels import Channel, Reach
from domain.effort import JITTER, Effort, GiveUp, TryAgain, after_a_failure, may_be_sent_again
from domain.ledger import UNSETTLED, NotificationStatus
from domain.links import SignedLinks
from domain.live_activities import begun_by, push_addresses
from domain.messages import Attempt, Envelope, Links, Message, Noted
from domain.outcomes import Accepted, Gone, NotCalled, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address, Kind
from domain.telling import Send, Settled


class SendingLedger(Protocol):
    """The store as sending sees it. Every method is one transaction."""

    async def envelope(self, message_id: str) -> Envelope | None:
        """The notification's row and its recipient, or None where there is no such row."""

    async def record(self, message_id: str, attempt: Attempt) -> NotificationStatus:
        """Write an attempt if the row may still move that way; answers the status the row now has."""

    async def mark_gone(self, recipient_id: str, address: Address, outcome: Gone) -> None:
        """Never use an address again, until the recipient gives it anew."""

    async def note_live_activity(self, envelope: Envelope, started_by: Address) -> None:
        """Note that a device shows the order, or may, as a Live Activity."""


Answer = tuple[str | None, Outcome | NotCalled]

# Of several devices, one that has it is enough; one that may have it must not be told again elsewhere.
_BEST_FIRST: tuple[type[Outcome | NotCalled], ...] = (Accepted, Unknown, TryLater, NotCalled, Refused, Gone)


@dataclass(frozen=True)
class Sending:
    """The activity behind every send queue."""

    ledger: SendingLedger
    wording: Wording
    providers: Sequence[Provider]
    breakers: Breakers
    links: SignedLinks | None = None

    @activity.defn
    async def send(self, request: Send) -> Settled:
        """Send one notification, unless its row says it was. Raises to be tried again, and only for that."""
        noted = noted_by_the_last_attempt()
        with _harmless(noted):
            envelope = await self._envelope(request.message_id)
        if envelope.status not in UNSETTLED:
            return Settled(status=envelope.status, reason=envelope.reason, provider=envelope.provider)
        noted = _with_failures_before(noted, envelope)
        turn = Turn(envelope, Effort(request.waits, request.fall_back_after), noted)
        if noted.reference:
            return await self._settle(turn, turn.sent(noted.provider, noted.reference))
        if ending := turn.ending_without_a_call():
            return await self._settle(turn, ending)
        provider, outcome = await self._call(turn)
        if isinstance(outcome, NotCalled):
            return await self._wait_for_the_breaker(turn, outcome, has_next=request.has_next)
        return await self._conclude(turn, provider, outcome)

    async def _envelope(self, message_id: str) -> Envelope:
        envelope = await self.ledger.envelope(message_id)
        if envelope is None:
            raise ApplicationError(
                "the notification has no row in the ledger", type="NoRow", non_retryable=True
            )
        return envelope

    async def _call(self, turn: Turn) -> Answer:
        """Call for every address at once, and answer for the notification as a whole."""
        envelope = turn.envelope
        recipient = envelope.recipient
        words = self.wording.words(
            recipient.locale, envelope.role, envelope.channel, envelope.path, envelope.facts
        )
        message = turn.message(words, self._links(envelope))
        addresses = [
            address
            for address in _addresses(envelope, turn)
            if any(provider.carries(address) for provider in self.providers)
        ]
        answers = await asyncio.gather(
            *(self._reach(address, self._for(address, message, envelope)) for address in addresses)
        )
        outcomes = {address: outcome for address, (_, outcome) in zip(addresses, answers, strict=True)}
        await self._note_what_changed(envelope, outcomes)
        nowhere: Answer = (None, Refused("nowhere to send to"))
        return min(answers, key=lambda answer: _BEST_FIRST.index(type(answer[1])), default=nowhere)

    def _links(self, envelope: Envelope) -> Links | None:
        """Where the recipient changes what they get: an e-mail has room for it."""
        if self.links is None or envelope.channel is not Channel.EMAIL:
            return None
        is_record = any(status.rule.record for status in envelope.path)
        recipient_id = envelope.recipient.recipient_id
        return self.links.preferences(recipient_id, envelope.channel, is_optional=not is_record)

    def _for(self, address: Address, message: Message, envelope: Envelope) -> Message:
        """The message as one address gets it: what begins a Live Activity says where to hand in its token."""
        begun = begun_by(address, envelope.order_id, envelope.recipient)
        if begun is None or self.links is None:
            return message
        return replace(message, register=self.links.live_activity(begun.activity_id))

    async def _reach(self, address: Address, message: Message) -> Answer:
        """Call the providers of an address, those that are well first, until one has the message or may."""
        answers: list[Answer] = []
        for provider in self.breakers.well_first(one for one in self.providers if one.carries(address)):
            outcome = await self._one_call(provider, address, message)
            answers.append((provider.name, outcome))
            if not isinstance(outcome, (TryLater, Refused, NotCalled)):
                break
        return min(answers, key=lambda answer: _BEST_FIRST.index(type(answer[1])))

    async def _note_what_changed(
        self, envelope: Envelope, outcomes: Mapping[Address, Outcome | NotCalled]
    ) -> None:
        """Mark addresses that are dead and Live Activities that began.

        What the others answered must not get lost over a failure of this.
        """
        for address, outcome in outcomes.items():
            try:
                if isinstance(outcome, Gone):
                    await self.ledger.mark_gone(envelope.recipient.recipient_id, address, outcome)
                elif address.kind is Kind.LIVE_START and isinstance(outcome, (Accepted, Unknown)):
                    await self.ledger.note_live_activity(envelope, address)
            except Exception as trouble:  # noqa: BLE001 the next message finds out again
                activity.logger.warning("a change of an address was not noted: %s", type(trouble).__name__)

    async def _one_call(self, provider: Provider, address: Address, message: Message) -> Outcome | NotCalled:
        permit = await self.breakers.permit(provider.name)
        if permit is None:
            return NotCalled(f"{provider.name} is failing and not called")
        outcome: Outcome
        try:
            outcome = await provider.send(message, address)
        except Exception as bug:  # noqa: BLE001 our bug must not cost the recipient the other channels
            # Its text may hold an address: the type has to do.
            activity.logger.error("%s raised %s", provider.name, type(bug).__name__)
            outcome = TryLater("our own error, see the worker's log", ours=True)
        await self.breakers.note(provider.name, outcome, permit)
        return outcome

    async def _wait_for_the_breaker(self, turn: Turn, outcome: NotCalled, *, has_next: bool) -> Settled:
        """The next channel takes over at once; without one the news waits, within its deadline."""
        if has_next:
            return await self._settle(turn, turn.ended(NotificationStatus.FAILED, outcome.reason))
        if turn.now() + PROBE_AFTER >= turn.envelope.deadline:
            return await self._settle(turn, turn.ended(NotificationStatus.EXPIRED, outcome.reason))
        await self.ledger.record(turn.envelope.message_id, turn.waiting(outcome.reason))
        activity.heartbeat(turn.noted.model_copy(update={"harmless": turn.noted.harmless + 1}))
        spread = 1 + random.random() * JITTER  # noqa: S311 not a secret
        raise _again(outcome.reason, PROBE_AFTER * spread)

    async def _conclude(self, turn: Turn, provider: str | None, outcome: Outcome) -> Settled:
        """Write down what an answer means; where it means "not now", ask Temporal for another attempt."""
        match outcome:
            case Accepted(reference):
                return await self._settle(turn, turn.sent(provider, reference))
            case Refused(reason) | Gone(reason):
                return await self._settle(turn, turn.ended(NotificationStatus.FAILED, reason, provider))
            case TryLater(reason, wait, ours):
                if ours:
                    activity.logger.error("%s needs an operator: %s", provider, reason)
                failed = turn.failed(reason, provider, is_in_doubt=turn.is_repeat)
                return await self._try_again(turn, failed, wait)
            case Unknown(reason):
                envelope = turn.envelope
                if may_be_sent_again(envelope.channel, envelope.path, is_repeat=turn.is_repeat):
                    return await self._try_again(turn, turn.failed(reason, provider, is_in_doubt=True), None)
                return await self._settle(turn, turn.ended(NotificationStatus.UNKNOWN, reason, provider))
        assert_never(outcome)

    async def _try_again(self, turn: Turn, failed: Attempt, provider_wait: float | None) -> Settled:
        follows = after_a_failure(
            turn.effort,
            failures=failed.failures,
            provider_wait=provider_wait,
            now=failed.at,
            first_failed_at=turn.envelope.first_failed_at or failed.at,
            deadline=turn.envelope.deadline,
            jitter=random.random,
        )
        match follows:
            case GiveUp(why):
                ended = replace(failed, status=NotificationStatus.FAILED, reason=f"{failed.reason}; {why}")
                return await self._settle(turn, ended)
            case TryAgain(wait):
                await self.ledger.record(turn.envelope.message_id, failed)
                raise _again(failed.reason or "failed", timedelta(seconds=wait))

    async def _settle(self, turn: Turn, attempt: Attempt) -> Settled:
        """Write the end of a notification. Its row may have ended otherwise meanwhile: then that holds."""
        try:
            status = await self.ledger.record(turn.envelope.message_id, attempt)
        except Exception:
            if attempt.reference:
                # The provider has it: whatever the store's trouble is, the next attempt must only write.
                activity.heartbeat(Noted(reference=attempt.reference, provider=attempt.provider))
            raise
        return Settled(status=status, reason=attempt.reason, provider=attempt.provider)


def _with_failures_before(noted: Noted, envelope: Envelope) -> Noted:
    """While this send has called nobody, what its row counts is of another, and hides no attempt of ours."""
    if noted.harmless < activity.info().attempt - 1 or noted.failures_before == envelope.failures:
        return noted
    noted = noted.model_copy(update={"failures_before": envelope.failures})
    activity.heartbeat(noted)
    return noted


def _addresses(envelope: Envelope, turn: Turn) -> Sequence[Address]:
    """Everywhere a notification goes, none where its recipient has switched it off since it was planned."""
    recipient, role = envelope.recipient, envelope.role
    if all(recipient.reach(status, envelope.channel, role) is Reach.OFF for status in envelope.path):
        return ()
    if envelope.channel is not Channel.PUSH:
        return recipient.addresses(envelope.channel)
    return push_addresses(recipient, role, envelope.path, envelope.activities, is_repeat=turn.is_repeat)


def _again(reason: str, wait: timedelta) -> ApplicationError:
    """Asks Temporal for another attempt. Benign: it is expected, and needs no traceback in the log."""
    return ApplicationError(
        reason, type="TryLater", next_retry_delay=wait, category=ApplicationErrorCategory.BENIGN
    )


@contextlib.contextmanager
def _harmless(noted: Noted) -> Iterator[None]:
    """An attempt that ends in here has called nobody, and says so to the next."""
    try:
        yield
    except Exception:
        activity.heartbeat(noted.model_copy(update={"harmless": noted.harmless + 1}))
        raise
