"""What a worker counts: labels that name nobody, the lateness of news, and a database that is away."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.common import MetricMeter
from temporalio.runtime import Runtime

from activities.breakers import Breakers
from activities.measuring import KINDS, TOLD, TOLD_BUCKETS, Measures, kind_of
from activities.store import Store
from activities.watching import Watch
from domain.breaker import BreakerState, Health
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.messages import Envelope
from domain.outcomes import Accepted, Gone, NotCalled, Outcome, Refused, TryLater, Unknown
from domain.recipients import unknown_recipient
from domain.status import Role, Status
from simulator.ports import Ports
from telemetry import runtime_with
from tests.watching import Scrape, scrape

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY_OUTCOME: list[Outcome | NotCalled] = [
    Accepted("ref-1"),
    Refused("too long"),
    Gone("dead"),
    Gone("STOP", opted_out=True),
    Gone("another project's", ours=True),
    TryLater("down"),
    TryLater("busy", wait=60),
    TryLater("credentials", ours=True),
    Unknown("silence"),
    NotCalled("breaker"),
]
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@dataclass
class Counting:
    """Measures, and what they come to for as long as their runtime is there."""

    runtime: Runtime
    measures: Measures
    port: int

    async def scrape(self) -> Scrape:
        return await scrape({"worker": self.port})


@pytest.fixture
def counting() -> Counting:
    port = Ports.free().temporal
    runtime = runtime_with("METRICS_PORT", "127.0.0.1", port, {TOLD: TOLD_BUCKETS})
    return Counting(runtime, Measures(runtime.metric_meter), port)


def an_envelope(news_at: datetime | None) -> Envelope:
    return Envelope(
        message_id="m-1",
        order_id="A17",
        recipient=unknown_recipient("c-42", Role.CUSTOMER),
        role=Role.CUSTOMER,
        channel=Channel.PUSH,
        path=(Status.NEARBY,),
        facts={},
        priority=1,
        deadline=NOON,
        status=NotificationStatus.PENDING,
        reason=None,
        provider=None,
        failures=0,
        first_failed_at=None,
        news_at=news_at,
    )


def test_every_outcome_is_of_one_of_the_kinds_that_are_counted_from_the_start() -> None:
    assert tuple(kind_of(outcome) for outcome in EVERY_OUTCOME) == KINDS


async def test_news_is_as_late_as_it_is(counting: Counting) -> None:
    counting.measures.told(an_envelope(NOON), NOON + timedelta(seconds=3))
    counting.measures.told(an_envelope(NOON), NOON - timedelta(seconds=3))
    counting.measures.told(an_envelope(None), NOON)

    found = await counting.scrape()

    of_push = '{channel="push",priority="1"}'
    assert found.value(f"{TOLD}_count{of_push}") == 2, "what is told again by hand is not late news"
    assert found.value(f"{TOLD}_sum{of_push}") == 3, "a clock that is ahead makes no news early"


async def test_a_signal_of_anybodys_invention_makes_no_label(counting: Counting) -> None:
    counting.measures.waiting(5, 61.5, {"delivery": 2, "ana@example.org": 3, "x": 4})

    found = await counting.scrape()

    assert found.value('notifications_dead_letters{source="delivery"}') == 2
    assert found.value('notifications_dead_letters{source="other"}') == 7
    assert found.value('notifications_dead_letters{source="sweep"}') == 0
    assert found.value("notifications_unsettled") == 5
    assert found.value("notifications_unsettled_oldest_seconds") == 61.5
    assert "ana" not in str(found.samples)


async def test_a_breaker_is_in_one_state_at_a_time(counting: Counting) -> None:
    for state in BreakerState:
        counting.measures.breakers_are([Health("fcm", state)])

    found = await counting.scrape()

    values = {state: found.value(f'notifications_breaker{{state="{state}"}}') for state in ("open", "closed")}
    assert values == {"open": 0, "closed": 0}
    assert found.value('notifications_breaker{state="forced_closed"}') == 1


async def test_a_database_that_is_away_is_said_to_be_and_stops_nothing(counting: Counting) -> None:
    async with Store(NOWHERE) as store:
        watch = Watch(store, Breakers(store), ["fcm"], counting.measures)
        await watch.look()

    found = await counting.scrape()

    assert found.value("notifications_store_answers") == 0
    assert found.value('notifications_breaker{provider="fcm",state="closed"}') == 1


def test_without_a_port_nothing_is_counted_and_nothing_listens() -> None:
    meter = runtime_with("METRICS_PORT", "127.0.0.1", None, {}).metric_meter

    Measures(meter).told(an_envelope(NOON), NOON)

    assert meter is MetricMeter.noop
