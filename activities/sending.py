"""Sends one notification: reads its row, calls the provider with no session open, writes what came of it."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, assert_never

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.planning import Wording
from activities.reaching import Reaching
from activities.turn import Turn, noted_by_the_last_attempt
from domain.breaker import PROBE_AFTER
from domain.channels import Channel
from domain.effort import JITTER, Effort, GiveUp, TryAgain, after_a_failure, may_be_sent_again
from domain.ledger import UNSETTLED, NotificationStatus
from domain.messages import Attempt, Envelope, Noted, Words
from domain.outcomes import Accepted, Gone, NotCalled, Outcome, Refused, TryLater, Unknown
from domain.telling import Send, Settled


class SendingLedger(Protocol):
    """The store as sending sees it. Every method is one transaction."""

    async def envelope(self, message_id: str) -> Envelope | None:
        """The notification's row and its recipient, or None where there is no such row."""

    async def record(self, message_id: str, attempt: Attempt) -> NotificationStatus:
        """Write an attempt if the row may still move that way; answers the status the row now has."""


@dataclass(frozen=True)
class Sending:
    """The activity behind every send queue."""

    ledger: SendingLedger
    wording: Wording
    reaching: Reaching

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
        answer = await self.reaching.reach(turn, self._words(envelope))
        if isinstance(answer.outcome, NotCalled):
            return await self._wait_for_the_breaker(turn, answer.outcome, has_next=request.has_next)
        return await self._conclude(turn, answer.provider, answer.outcome)

    async def _envelope(self, message_id: str) -> Envelope:
        envelope = await self.ledger.envelope(message_id)
        if envelope is None:
            raise ApplicationError(
                "the notification has no row in the ledger", type="NoRow", non_retryable=True
            )
        return envelope

    def _words(self, envelope: Envelope) -> Words:
        locale, role, channel = envelope.recipient.locale, envelope.role, envelope.channel
        return self.wording.words(locale, role, channel, envelope.path, envelope.facts, envelope.variant)

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
            case TryLater(reason, wait):
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
                status, reason = _given_up(turn, failed), f"{failed.reason}; {why}"
                return await self._settle(turn, replace(failed, status=status, reason=reason))
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


def _given_up(turn: Turn, failed: Attempt) -> NotificationStatus:
    """What may have arrived rests as unknown, where another channel would tell it twice; a push collapses."""
    is_push = turn.envelope.channel is Channel.PUSH
    return NotificationStatus.UNKNOWN if failed.is_in_doubt and not is_push else NotificationStatus.FAILED


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
