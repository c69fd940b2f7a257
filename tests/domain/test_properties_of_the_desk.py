"""Whatever arrives in whatever order, with whatever clocks and hand-overs: what the desk always keeps to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from domain.desk import CLOCK_TOLERANCE, Answer, Desk, Outcome
from domain.orders import Order, OrderEvent
from domain.status import Role, Status
from domain.telling import Batch
from tests.searching import searching

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = timedelta(seconds=60)
Who = tuple[str, Role]


@dataclass(frozen=True)
class Arrives:
    """An event of one of a few ids, so that some come twice; ``off`` seconds from the desk's clock."""

    event_id: str
    status: Status
    off: float
    merchant: str | None = None
    courier: str | None = None


@dataclass(frozen=True)
class Passes:
    """Time, after which what is due is told."""

    seconds: float


@dataclass(frozen=True)
class HandsOver:
    """A new run begins with what the old one had."""


Step = Arrives | Passes | HandsOver

_OFF = st.one_of(
    st.just(0.0), st.integers(-900, 900).map(float), st.sampled_from([-86400.0, 299.0, 301.0, 259200.0])
)
_ARRIVES = st.builds(
    Arrives,
    event_id=st.integers(1, 30).map("evt-{}".format),
    status=st.sampled_from(Status),
    off=_OFF,
    merchant=st.sampled_from([None, "m-1", "m-2"]),
    courier=st.sampled_from([None, "d-1", "d-2"]),
)
_PASSES = st.builds(Passes, st.sampled_from([0.0, 0.001, 1.0, 30.0, 59.0, 60.0, 61.0, 700.0, 90000.0]))
STORIES = st.lists(st.one_of(_ARRIVES, _ARRIVES, _PASSES, st.just(HandsOver())), max_size=25)


@dataclass
class Played:
    """A desk that a story was played on, with what it took in and what it handed out.

    ``concerned`` says for whom each accepted event was news: kept from the outside, by what was told before.
    """

    desk: Desk = field(default_factory=lambda: Desk(order=Order(order_id="A17")))
    now: datetime = NOON
    answers: list[Answer] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    concerned: Counter[tuple[Who, str]] = field(default_factory=Counter)
    waiting: dict[Who, list[tuple[datetime, Status]]] = field(default_factory=lambda: defaultdict(list))
    told_through: dict[Who, tuple[datetime, int]] = field(default_factory=dict)
    holders: dict[Role, str] = field(default_factory=dict)
    handed_over: int = 0

    def play(self, story: Sequence[Step], *, with_hand_overs: bool = True) -> "Played":
        """Play a story, then let time pass until nothing waits."""
        for step in (*story, Passes(0), Passes(60)):
            match step:
                case Arrives():
                    self._arrives(step)
                case Passes(seconds):
                    self._passes(seconds)
                case HandsOver() if with_hand_overs:
                    self.desk = Desk.model_validate_json(self.desk.model_dump_json())
                    self.handed_over += 1
        return self

    def told_to(self) -> dict[Who, list[Batch]]:
        """Who was handed what, in order."""
        told: dict[Who, list[Batch]] = defaultdict(list)
        for batch in self.batches:
            told[batch.recipient_id, batch.role].append(batch)
        return told

    def _arrives(self, step: Arrives) -> None:
        event = OrderEvent(
            event_id=step.event_id,
            order_id="A17",
            status=step.status,
            occurred_at=self.now + timedelta(seconds=step.off),
            customer_id="c-1",
            merchant_id=step.merchant,
            courier_id=step.courier,
        )
        is_first = event.event_id not in {answer.event_id for answer in self.answers}
        answer = self.desk.receive(event, self.now)
        self.answers.append(answer)
        assert (answer.outcome is Outcome.DUPLICATE) == (not is_first)
        if is_first:
            self.holders.update({role: who for role in Role if (who := event.recipient(role))})
        if answer.outcome is Outcome.ACCEPTED:
            self._is_news_to(event)
        self._check_what_is_due()

    def _is_news_to(self, event: OrderEvent) -> None:
        is_believed = event.occurred_at <= self.now + CLOCK_TOLERANCE
        moment = (event.occurred_at if is_believed else self.now), event.status.rank
        for role in event.status.rule.told:
            who = self.holders.get(role, ""), role
            if who[0] and not (who in self.told_through and moment <= self.told_through[who]):
                self.concerned[who, event.event_id] += 1
                self.waiting[who].append((self.now, event.status))

    def _passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for batch in self.desk.take_due(self.now):
            self.batches.append(batch)
            who = batch.recipient_id, batch.role
            self.told_through[who] = batch.newest.moment
            self.waiting.pop(who, None)
        self._check_what_is_due()

    def _check_what_is_due(self) -> None:
        """At once means at once; the window runs from the first piece and is not moved by another."""
        due = self.desk.next_due()
        assert (due is None) == (not any(self.waiting.values()))
        ends = [pieces[0][0] + WINDOW for pieces in self.waiting.values() if pieces]
        is_urgent = any(
            status.rule.told[role].at_once
            for (_, role), pieces in self.waiting.items()
            for _, status in pieces
        )
        assert due is None or (due <= self.now if is_urgent else due == min(ends))


@given(STORIES)
@searching(200)
def test_every_accepted_event_is_told_once_to_each_whom_it_concerned(story: list[Step]) -> None:
    played = Played().play(story)

    told = Counter(
        (who, news.event_id) for who, batches in played.told_to().items() for b in batches for news in b.news
    )
    assert told == played.concerned
    assert played.desk.next_due() is None


@given(STORIES)
@searching(200)
def test_nobody_is_told_older_news_than_they_were_told_before(story: list[Step]) -> None:
    for batches in Played().play(story).told_to().values():
        moments = [news.moment for batch in batches for news in batch.news]
        assert moments == sorted(moments)
        assert all(one.newest.moment < next_one.news[0].moment for one, next_one in pairwise(batches))


@given(STORIES)
@example([Arrives("evt-2", Status.PLACED, 0), Arrives("evt-1", Status.CANCELLED, -1)])  # told as placed
@searching(200)
def test_a_cancellation_is_told_alone_and_after_an_end_only_an_end(story: list[Step]) -> None:
    for batches in Played().play(story).told_to().values():
        assert all(Status.CANCELLED not in batch.path or len(batch.path) == 1 for batch in batches)
        has_ended = False
        for batch in batches:
            assert batch.path[-1].rule.final or not has_ended
            has_ended = has_ended or any(news.status.rule.final for news in batch.news)


@given(STORIES)
@searching(200)
def test_a_hand_over_changes_nothing_and_the_same_events_get_the_same_answers(story: list[Step]) -> None:
    with_hand_overs, without = Played().play(story), Played().play(story, with_hand_overs=False)

    assert with_hand_overs.answers == without.answers
    assert with_hand_overs.batches == without.batches
    assert with_hand_overs.desk == without.desk


@given(STORIES)
@searching(200)
def test_batches_are_numbered_and_the_first_one_asks_the_ledger(story: list[Step]) -> None:
    played = Played().play(story)

    assert [batch.number for batch in played.batches] == list(range(1, len(played.batches) + 1))
    for batches in played.told_to().values():
        assert [batch.first_of_run for batch in batches] == [True] + [False] * (len(batches) - 1)
