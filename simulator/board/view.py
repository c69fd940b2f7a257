"""What the board shows, made ready for its templates: nothing is decided there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from domain.breaker import Health
from domain.channels import Channel
from domain.status import Role, Status
from domain.timeline import Timeline, ToldBatch
from simulator.board.breaking import ON_THE_BOARD, PROVIDERS, Broken
from simulator.board.orders import BoardOrder
from simulator.board.people import People
from simulator.board.why import Why, why

LABELS: Mapping[Status, str] = {
    Status.PLACED: "Placed",
    Status.ACCEPTED: "Accepted",
    Status.PREPARING: "Preparing",
    Status.READY_FOR_PICKUP: "Ready",
    Status.OUT_FOR_DELIVERY: "On its way",
    Status.NEARBY: "Nearby",
    Status.DELIVERED: "Delivered",
    Status.CANCELLED: "Cancelled",
}
ROAD: Sequence[Status] = [status for status in Status if status is not Status.CANCELLED]
# Several statuses at once, as a kitchen has them that looks at its tablet too late.
BURSTS: Mapping[Status, Sequence[Status]] = {
    Status.PLACED: (Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP),
    Status.ACCEPTED: (Status.PREPARING, Status.READY_FOR_PICKUP),
    Status.PREPARING: (Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY),
    Status.READY_FOR_PICKUP: (Status.OUT_FOR_DELIVERY, Status.NEARBY),
    Status.OUT_FOR_DELIVERY: (Status.NEARBY, Status.DELIVERED),
}
# What is worth a try next: the product's points, one by one.
HINTS: Mapping[Status, str] = {
    Status.PLACED: "hurry a burst: three updates become one message.",
    Status.READY_FOR_PICKUP: "say that it is on its way: what is urgent waits for nothing.",
    Status.OUT_FOR_DELIVERY: "break FCM, then go on to Nearby: a text takes over if it is for Ana.",
    Status.NEARBY: "deliver it: everybody hears, and the e-mail is a record to keep.",
}
CHANNELS = {Channel.PUSH: "push", Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.IN_APP: "inbox"}
# The newest batches are what somebody wants to know about.
BATCHES = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One status on an order's road. ``state``: passed, skipped, here or ahead."""

    status: Status
    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """News that waits for one recipient, and until when."""

    who: str
    labels: Sequence[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One batch: to whom, its path, and what became of it on each channel."""

    number: int
    who: str
    role: Role
    labels: Sequence[str]
    at: datetime
    whys: Sequence[Why]
    note: str | None


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """A provider as the board shows it: broken or not, and whether the fleet still calls it."""

    provider: str
    label: str
    broken: Broken | None
    health: Health | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order in sight."""

    order: BoardOrder
    label: str
    steps: Sequence[Step]
    next_step: Step | None
    burst: Sequence[Status]
    hint: str
    waiting: Sequence[Waiting]
    told: Sequence[Told]
    stale: Sequence[str]
    letters: Sequence[str]


def order_view(order: BoardOrder, people: People) -> OrderView:
    """Everything about one order."""
    told = order.timeline
    steps = _steps(order)
    ahead = next((step for step in steps if step.state == "ahead"), None)
    burst = BURSTS.get(order.status, ()) if order.status else ()
    return OrderView(
        order=order,
        label=LABELS[order.status] if order.status else "",
        steps=steps,
        next_step=ahead if order.can_be_pushed else None,
        burst=burst if order.can_be_pushed else (),
        hint=HINTS.get(order.status, "") if order.status else "",
        waiting=_waiting(told, people) if told else (),
        told=[_told(batch, order, people) for batch in reversed(told.batches[-BATCHES:])] if told else (),
        stale=[f"{LABELS[stale.status]} was not told: {stale.reason}." for stale in told.stale]
        if told
        else (),
        letters=[letter.reason for letter in told.dead_letters] if told else (),
    )


def provider_cards(broken: Mapping[str, Broken], healths: Mapping[str, Health]) -> Sequence[ProviderCard]:
    """The providers of the board, and whichever else is in trouble."""
    shown = [*ON_THE_BOARD, *(name for name in PROVIDERS if name in broken and name not in ON_THE_BOARD)]
    return [ProviderCard(name, PROVIDERS[name], broken.get(name), healths.get(name)) for name in shown]


def _steps(order: BoardOrder) -> Sequence[Step]:
    if order.status is Status.CANCELLED:
        return [Step(Status.CANCELLED, LABELS[Status.CANCELLED], "here")]
    return [Step(step, LABELS[step], _state(step, order)) for step in ROAD]


def _state(step: Status, order: BoardOrder) -> str:
    if order.status is None or step.rank > order.status.rank:
        return "ahead"
    if step is order.status:
        return "here"
    # What was announced elsewhere, nobody knows here.
    return "passed" if step in order.announced or not order.announced else "skipped"


def _waiting(told: Timeline, people: People) -> Sequence[Waiting]:
    found = [piece for piece in told.waiting if "due_at" in piece]
    by_person = groupby(found, lambda piece: (piece["recipient_id"], piece["due_at"]))
    return [
        Waiting(
            _name(recipient_id, people),
            [LABELS[Status(piece["status"])] for piece in pieces],
            datetime.fromisoformat(due_at),
        )
        for (recipient_id, due_at), pieces in by_person
    ]


def _told(batch: ToldBatch, order: BoardOrder, people: People) -> Told:
    return Told(
        batch.batch,
        _name(batch.recipient_id, people),
        batch.role,
        [LABELS[status] for status in batch.statuses],
        batch.told_at,
        [why(line, batch, order.attempts) for line in batch.channels],
        batch.note,
    )


def _name(recipient_id: str, people: People) -> str:
    person = people.find(recipient_id)
    return person.name if person else recipient_id
