"""What commands and API have in common about dead letters: find them, foresee a redrive, discard them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel

from domain.channels import Channel
from domain.deciding import decide, why_unreachable
from domain.ledger import NotificationStatus
from domain.redriving import Reopen, Reopened
from domain.telling import Batch, DeadLetter

if TYPE_CHECKING:
    from activities.store import Store
    from activities.store.dead_letters import KeptLetter
    from activities.store.notifications import Notification
    from activities.store.redriving import Prospect


class ListedLetter(BaseModel):
    """A dead letter as it is listed. ``resolution`` is what was decided, None while it waits."""

    dead_letter_id: str
    order_id: str
    source: str
    reason: str
    reason_group: str
    field: str | None = None
    recipient_id: str | None = None
    batch: int | None = None
    at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None


class Tried(BaseModel):
    """How a dead letter's batch ended on one channel."""

    channel: Channel
    status: NotificationStatus
    reason: str | None
    failed_attempts: int
    provider: str | None
    updated_at: datetime
    message_id: str


class WholeLetter(ListedLetter):
    """Everything known of one. ``raw`` is of an event that could not be read: it may hold anything."""

    raw: str | None = None
    content: Batch | None = None
    channels: list[Tried] = []


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What redriving one letter would come to, as things are now."""

    letter: DeadLetter
    prospect: "Reopened | Prospect"

    @property
    def refusal(self) -> str | None:
        """Why it would be refused, None where it would not."""
        return self.prospect.refusal if isinstance(self.prospect, Reopened) else None


def listed(kept: "KeptLetter") -> ListedLetter:
    """A letter without what it holds."""
    return ListedLetter.model_validate(_facts_of(kept))


async def whole(store: "Store", kept: "KeptLetter") -> WholeLetter:
    """A letter with what it holds, and every attempt of the ledger to tell it."""
    rows = await store.history(kept.letter.order_id)
    own = (kept.letter.recipient_id, kept.letter.batch)
    tried = [_tried(row) for row in rows if (row.recipient_id, row.batch) == own]
    return WholeLetter.model_validate({**_facts_of(kept), "channels": tried})


async def by_ids(store: "Store", ids: Sequence[str]) -> "tuple[Sequence[KeptLetter], Sequence[str]]":
    """The letters of these ids, decided on or not, and the ids of which there is none."""
    found = {one: await store.kept_letter(one) for one in dict.fromkeys(ids)}
    unknown = [one for one, kept in found.items() if kept is None]
    return [kept for kept in found.values() if kept], unknown


async def foresee(store: "Store", kept: "Sequence[KeptLetter]") -> list[Foreseen]:
    """Say what redriving would come to. Which providers there are is known to the worker alone."""
    now = datetime.now(UTC)
    prospects = await store.prospects(
        [Reopen(dead_letter_id=one.letter.dead_letter_id, redrive="", at=now) for one in kept],
        partial(decide, carried=frozenset(Channel)),
        partial(why_unreachable, is_carried=True),
    )
    return [Foreseen(one.letter, prospect) for one, prospect in zip(kept, prospects, strict=True)]


async def discard(store: "Store", kept: "KeptLetter", reason: str) -> bool:
    """Decide that nobody is told any more; False when somebody had decided before."""
    return await store.resolve(kept.letter.dead_letter_id, f"discarded: {reason}")


def _facts_of(kept: "KeptLetter") -> dict[str, object]:
    decided = {"resolved_at": kept.resolved_at, "resolution": kept.resolution}
    return {**kept.letter.model_dump(), "reason_group": kept.group, **decided}


def _tried(row: "Notification") -> Tried:
    return Tried(
        channel=row.channel,
        status=row.status,
        reason=row.reason,
        failed_attempts=row.retry_count,
        provider=row.provider,
        updated_at=row.updated_at,
        message_id=row.message_id,
    )
