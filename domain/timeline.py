"""An order as its timeline tells it: every batch, who was told what where, and why not."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from domain.channels import Channel
from domain.desk import Desk, Stale
from domain.ledger import NotificationStatus
from domain.orders import Wire
from domain.status import Role, Status
from domain.telling import Batch, DeadLetter, Decision, Verdict

# Older batches are in the ledger; an order's workflow answers for its latest.
BATCHES_KEPT = 100
DEAD_LETTERS_SHOWN = 100

_NOT_USED = {Verdict.HELD: "not needed: kept for when another channel fails", Verdict.OFF: "switched off"}
_STATUS_OF = {
    Verdict.SEND: NotificationStatus.PENDING,
    Verdict.TOLD: NotificationStatus.DELIVERED,
    Verdict.REFUSED: NotificationStatus.FAILED,
    Verdict.SUPPRESSED: NotificationStatus.SUPPRESSED,
    Verdict.EXPIRED: NotificationStatus.EXPIRED,
}


class Line(BaseModel):
    """One channel of a batch. Without a ``status`` nothing was sent there, and ``reason`` says why."""

    channel: Channel
    verdict: Verdict
    status: NotificationStatus | None = None
    statuses: tuple[Status, ...] = ()
    reason: str | None = None
    provider: str | None = None
    message_id: str | None = None


class ToldBatch(BaseModel):
    """One batch and what became of it on each channel. ``held_for``: queues it was merged for longer for."""

    batch: int
    recipient_id: str
    role: Role
    statuses: tuple[Status, ...]
    told_at: datetime
    priority: int
    deadline: datetime
    channels: list[Line]
    note: str | None = None
    held_for: tuple[Channel, ...] = ()

    def line(self, channel: Channel) -> Line:
        """The line of one channel."""
        return next(line for line in self.channels if line.channel is channel)


class Timeline(Wire):
    """Everything an order's workflow can say about it; of batches and stale events, the latest.

    ``waiting``: news not told yet, each with its ``status``, ``recipient_id`` and ``role``, and ``due_at``,
    when its window ends.
    """

    order_id: str
    status: Status | None = None
    state: str
    batches: tuple[ToldBatch, ...]
    earlier_batches: int
    waiting: tuple[dict[str, str], ...]
    stale: tuple[Stale, ...]
    stale_in_all: int
    duplicates: int
    dead_letters: tuple[DeadLetter, ...]


def opening(batch: Batch, number: int, channels: dict[Channel, Decision]) -> ToldBatch:
    """A batch as planned, before anything was sent."""
    return ToldBatch(
        batch=number,
        recipient_id=batch.recipient_id,
        role=batch.role,
        statuses=batch.path,
        told_at=batch.told_at,
        priority=batch.priority,
        deadline=batch.deadline,
        channels=[_line(batch, channel, decision) for channel, decision in channels.items()],
        note=None if channels else "an earlier run of this order had told it",
        held_for=batch.held_for,
    )


def _line(batch: Batch, channel: Channel, decision: Decision) -> Line:
    status = _STATUS_OF.get(decision.verdict)
    return Line(
        channel=channel,
        verdict=decision.verdict,
        status=status,
        statuses=decision.path or batch.path_on(channel),
        reason=decision.reason or not_sent(decision.verdict),
        message_id=batch.message_id(channel) if status else None,
    )


def not_sent(verdict: Verdict) -> str | None:
    """Why nothing goes out on a channel, None for a verdict that speaks for itself."""
    return _NOT_USED.get(verdict)


def timeline(
    desk: Desk, batches: Iterable[ToldBatch], earlier: int, dead_letters: Iterable[DeadLetter], now: datetime
) -> Timeline:
    """The timeline of an order as it stands."""
    return Timeline(
        order_id=desk.order.order_id,
        status=desk.newest.status if desk.newest else None,
        state="over" if desk.has_ended(now) else "ending" if desk.ended_by else "open",
        batches=tuple(batches),
        earlier_batches=earlier,
        waiting=tuple(
            {
                "status": news.status,
                "recipient_id": listener.recipient_id,
                "role": listener.role,
                "due_at": due.isoformat(),
            }
            for listener in desk.listeners
            if (due := listener.due_at(desk.window))
            for news in listener.waiting
        ),
        stale=tuple(desk.stale),
        stale_in_all=desk.stale_in_all,
        duplicates=desk.duplicates,
        dead_letters=tuple(dead_letters),
    )


def as_markdown(told: Timeline) -> str:
    """A timeline for the Temporal UI."""
    lines = [f"**Order {told.order_id}** is {told.status or 'without news'} ({told.state})", ""]
    if told.batches:
        lines += ["| batch | told | to | push | sms | email | in-app |", "|---|---|---|---|---|---|---|"]
        lines += [_row(batch) for batch in told.batches]
    lines += [f"- stale: {stale.status} ({stale.reason})" for stale in told.stale]
    lines += [f"- dead letter from {letter.source}: {letter.reason}" for letter in told.dead_letters]
    return "\n".join(lines)


def _row(told: ToldBatch) -> str:
    lines = {line.channel: line for line in told.channels}
    cells = [_cell(lines.get(channel)) for channel in Channel]
    path = " → ".join(told.statuses)
    return f"| {told.batch} | {path} | {told.role} {told.recipient_id} | {' | '.join(cells)} |"


def _cell(line: Line | None) -> str:
    if line is None:
        return ""
    if line.status is None:
        return "-"
    return f"{line.status}: {line.reason}" if line.reason else str(line.status)
