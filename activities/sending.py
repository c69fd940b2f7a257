"""Sends one notification: reads its row, calls the provider with no session open, writes what came of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.planning import Wording
from domain.channels import Channel
from domain.effort import Effort, GiveUp, after_a_failure, is_fallback_due
from domain.ledger import UNSETTLED, NotificationStatus
from domain.messages import Attempt, Envelope, Message
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address
from domain.telling import Send, Settled


class Provider(Protocol):
    """Who carries a channel. Its outcome is returned; it raises only when our own code is wrong."""

    name: str

    def carries(self, address: Address) -> bool:
        """Whether this provider can send to ``address``."""

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, without retries of its own."""


class SendingLedger(Protocol):
    """The store as sending sees it. Every method is one transaction."""

    async def envelope(self, message_id: str) -> Envelope | None:
        """The notification's row and its recipient, or None where there is no such row."""

    async def record(self, message_id: str, attempt: Attempt) -> NotificationStatus:
        """Write an attempt if the row may still move that way; answers the status the row now has."""

    async def mark_gone(self, recipient_id: str, address: Address, reason: str) -> None:
        """Never use an address again, until the recipient gives it anew."""
