"""Plans a batch, or lets the next channel take it over: decides in the transaction that writes it down."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, bindparam, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import caps, inbox, notifications, recipients
from activities.store.columns import is_any_of
from activities.store.earlier import Remaining, decision_in, left_behind, overtaken, what_remains
from activities.store.planned_rows import BEGINS_AS, planned_row
from activities.store.recipients import IN_ORDER, PERSON, AnyRow, recipient_from, with_addresses
from activities.store.tables import notifications as ledger
from activities.store.tables import recipients as people
from domain.channels import Channel
from domain.deciding import HOURLY_CAPS, MAY_BE_HELD_BACK, choices_in, decide_on_fallback
from domain.experiments import kept
from domain.ledger import UNSETTLED, NotificationStatus
from domain.live_activities import wants_live_activities
from domain.recipients import Recipient, unknown_recipient
from domain.telling import Batch, Decision, Plan, Settle, TakeOver, Verdict

if TYPE_CHECKING:
    from activities.planning import Deciding, Unreachable, Wording

_ASKED = select(bindparam("recipient_id", type_=String).label("recipient_id")).subquery("asked")
_OF_ORDER = exists(literal(1)).where(ledger.c.order_id == bindparam("order_id"))
_NUMBER_IS_TAKEN = _OF_ORDER.where(
    ledger.c.recipient_id == _ASKED.c.recipient_id, ledger.c.batch == bindparam("number")
)
_IS_REDRIVEN = _OF_ORDER.where(
    ledger.c.recipient_id == _ASKED.c.recipient_id,
    ledger.c.redriven_by.is_not(None),
    is_any_of(ledger.c.status, UNSETTLED),
)
# One row at least, even for a recipient whom nobody loaded.
_SITUATION = (
    select(
        _OF_ORDER.label("has_rows"),
        _NUMBER_IS_TAKEN.label("number_is_taken"),
        _IS_REDRIVEN.label("is_redriven"),
        *PERSON,
    )
    .select_from(with_addresses(_ASKED.outerjoin(people, people.c.recipient_id == _ASKED.c.recipient_id)))
    .order_by(*IN_ORDER)
)


class PlannedMeanwhile(Exception):
    """Somebody else wrote rows of the same batch: roll back, and look at theirs."""


async def plan(
    connection: AsyncConnection, batch: Batch, decide: "Deciding", wording: "Wording", *, look: bool
) -> Plan:
    """Decide on a batch and write down what follows. ``look`` at what the order's rows say in any case.

    A plan that left no row, because every channel is off or waits, is made anew when it is asked for again.
    """
    # First of all: what others tell this person at the same time is there for us to see, and to count.
    turn = await inbox.take_turn(connection, batch.recipient_id)
    recipient, order = await _situation(connection, batch)
    live = wants_live_activities(recipient, batch.role)
    already_told: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    if order.number_is_taken or (look and order.has_rows):
        rows = await notifications.of_order(connection, batch.order_id)
        remains = what_remains(batch, rows)
        late = overtaken(batch, remains.already_told, rows)
        if not isinstance(remains, Remaining):
            return remains.model_copy(update={"overtaken": late, "live": live})
        batch, already_told = remains.batch, remains.already_told
    if order.is_redriven and not batch.first_of_run:
        batch = await _instead_of_what_is_redriven(connection, batch)
    messages = await told_in_last_hour(connection, batch, batch.told_at)
    decisions = decide(batch, recipient, told_in_last_hour=messages)
    await write_down(connection, batch, recipient, decisions, wording, turn)
    return Plan(channels=decisions, number=batch.number, already_told=already_told, overtaken=late, live=live)


async def take_over(
    connection: AsyncConnection, request: TakeOver, unreachable: "Unreachable", wording: "Wording"
) -> Decision:
    """Write the row of a fallback channel, unless it is there already."""
    if request.batch.priority in MAY_BE_HELD_BACK:
        await inbox.stand_in_line(connection, request.batch.recipient_id)
    (batch, variant), channel, at = await _as_planned(connection, request), request.channel, request.at
    known = await recipients.find(connection, batch.recipient_id)
    recipient = known or unknown_recipient(batch.recipient_id, batch.role)
    messages = await told_in_last_hour(connection, batch, at or batch.told_at)
    decision = decide_on_fallback(
        batch,
        recipient,
        channel,
        unreachable=unreachable(recipient, channel),
        at=at or batch.told_at,
        told_in_last_hour=messages.get(channel, 0),
    )
    row = planned_row(
        batch,
        channel,
        decision,
        choices=choices_in(batch, recipient),
        variant=kept(variant, _variant(batch, recipient, decision, wording)),
        at=at,
        instead_of=request.failed,
    )
    if await notifications.insert(connection, [row]):
        return decision
    redrive = batch.redriven_by
    if redrive and await _is_open_again(connection, batch, request.channel, decision, redrive):
        return decision
    written = await notifications.by_id(connection, batch.message_id(request.channel))
    return decision_in(written) if written else decision


async def _is_open_again(
    connection: AsyncConnection, batch: Batch, channel: Channel, decision: Decision, redrive: str
) -> bool:
    """Whether what was decided today stands in the place of what the channel came to before."""
    if decision.verdict is not Verdict.SEND:
        return True
    message_id = batch.message_id(channel)
    return await notifications.reopen(connection, message_id, decision.path, redrive, batch.told_at)


async def _as_planned(connection: AsyncConnection, request: TakeOver) -> tuple[Batch, str | None]:
    """The batch as the failed channel had it: without what an earlier run had told. And its variant."""
    batch = request.batch
    failed = await notifications.by_id(connection, batch.message_id(request.failed))
    if failed is None:
        return batch, None
    news = tuple(piece for piece in batch.news if piece.event_id in failed.events)
    return batch.model_copy(update={"number": failed.batch, "news": news}), failed.variant


async def _situation(connection: AsyncConnection, batch: Batch) -> tuple[Recipient, AnyRow]:
    """The recipient, and whether the order has rows, one of this number, and one that is being redriven."""
    asked = {"recipient_id": batch.recipient_id, "order_id": batch.order_id, "number": batch.number}
    rows = (await connection.execute(_SITUATION, asked)).all()
    recipient = recipient_from(rows) or unknown_recipient(batch.recipient_id, batch.role)
    return recipient, rows[0]


async def _instead_of_what_is_redriven(connection: AsyncConnection, batch: Batch) -> Batch:
    """The batch with older news that a redrive has under way: the order knows nothing of those."""
    rows = [
        row
        for row in await notifications.of_order(connection, batch.order_id)
        if row.recipient_id == batch.recipient_id and row.redriven_by
    ]
    return batch.model_copy(update={"withdrawn": (*left_behind(rows), *batch.withdrawn)})


async def told_in_last_hour(
    connection: AsyncConnection, batch: Batch, now: datetime
) -> Mapping[Channel, int]:
    """What counts against the caps of a batch that they may hold back: neither itself nor what it carries."""
    if batch.priority not in MAY_BE_HELD_BACK:
        return {}
    own = [batch.message_id(channel) for channel in HOURLY_CAPS]
    taken_back = [taken.message_id for taken in batch.withdrawn]
    return await caps.told_in_last_hour(connection, batch.recipient_id, now, but=[*own, *taken_back])


async def write_down(
    connection: AsyncConnection,
    batch: Batch,
    recipient: Recipient,
    decisions: Mapping[Channel, Decision],
    wording: "Wording",
    turn: int,
) -> None:
    """Write what is decided on each channel. Raises :class:`PlannedMeanwhile` where a row is there."""
    held = {channel: path.path for channel, path in decisions.items() if path.verdict is Verdict.HELD}
    written = {channel: made for channel, made in decisions.items() if made.verdict in BEGINS_AS}
    choices = choices_in(batch, recipient)
    variants = {channel: _variant(batch, recipient, made, wording) for channel, made in written.items()}
    rows = [
        planned_row(batch, channel, made, choices=choices, variant=variants[channel], held=held)
        for channel, made in written.items()
    ]
    if rows and not await notifications.insert(connection, rows):
        raise PlannedMeanwhile
    for channel, made in written.items():
        if made.verdict is Verdict.TOLD:
            words = wording.words(
                recipient.locale, batch.role, channel, made.path, batch.facts, variants[channel]
            )
            await inbox.put(connection, batch, channel, words, turn)
    await _supersede(connection, batch, list(written))


def _variant(batch: Batch, recipient: Recipient, decision: Decision, wording: "Wording") -> str | None:
    return wording.variant(recipient.locale, batch.role, decision.path, recipient.recipient_id, batch.told_at)


async def _supersede(connection: AsyncConnection, batch: Batch, channels: Sequence[Channel]) -> None:
    """Close what the batch carries, naming the message that does: on the same channel if there is one."""
    for channel, message_ids in _by_channel(batch).items():
        successor = channel if channel in channels else next(iter(channels), None)
        request = Settle(
            message_ids=tuple(message_ids),
            status=NotificationStatus.SUPERSEDED,
            reason="newer news took its place",
            superseded_by=batch.message_id(successor) if successor else None,
        )
        await notifications.settle(connection, request, batch.told_at)


def _by_channel(batch: Batch) -> Mapping[Channel, Iterable[str]]:
    return {
        channel: [taken.message_id for taken in batch.withdrawn if taken.channel is channel]
        for channel in {taken.channel: None for taken in batch.withdrawn}
    }
