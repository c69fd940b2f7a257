"""How a card is shown to its reader: in their language, on their clock, how far its order is in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from activities.wording import FluentWording
from activities.wording.facts import sayable
from domain.channels import Channel
from domain.inbox import Card, Progress, steps
from domain.recipients import Recipient
from domain.status import Status


@dataclass(frozen=True)
class Step:
    """One step of an order: ``said`` in words, ``looks`` by the name of its style."""

    said: str
    looks: Progress


@dataclass(frozen=True)
class Told:
    """One message of the trail."""

    title: str
    text: str
    at: str
    moment: str


@dataclass(frozen=True)
class CardView:
    """A card as the templates show it. ``path`` is its order's id as it stands in a URL."""

    card: Card
    path: str
    merchant: str
    order: str
    ago: str
    steps: Sequence[Step]
    progress: str
    trail: Sequence[Told]


class Reader:
    """Somebody who looks at their inbox. ``say`` is their language."""

    def __init__(self, person: Recipient, wording: FluentWording) -> None:
        self.recipient_id, self.say = person.recipient_id, wording.phrases(person.locale)
        self._locale, self._zone, self._wording = person.locale, person.time_zone, wording

    def views(self, cards: Sequence[Card]) -> list[CardView]:
        """Cards as they see them."""
        return [self.view(card) for card in cards]

    def view(self, card: Card) -> CardView:
        """A card as they see it."""
        facts = sayable({**card.facts, "order_id": card.order_id}, Channel.IN_APP)
        return CardView(
            card=card,
            path=quote(card.order_id, safe=""),
            merchant=str(facts["merchant_name"]),
            order=str(facts["order_id"]),
            ago=self._ago(card.newest.created_at),
            steps=[self._step(card, status, progress) for status, progress in steps(card)],
            progress=self._progress(card),
            trail=[
                Told(one.title, one.text, self.say.at(one.created_at, self._zone), one.created_at.isoformat())
                for one in card.messages
            ],
        )

    def _ago(self, moment: datetime) -> str:
        return self.say.ago(moment, datetime.now(UTC))

    def _step(self, card: Card, status: Status, progress: Progress) -> Step:
        name = self._wording.words(self._locale, card.role, Channel.IN_APP, (status,), {}).title
        return Step(self.say(f"inbox-step-{progress}", step=name), progress)

    def _progress(self, card: Card) -> str:
        found = steps(card)
        now = next((n for n, (_, progress) in enumerate(found, 1) if progress is Progress.NOW), None)
        return self.say("inbox-step", now=now, all=len(found)) if now else self.say("inbox-stopped")
