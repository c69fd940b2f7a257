"""One attempt at one notification: what is known when it begins, and what may be written when it ends."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import activity

from domain.effort import Effort, is_fallback_due
from domain.ledger import NotificationStatus
from domain.messages import Attempt, Envelope, Links, Message, Noted, Words


def noted_by_the_last_attempt() -> Noted:
    """What an earlier attempt could not write down."""
    details = activity.info().heartbeat_details
    return Noted.model_validate(details[0]) if details else Noted()


@dataclass(frozen=True)
class Turn:
    """One attempt. ``is_repeat``: an earlier one may have arrived."""

    envelope: Envelope
    effort: Effort
    noted: Noted
    _began: float = field(default_factory=time.monotonic)

    @property
    def is_repeat(self) -> bool:
        """Whether an attempt before this one left no word of how it ended, or left it in doubt."""
        recorded = self.envelope.failures - self.noted.failures_before
        vanished = activity.info().attempt - 1 - self.noted.harmless - recorded
        return self.envelope.is_in_doubt or vanished > 0

    def now(self) -> datetime:
        """The server's clock, which the deadlines were set by, rather than the worker's."""
        return activity.info().started_time + timedelta(seconds=time.monotonic() - self._began)

    def message(self, words: Words, links: Links | None) -> Message:
        """The notification as a provider gets it."""
        envelope = self.envelope
        return Message(
            message_id=envelope.message_id,
            order_id=envelope.order_id,
            words=words,
            path=envelope.path,
            priority=envelope.priority,
            seconds_left=max(1, int((envelope.deadline - self.now()).total_seconds())),
            is_repeat=self.is_repeat,
            role=envelope.role,
            facts=envelope.facts,
            links=links,
        )

    def ending_without_a_call(self) -> Attempt | None:
        """The end of a notification whose time has passed, or whose next channel's time has come."""
        now, envelope = self.now(), self.envelope
        if now >= envelope.deadline:
            return self.ended(NotificationStatus.EXPIRED, "its turn came too late")
        if is_fallback_due(self.effort, first_failed_at=envelope.first_failed_at, now=now):
            return self.ended(NotificationStatus.FAILED, f"{envelope.reason}; another channel takes over")
        return None

    def sent(self, provider: str | None, reference: str) -> Attempt:
        """Accepted by a provider."""
        return Attempt(
            NotificationStatus.SENT,
            self.now(),
            self.envelope.failures,
            provider=provider,
            reference=reference,
        )

    def ended(self, status: NotificationStatus, reason: str, provider: str | None = None) -> Attempt:
        """Over on this channel without being told, as far as anyone knows."""
        return Attempt(status, self.now(), self.envelope.failures, reason, provider)

    def waiting(self, reason: str) -> Attempt:
        """Not tried, for now."""
        envelope = self.envelope
        return Attempt(
            NotificationStatus.RETRYING,
            self.now(),
            envelope.failures,
            reason,
            envelope.provider,
            is_in_doubt=self.is_repeat,
        )

    def failed(self, reason: str, provider: str | None, *, is_in_doubt: bool) -> Attempt:
        """Failed for now."""
        return Attempt(
            NotificationStatus.RETRYING,
            self.now(),
            self.envelope.failures + 1,
            reason,
            provider,
            is_in_doubt=is_in_doubt,
        )
