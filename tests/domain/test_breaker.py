"""A breaker's own judgement: when it opens, and when one call may find out how the provider is."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.breaker import BreakerState, Health

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("seconds", "may_be"), [(29, False), (30, True)])
def test_an_open_breaker_is_probed_after_30_seconds(seconds: int, may_be: bool) -> None:
    health = Health("fcm", BreakerState.OPEN, NOON)

    assert health.may_be_probed(NOON + seconds * SECOND) is may_be


@pytest.mark.parametrize("state", sorted(set(BreakerState) - {BreakerState.OPEN}), ids=str)
def test_no_other_breaker_is_probed(state: BreakerState) -> None:
    assert not Health("fcm", state, NOON).may_be_probed(NOON + timedelta(days=1))


def test_nobody_probes_beside_somebody_else() -> None:
    health = Health("fcm", BreakerState.OPEN, NOON, probing_until=NOON + 60 * SECOND)

    assert not health.may_be_probed(NOON + 59 * SECOND)
    assert health.may_be_probed(NOON + 60 * SECOND)


@pytest.mark.parametrize("state", BreakerState)
def test_only_a_breaker_left_to_itself_opens(state: BreakerState) -> None:
    health = Health("fcm", state, NOON, calls=20, failures=20)

    assert health.should_open() is (state is BreakerState.CLOSED)
