"""What a worker counts: how late news is told, what providers answer, and what waits. No label names anybody.

Every label takes one of a few values that are known beforehand: an id or an address as a label would be one
more series for each, for ever. Names and buckets are in docs/operating.md.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never

from temporalio.common import MetricCounter, MetricHistogramFloat, MetricMeter

from domain.breaker import BreakerState, Health
from domain.messages import Envelope
from domain.outcomes import Accepted, Gone, NotCalled, Outcome, Refused, TryLater, Unknown
from domain.redriving import BY_DELIVERY, BY_SWEEP

TOLD = "notifications_told_seconds"
# From a push that leaves at once, over the window of a minute, to the longest that news is of use for.
TOLD_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 75.0, 90.0, 120.0, 300.0, 900.0, 3600.0)
_OTHER = "other"
# A letter is named for where it came from, which may be a signal of anybody's invention.
_SOURCES = frozenset({BY_DELIVERY, BY_SWEEP, "status_changed", "receipt", "start"})


class Measures:
    """The instruments of a worker, made once. A meter that is off makes all of them cost next to nothing."""

    def __init__(self, meter: MetricMeter = MetricMeter.noop) -> None:
        self._told = meter.create_histogram_float(
            TOLD, "From the moment of the newest news to a provider's acceptance of the message"
        )
        self._answers = meter.create_counter("notifications_answers", "Calls to providers by their answer")
        self._breakers = meter.create_gauge(
            "notifications_breaker", "1 for the state in which the breaker of a provider is"
        )
        self._letters = meter.create_gauge(
            "notifications_dead_letters", "Dead letters that wait for a person to decide on"
        )
        self._unsettled = meter.create_gauge(
            "notifications_unsettled", "Notifications of which it is not known yet how they end"
        )
        self._oldest = meter.create_gauge_float(
            "notifications_unsettled_oldest_seconds", "Since when nothing was written to the oldest of those"
        )
        self._store = meter.create_gauge("notifications_store_answers", "1 while the database answers")
        # Labels are bound once: a send pays for one addition and one record.
        self._bound_told: dict[tuple[int, str], MetricHistogramFloat] = {}
        self._bound_answers: dict[tuple[str, ...], MetricCounter] = {}

    def expects(self, providers: Iterable[str]) -> None:
        """Count from 0 what may be answered: the first of a kind is an increase, not a beginning."""
        for provider in providers:
            for kind in KINDS:
                self._bound_answer(provider, *kind).add(0)

    def told(self, envelope: Envelope, at: datetime) -> None:
        """A provider has accepted a message, at a moment by the server's clock."""
        if envelope.news_at is None:
            return
        labels = (envelope.priority, envelope.channel.value)
        if (bound := self._bound_told.get(labels)) is None:
            priority, channel = labels
            bound = self._told.with_additional_attributes({"priority": str(priority), "channel": channel})
            self._bound_told[labels] = bound
        # The order service's clock may be ahead of ours.
        bound.record(max(0.0, (at - envelope.news_at).total_seconds()))

    def answered(self, provider: str, outcome: Outcome | NotCalled) -> None:
        """A provider has answered, or was not called."""
        self._bound_answer(provider, *kind_of(outcome)).add(1)

    def breakers_are(self, healths: Iterable[Health]) -> None:
        """How the fleet sees each provider."""
        for health in healths:
            for state in BreakerState:
                labels = {"provider": health.provider, "state": state.value.replace(" ", "_")}
                self._breakers.set(int(health.state is state), labels)

    def store_answers(self, *, is_so: bool) -> None:
        """Whether the database answered when it was last asked. What waits there stays as last known."""
        self._store.set(int(is_so))

    def waiting(self, unsettled: int, oldest_s: float, letters: Mapping[str, int]) -> None:
        """What waits in the store, and for how long nothing was written to the oldest of it."""
        self._unsettled.set(unsettled)
        self._oldest.set(oldest_s)
        for source, number in _folded(letters).items():
            self._letters.set(number, {"source": source})

    def _bound_answer(self, *labels: str) -> MetricCounter:
        if (bound := self._bound_answers.get(labels)) is None:
            attributes = dict(zip(("provider", "outcome", "reason"), labels, strict=True))
            bound = self._bound_answers[labels] = self._answers.with_additional_attributes(attributes)
        return bound


def kind_of(outcome: Outcome | NotCalled) -> tuple[str, str]:
    """An outcome and the class of its reason as labels. The reasons themselves are in the ledger."""
    match outcome:
        case Accepted():
            return "accepted", "accepted"
        case Refused():
            return "refused", "this_message"
        case Gone():
            return "gone", "our_mistake" if outcome.ours else "opted_out" if outcome.opted_out else "dead"
        case TryLater():
            wait = "not_now" if outcome.wait is None else "asked_to_wait"
            return "try_later", "our_mistake" if outcome.ours else wait
        case Unknown():
            return "unknown", "no_answer"
        case NotCalled():
            return "not_called", "breaker_open"
    assert_never(outcome)


KINDS = (
    ("accepted", "accepted"),
    ("refused", "this_message"),
    ("gone", "dead"),
    ("gone", "opted_out"),
    ("gone", "our_mistake"),
    ("try_later", "not_now"),
    ("try_later", "asked_to_wait"),
    ("try_later", "our_mistake"),
    ("unknown", "no_answer"),
    ("not_called", "breaker_open"),
)


def _folded(letters: Mapping[str, int]) -> Mapping[str, int]:
    """Every source there may be, so that one of which nothing is left is seen to be 0."""
    known = {source: letters.get(source, 0) for source in sorted(_SOURCES)}
    return {**known, _OTHER: sum(letters.values()) - sum(known.values())}
