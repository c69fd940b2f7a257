"""Opens a dead letter again if it is still true: asks and writes in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import dead_letters, inbox, notifications, recipients
from activities.store.notifications import Notification
from activities.store.plans import told_in_last_hour, write_down
from domain.channels import Channel
from domain.ledger import UNSETTLED, NotificationStatus
from domain.orders import BadInput, OrderEvent
from domain.recipients import Recipient, unknown_recipient
from domain.redriving import Reopen, Reopened, read_again, why_out_of_reach, why_untrue
from domain.telling import Batch, DeadLetter, Decision, Plan, Verdict

if TYPE_CHECKING:
    from activities.planning import Deciding, Unreachable, Wording

_CAN_BE_SENT = UNSETTLED | {NotificationStatus.FAILED}


@dataclass(frozen=True, slots=True)
class Prospect:
    """What telling a batch again would come to, and the rows it has so far."""

    batch: Batch
    recipient: Recipient
    rows: Mapping[Channel, Notification]
    decisions: Mapping[Channel, Decision]


async def look(
    connection: AsyncConnection, request: Reopen, decide: "Deciding", unreachable: "Unreachable"
) -> Reopened | Prospect:
    """What a redrive would do: a refusal, an event or a receipt as they are, or a batch to be told."""
    kept = await dead_letters.by_id(connection, request.dead_letter_id)
    if kept is None:
        return Reopened(refusal="no such dead letter")
    if kept.resolved_at:
        return Reopened(refusal=f"decided on before: {kept.resolution}")
    if kept.letter.field:
        return _read(kept.letter, request.at)
    if kept.letter.content is None:
        return Reopened(refusal="its content was not kept, see the order's timeline")
    return await _look_at_batch(connection, kept.letter.content, request, decide, unreachable)


async def reopen(
    connection: AsyncConnection,
    request: Reopen,
    decide: "Deciding",
    unreachable: "Unreachable",
    wording: "Wording",
) -> Reopened:
    """Look, and where a batch may be told, open its rows again and add those it lacks."""
    found = await look(connection, request, decide, unreachable)
    if isinstance(found, Reopened):
        return found
    turn = await inbox.take_turn(connection, found.batch.recipient_id)
    # Once more, now that nobody else tells this person anything that counts against a cap.
    found = await look(connection, request, decide, unreachable)
    if isinstance(found, Reopened):
        return found
    batch, decisions = found.batch, found.decisions
    for channel, row in found.rows.items():
        if decisions[channel].verdict is Verdict.SEND:
            path = decisions[channel].path
            await notifications.reopen(connection, row.message_id, path, request.redrive, request.at)
    lacking = {channel: made for channel, made in decisions.items() if channel not in found.rows}
    held = {channel: made for channel, made in decisions.items() if made.verdict is Verdict.HELD}
    await write_down(connection, batch, found.recipient, {**lacking, **held}, wording, turn)
    return Reopened(batch=batch, plan=Plan(channels=dict(decisions), number=batch.number))


def _read(letter: DeadLetter, at: datetime) -> Reopened:
    try:
        content = read_again(letter, at)
    except BadInput as problem:
        return Reopened(refusal=str(problem))
    return Reopened(event=content) if isinstance(content, OrderEvent) else Reopened(receipt=content)


async def _look_at_batch(
    connection: AsyncConnection,
    content: Batch,
    request: Reopen,
    decide: "Deciding",
    unreachable: "Unreachable",
) -> Reopened | Prospect:
    rows = await notifications.of_order(connection, content.order_id)
    if untrue := why_untrue(content, rows, request.at, request.redrive):
        return Reopened(refusal=untrue)
    own = {row.channel: row for row in rows if row.message_id == content.message_id(row.channel)}
    batch = _as_told_now(content, list(own.values()), request)
    known = await recipients.find(connection, batch.recipient_id)
    recipient = known or unknown_recipient(batch.recipient_id, batch.role)
    messages = await told_in_last_hour(connection, batch, batch.told_at)
    decisions = decide(batch, recipient, told_in_last_hour=messages)
    decisions |= {channel: _given(row, decisions[channel]) for channel, row in own.items()}
    reasons = {channel: unreachable(recipient, channel) for channel in Channel}
    if reason := why_out_of_reach(decisions, reasons):
        return Reopened(refusal=reason)
    return Prospect(batch, recipient, own, decisions)


def _as_told_now(content: Batch, own: Sequence[Notification], request: Reopen) -> Batch:
    """The batch as its rows have it, which is without what an earlier run had told, from now on."""
    planned = {event for row in own for event in row.events}
    news = tuple(piece for piece in content.news if piece.event_id in planned) or content.news
    number = own[0].batch if own else content.number
    again = {"told_at": request.at, "first_of_run": False, "redriven_by": request.redrive}
    return content.model_copy(update={"news": news, "number": number, **again})


def _given(row: Notification, made: Decision) -> Decision:
    """What was decided today, as far as a row that is there already lets it be done."""
    if row.status in UNSETTLED:  # opened before, by this very question or by a redrive that was stopped
        return Decision(verdict=Verdict.SEND, path=row.statuses)
    if made.verdict is not Verdict.SEND or row.status in _CAN_BE_SENT:
        return made
    return Decision(verdict=row.verdict, reason=row.reason, path=row.statuses)
