"""Says what a redrive would come to: whom it would tell what, where and in which words, or why nobody."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from activities.store.dead_letters import KeptLetter
from activities.store.redriving import Prospect
from activities.store.store import Store
from activities.wording import FluentWording
from domain.channels import Channel
from domain.redriving import Reopened
from domain.status import Role, Status
from domain.telling import Decision, Verdict
from operating.letters import Foreseen, foresee

# Held back for now: these words go out only when another channel fails.
_HAS_WORDS = frozenset({Verdict.SEND, Verdict.TOLD, Verdict.HELD})


class OnChannel(BaseModel):
    """What would happen on one channel. ``verdict`` is ``held`` where it waits for another one to fail."""

    channel: Channel
    verdict: Verdict
    reason: str | None = None
    title: str | None = None
    text: str | None = None


class Prospects(BaseModel):
    """What redriving one letter would come to. An event or receipt that can be read today has no channels."""

    dead_letter_id: str
    order_id: str
    would_be: Literal["redriven", "refused"]
    refusal: str | None = None
    recipient_id: str | None = None
    role: Role | None = None
    statuses: tuple[Status, ...] = ()
    channels: list[OnChannel] = []
    event: str | None = None
    receipt: str | None = None


async def prospects(store: Store, kept: Sequence[KeptLetter], wording: FluentWording) -> list[Prospects]:
    """Look at letters as a redrive would, and change nothing."""
    return [_prospects(one, wording) for one in await foresee(store, kept)]


def _prospects(foreseen: Foreseen, wording: FluentWording) -> Prospects:
    letter, found = foreseen.letter, foreseen.prospect
    said = Prospects(
        dead_letter_id=letter.dead_letter_id,
        order_id=letter.order_id,
        would_be="refused" if foreseen.refusal else "redriven",
        refusal=foreseen.refusal,
        recipient_id=letter.recipient_id,
        role=letter.content.role if letter.content else None,
        statuses=letter.content.path if letter.content else (),
    )
    if isinstance(found, Reopened):
        event = found.event and f"{found.event.status}, event {found.event.event_id}"
        receipt = found.receipt and f"message {found.receipt.message_id} is {found.receipt.state}"
        return said.model_copy(update={"event": event or None, "receipt": receipt or None})
    channels = [_on(found, channel, made, wording) for channel, made in found.decisions.items()]
    return said.model_copy(update={"statuses": found.batch.path, "channels": channels})


def _on(found: Prospect, channel: Channel, made: Decision, wording: FluentWording) -> OnChannel:
    on = OnChannel(channel=channel, verdict=made.verdict, reason=made.reason)
    if made.verdict not in _HAS_WORDS:
        return on
    batch, path = found.batch, made.path or found.batch.path_on(channel)
    words = wording.words(found.recipient.locale, batch.role, channel, path, batch.facts)
    return on.model_copy(update={"title": words.title, "text": words.text})
