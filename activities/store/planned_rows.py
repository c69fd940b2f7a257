"""The rows with which notifications begin: what was decided, by what, and what the send will need."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from domain.telling import Batch, Decision, Verdict

_N = NotificationStatus
BEGINS_AS: Mapping[Verdict, NotificationStatus] = {
    Verdict.SEND: _N.PENDING,
    Verdict.TOLD: _N.DELIVERED,
    Verdict.REFUSED: _N.FAILED,
    Verdict.SUPPRESSED: _N.SUPPRESSED,
    Verdict.EXPIRED: _N.EXPIRED,
}


def planned_row(
    batch: Batch,
    channel: Channel,
    decision: Decision,
    *,
    choices: Mapping[Channel, Mapping[Status, str]],
    variant: str | None,
    held: Mapping[Channel, Sequence[Status]] | None = None,
    at: datetime | None = None,
    instead_of: Channel | None = None,
) -> dict[str, object]:
    """The row of one channel. ``at``: when it was decided on, where that is not when the batch was told."""
    told_at = batch.told_at if decision.verdict is Verdict.TOLD else None
    return {
        "message_id": batch.message_id(channel),
        "order_id": batch.order_id,
        "recipient_id": batch.recipient_id,
        "role": batch.role,
        "channel": channel,
        "statuses": decision.path,
        "batch": batch.number,
        "status": BEGINS_AS[decision.verdict],
        "reason": decision.reason,
        "retry_count": 0,
        "provider": "inbox" if told_at else None,
        "created_at": at or batch.told_at,
        "updated_at": at or batch.told_at,
        "sent_at": told_at,
        "delivered_at": told_at,
        "deadline": batch.deadline,
        "events": [piece.event_id for piece in batch.news],
        "newest_status": batch.newest.status,
        "newest_at": batch.newest.at,
        "facts": batch.facts,
        "priority": batch.priority,
        "is_in_doubt": False,
        "verdict": decision.verdict,
        "held": held or {},
        "instead_of": instead_of,
        "redriven_by": batch.redriven_by,
        "variant": variant,
        "choices": choices,
    }
