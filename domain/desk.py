"""The desk of one order: takes its events in, knows what waits for whom, and says when it is due.

Pure: it is given the time. It is carried whole through continue-as-new, so it stays bounded.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, PrivateAttr

from domain.listener import Listener
from domain.news import News
from domain.orders import Fact, Order, OrderEvent, Wire
from domain.status import Role, Status
from domain.telling import Batch, Plan

# A repeat of an older event than these is caught as stale instead.
EVENT_IDS_KEPT = 2_000
STALE_KEPT = 100
# A clock this far ahead is wrong; believing it would make all later events look old.
CLOCK_TOLERANCE = timedelta(minutes=5)
# What was true of one moment of the order is not repeated with the next.
MOMENTARY_FACTS = frozenset({"eta_minutes"})


class Outcome(StrEnum):
    """What became of an order event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    STALE = "stale"


class Answer(Wire):
    """The answer to ``announce``."""

    outcome: Outcome
    order_id: str
    event_id: str
    reason: str | None = None


class Stale(Wire):
    """An event that came too late to be told."""

    event_id: str
    status: Status
    at: datetime
    reason: str


class Desk(BaseModel):
    """Everything an order's workflow remembers of its events."""

    order: Order
    listeners: list[Listener] = []
    holders: dict[Role, str] = {}
    facts: dict[str, Fact] = {}
    event_ids: deque[str] = deque()
    duplicates: int = 0
    stale: deque[Stale] = deque()
    stale_in_all: int = 0
    newest: News | None = None
    newest_told: News | None = None
    ended_by: News | None = None
    ended_at: datetime | None = None
    last_event_at: datetime | None = None
    batches: int = 0
    _known: set[str] = PrivateAttr(default_factory=set)

    def model_post_init(self, _: object) -> None:
        """Rebuild the index of what is carried."""
        self._known = set(self.event_ids)

    @property
    def window(self) -> timedelta:
        """How long news that is not told at once waits for company."""
        return timedelta(seconds=self.order.rules.window_seconds)

    @property
    def customer_id(self) -> str | None:
        """Whose order it is, once an event told us."""
        return self.holders.get(Role.CUSTOMER)

    def receive(self, event: OrderEvent, now: datetime) -> Answer:
        """Take an event in; it waits for everyone it concerns, unless it is a repeat or too late."""
        if event.event_id in self._known:
            self.duplicates += 1
            return self._answer(event, Outcome.DUPLICATE)
        self._remember(event, now)
        news = _news_of(event, now)
        if reason := self._why_stale(news):
            self._note_stale(news, reason)
            return self._answer(event, Outcome.STALE, reason)
        for listener in self._concerned_by(news):
            if listener.would_be_old(news):
                self._note_stale(news, f"the {listener.role} was already told newer news")
            else:
                listener.take_in(news, now)
        self._follow(news, now)
        return self._answer(event, Outcome.ACCEPTED)

    def next_due(self) -> datetime | None:
        """When the next news has to be told."""
        return min(
            (due for listener in self.listeners if (due := listener.due_at(self.window))), default=None
        )

    def may_wait(self, now: datetime) -> list[tuple[Listener, datetime]]:
        """Whose due news may be merged for longer, if the queues are still behind; and until when."""
        found = ((listener, listener.may_be_held_until(self.window, now)) for listener in self.listeners)
        return [(listener, until) for listener, until in found if until]

    def take_due(self, now: datetime) -> list[Batch]:
        """A batch for everyone whose news is due; their other news goes with it."""
        return [
            self._batch(listener, now) for listener in self.listeners if _is_due(listener, self.window, now)
        ]

    def hears_from_the_ledger(self, batch: Batch, plan: Plan) -> None:
        """Go on counting where earlier runs stopped, and ask again after a plan that told nothing."""
        self.batches = max(self.batches, plan.number)
        for late in (piece for piece in batch.news if piece.event_id in plan.overtaken):
            self._note_stale(late, f"the {batch.role} was already told newer news")
        listener = self._listener(batch.recipient_id, batch.role)
        listener.behind = plan.behind
        if not plan.channels:
            listener.ledger_asked = False

    @property
    def ends_at(self) -> datetime | None:
        """Until when an order that came to a final status stays open for late events."""
        return self.ended_at + timedelta(seconds=self.order.rules.linger_seconds) if self.ended_at else None

    def has_ended(self, now: datetime) -> bool:
        """Whether a final status was taken in, nothing waits, and the time for late events is over."""
        return self.ends_at is not None and now >= self.ends_at and self.next_due() is None

    def _answer(self, event: OrderEvent, outcome: Outcome, reason: str | None = None) -> Answer:
        return Answer(outcome=outcome, order_id=event.order_id, event_id=event.event_id, reason=reason)

    def _remember(self, event: OrderEvent, now: datetime) -> None:
        self.event_ids.append(event.event_id)
        self._known.add(event.event_id)
        if len(self.event_ids) > EVENT_IDS_KEPT:
            self._known.discard(self.event_ids.popleft())
        self.last_event_at = now
        self.holders.update({role: holder for role in Role if (holder := event.recipient(role))})
        self.facts.update({name: fact for name, fact in event.facts.items() if name not in MOMENTARY_FACTS})

    def _why_stale(self, news: News) -> str | None:
        if self.ended_by and not news.status.rule.final and news.moment > self.ended_by.moment:
            return f"the order had ended as {self.ended_by.status}"
        if self.newest_told and _has_left(news, self.newest_told):
            return f"the order had moved on to {self.newest_told.status}"
        concerned = list(self._concerned_by(news))
        if concerned and all(listener.would_be_old(news) for listener in concerned):
            return "newer news was already told"
        return None

    def _note_stale(self, news: News, reason: str) -> None:
        self.stale_in_all += 1
        self.stale.append(Stale(event_id=news.event_id, status=news.status, at=news.at, reason=reason))
        if len(self.stale) > STALE_KEPT:
            self.stale.popleft()

    def _concerned_by(self, news: News) -> Iterator[Listener]:
        for role in news.status.rule.told:
            if holder := self.holders.get(role):
                yield self._listener(holder, role)

    def _listener(self, recipient_id: str, role: Role) -> Listener:
        for listener in self.listeners:
            if (listener.recipient_id, listener.role) == (recipient_id, role):
                return listener
        self.listeners.append(Listener(recipient_id=recipient_id, role=role))
        return self.listeners[-1]

    def _follow(self, news: News, now: datetime) -> None:
        if self.newest is None or news.moment > self.newest.moment:
            self.newest = news
        if news.status.rule.final and (self.ended_by is None or news.moment > self.ended_by.moment):
            self.ended_by, self.ended_at = news, now

    def _batch(self, listener: Listener, now: datetime) -> Batch:
        self.batches += 1
        held_for = listener.behind if listener.held_until else ()
        news = listener.hand_out()
        if self.newest_told is None or news[-1].moment > self.newest_told.moment:
            self.newest_told = news[-1]
        batch = Batch(
            order_id=self.order.order_id,
            number=self.batches,
            recipient_id=listener.recipient_id,
            role=listener.role,
            news=news,
            facts={"order_id": self.order.order_id, **self.facts, **news[-1].facts},
            told_at=now,
            first_of_run=not listener.ledger_asked,
            merchant_id=self.holders.get(Role.MERCHANT),
            held_for=held_for,
        )
        listener.ledger_asked = True
        return batch


def _has_left(news: News, told: News) -> bool:
    """Whether an order, told to anyone as ``told``, has left the stage that ``news`` is about."""
    return news.moment < told.moment and news.status.rule.stage < told.status.rule.stage


def _is_due(listener: Listener, window: timedelta, now: datetime) -> bool:
    due = listener.due_at(window)
    return due is not None and due <= now


def _news_of(event: OrderEvent, now: datetime) -> News:
    at = event.occurred_at if event.occurred_at <= now + CLOCK_TOLERANCE else now
    facts = {name: fact for name, fact in event.facts.items() if name in MOMENTARY_FACTS}
    return News(event_id=event.event_id, status=event.status, at=at, facts=facts)
