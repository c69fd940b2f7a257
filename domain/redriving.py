"""Redriving a dead letter: how letters are grouped, whether one is still true, and the wire types."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.channels import FALLBACK_ORDER, Channel
from domain.ledger import TOLD, UNSETTLED, NotificationStatus
from domain.orders import BadInput, OrderEvent, Receipt, Wire, read_event, read_receipt
from domain.published import read_published
from domain.status import Role, Status
from domain.telling import Batch, DeadLetter, Decision, Plan, Verdict

REDRIVE_TYPE = "Redrive"
BY_DELIVERY = "delivery"
BY_SWEEP = "sweep"
BY_BRIDGE = "bridge"
# A dead letter is for a person to read; the history of its order has the whole of it.
RAW_CHARACTERS_KEPT = 2_000


def redrive_id(dead_letter_id: str) -> str:
    """The id of the one workflow that redrives a letter: two people at once share it."""
    return f"redrive-{dead_letter_id}"


class RedriveOutcome(StrEnum):
    """What became of redriving a letter. Only the first decides on it; otherwise it goes on waiting."""

    REDRIVEN = "redriven"
    REFUSED = "refused"
    WAITING = "waiting again"
    UNDER_WAY = "under way"


class Redrive(Wire):
    """Start input of a redrive."""

    dead_letter_id: str


class Redriven(Wire):
    """How a redrive ended. ``how``: what was sent where, or why nothing was."""

    dead_letter_id: str
    outcome: RedriveOutcome
    how: str


class Reopen(Wire):
    """Ask whether a letter is still true ``at`` a moment, and open what it takes to tell it again.

    ``redrive`` names the run that asks: asked again by the same one, the answer is the same.
    """

    dead_letter_id: str
    redrive: str
    at: datetime


class Reopened(Wire):
    """The answer: ``refusal``, or a batch with its plan, or an event to hand to its order, or a receipt."""

    refusal: str | None = None
    batch: Batch | None = None
    plan: Plan | None = None
    event: OrderEvent | None = None
    receipt: Receipt | None = None


class ToldRow(Protocol):
    """A row of the ledger as far as the truth is concerned."""

    @property
    def message_id(self) -> str: ...  # noqa: D102 see tables.NotificationRow
    @property
    def recipient_id(self) -> str: ...  # noqa: D102 as above
    @property
    def role(self) -> Role: ...  # noqa: D102 as above
    @property
    def channel(self) -> Channel: ...  # noqa: D102 as above
    @property
    def status(self) -> NotificationStatus: ...  # noqa: D102 as above
    @property
    def newest_status(self) -> str: ...  # noqa: D102 as above
    @property
    def redriven_by(self) -> str | None: ...  # noqa: D102 as above
    @property
    def moment(self) -> tuple[datetime, int]: ...  # noqa: D102 as above


_MAY_HAVE_ARRIVED = TOLD | {NotificationStatus.UNKNOWN}


def reason_group(letter: DeadLetter) -> str:
    """What letters of one cause have in common, for deciding on all of them at once.

    A delivery's reason names every channel; what follows the first phrase of each is about this one alone.
    """
    if letter.field:
        return f"unreadable: {letter.field}"
    if letter.source == BY_SWEEP:
        return "its order's workflow was gone"
    if letter.source != BY_DELIVERY:
        return letter.source
    phrases = letter.reason.partition(" on no channel: ")[2].split("; ")
    channels = [phrase for phrase in phrases if phrase.partition(": ")[0] in set(Channel)]
    return "unreachable: " + ", ".join(phrase.replace(": ", " ", 1) for phrase in channels)


def why_untrue(
    batch: Batch, rows: Iterable[ToldRow], now: datetime, redrive: str | None = None
) -> str | None:
    """Why a batch must not be told any more, given all rows of its order; None while it may be.

    What ``redrive`` itself has told so far does not count.
    """
    if now >= batch.deadline:
        return f"it was of use until {batch.deadline:%Y-%m-%d %H:%M} UTC"
    own = {batch.message_id(channel) for channel in Channel}
    for row in sorted(rows, key=lambda row: row.moment, reverse=True):
        if row.message_id in own:
            if row.status in _MAY_HAVE_ARRIVED and row.redriven_by != (redrive or ""):
                return f"it was told since, by {row.channel}"
        elif row.moment > batch.newest.moment:
            if _makes_untrue(Status(row.newest_status), batch.newest.status):
                return f"the order has moved on to {row.newest_status}"
            is_theirs = (row.recipient_id, row.role) == (batch.recipient_id, batch.role)
            if is_theirs and row.status in _MAY_HAVE_ARRIVED | UNSETTLED:
                return f"they were told newer news since: {row.newest_status}"
    return None


def _makes_untrue(newer: Status, older: Status) -> bool:
    return newer.rule.stage > older.rule.stage or newer.rule.silences


def why_out_of_reach(
    decisions: Mapping[Channel, Decision], unreachable: Mapping[Channel, str | None]
) -> str | None:
    """Why a plan would reach nobody again; None when a channel is left to try."""
    verdicts = {made.verdict for made in decisions.values()}
    held = [
        channel
        for channel in FALLBACK_ORDER
        if channel in decisions and decisions[channel].verdict is Verdict.HELD
    ]
    takes_over = Verdict.REFUSED in verdicts and any(unreachable[channel] is None for channel in held)
    if verdicts & {Verdict.SEND, Verdict.TOLD} or takes_over:
        return None
    whys = {channel: made.reason for channel, made in decisions.items() if made.reason}
    whys.update({channel: why for channel in held if (why := unreachable[channel])})
    told = "; ".join(f"{channel}: {why}" for channel, why in whys.items())
    return f"still out of reach: {told or 'every channel is switched off'}"


def read_again(letter: DeadLetter, now: datetime) -> OrderEvent | Receipt:
    """What an unreadable letter holds, by what we know today; :class:`BadInput` where that is not enough."""
    if letter.source not in {"status_changed", "receipt", BY_BRIDGE}:
        raise BadInput(letter.field or letter.source, "no signal of ours: its sender has to send it anew")
    content = _content(letter)
    if letter.source == "receipt":
        return read_receipt(content)
    is_published = letter.source == BY_BRIDGE
    event = _published(letter) if is_published else read_event(content, order_id=letter.order_id)
    if now >= (until := event.occurred_at + event.status.rule.useful_for):
        raise BadInput("occurred_at", f"it was of use until {until:%Y-%m-%d %H:%M} UTC")
    return event


def _published(letter: DeadLetter) -> OrderEvent:
    """What headers said of it was not kept here: a CloudEvent that is spread over them lacks its id."""
    return read_published((letter.raw or "").encode(), {})


def _content(letter: DeadLetter) -> object:
    raw = letter.raw or ""
    try:
        return json.loads(raw)
    except ValueError:
        if len(raw) >= RAW_CHARACTERS_KEPT:
            raise BadInput(
                "event", f"only {RAW_CHARACTERS_KEPT} characters were kept, have it sent anew"
            ) from None
        raise BadInput("event", "is not JSON, or not one argument") from None
