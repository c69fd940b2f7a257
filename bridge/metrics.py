"""What can be watched of a bridge, by the meter of Temporal's own runtime."""

from datetime import UTC, datetime

from temporalio.common import MetricMeter

from bridge.handing import Outcome
from bridge.lanes import Lanes


class Metrics:
    """Counters and gauges. Nothing in their labels grows with orders."""

    def __init__(self, meter: MetricMeter, source: str) -> None:
        meter = meter.with_additional_attributes({"source": source})
        self._events = meter.create_counter("bridge_events", "Messages, by what became of them")
        self._lag = meter.create_gauge("bridge_lag", "Messages that the broker has for us")
        self._in_flight = meter.create_gauge("bridge_in_flight", "Messages that are not acknowledged yet")
        self._oldest = meter.create_gauge_float(
            "bridge_oldest_seconds", "Since when the oldest of them was published", "s"
        )
        self._paused = meter.create_gauge("bridge_paused", "1 while Temporal does not answer")
        for outcome in Outcome:
            self._events.add(0, {"outcome": outcome})

    def note(self, outcome: Outcome) -> None:
        """Count a message."""
        self._events.add(1, {"outcome": outcome})

    def look(self, lanes: Lanes, *, is_paused: bool) -> None:
        """Measure what is in flight."""
        now = datetime.now(UTC)
        since = [at for held in lanes.all_held() if (at := held.message.published_at)]
        age = (now - min(since)).total_seconds() if since else 0.0
        self._in_flight.set(lanes.held)
        self._oldest.set(max(age, 0.0))
        self._paused.set(int(is_paused))

    def lags(self, messages: int) -> None:
        """Note how many messages wait."""
        self._lag.set(messages)
