"""When a provider is not called any more, and when it is again: the fleet's one opinion of each provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WITHIN = timedelta(minutes=5)
AT_LEAST_CALLS = 20
FAILED_SHARE = 0.9
PROBE_AFTER = timedelta(seconds=30)


class BreakerState(StrEnum):
    """Whether a provider is called. The forced ones are an operator's, until an operator says otherwise."""

    CLOSED = "closed"
    OPEN = "open"
    FORCED_OPEN = "forced open"
    FORCED_CLOSED = "forced closed"


FORCED = frozenset({BreakerState.FORCED_OPEN, BreakerState.FORCED_CLOSED})
IS_CALLED = frozenset({BreakerState.CLOSED, BreakerState.FORCED_CLOSED})


@dataclass(frozen=True, slots=True)
class Health:
    """One provider as the fleet sees it: its breaker, and the calls of the last five minutes.

    ``since`` is when the breaker came to its state, or when its last probe failed. ``probing_until``: a
    probe is under way and has this long to come back.
    """

    provider: str
    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    reason: str = ""
    calls: int = 0
    failures: int = 0
    probing_until: datetime | None = None

    @property
    def is_called(self) -> bool:
        """Whether calls go through without asking."""
        return self.state in IS_CALLED

    def may_be_probed(self, now: datetime) -> bool:
        """Whether one call may find out how the provider is."""
        if self.state is not BreakerState.OPEN or self.since is None:
            return False
        is_probing = self.probing_until is not None and now < self.probing_until
        return now >= self.since + PROBE_AFTER and not is_probing

    def should_open(self) -> bool:
        """Whether so many calls failed that further ones are a waste of the recipients' time."""
        is_failing = self.calls >= AT_LEAST_CALLS and self.failures >= FAILED_SHARE * self.calls
        return self.state is BreakerState.CLOSED and is_failing
