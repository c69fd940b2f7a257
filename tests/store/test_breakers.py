"""Breakers: what the fleet thinks of a provider, whoever counted the calls."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.breakers import Breakers, Permit, Tally
from activities.store import StoreUnavailable
from domain.breaker import BreakerState, Health
from domain.outcomes import Accepted, Refused, TryLater, Unknown
from tests.store.stage import Stage

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


async def health(stage: Stage, now: datetime = NOON) -> Health:
    (known,) = await stage.store.settle_calls({}, now)
    return known


@pytest.mark.parametrize(
    ("calls", "failures", "state"),
    [(19, 19, BreakerState.CLOSED), (20, 18, BreakerState.OPEN), (20, 17, BreakerState.CLOSED)],
)
async def test_a_breaker_opens_at_20_calls_of_which_nine_in_ten_failed(
    stage: Stage, calls: int, failures: int, state: BreakerState
) -> None:
    await stage.store.settle_calls({"fcm": Tally(calls, failures)}, NOON)

    assert (await health(stage)).state is state


async def test_calls_of_all_workers_count_together_and_old_ones_no_more(stage: Stage) -> None:
    await stage.store.settle_calls({"fcm": Tally(15, 15)}, NOON)
    six_minutes_later = NOON + 360 * SECOND
    await stage.store.settle_calls({"fcm": Tally(15, 15)}, six_minutes_later)
    assert (await health(stage, six_minutes_later)).state is BreakerState.CLOSED

    (opened,) = await stage.store.settle_calls({"fcm": Tally(5, 5)}, six_minutes_later + SECOND)

    assert (opened.state, opened.reason) == (BreakerState.OPEN, "20 of 20 calls failed within 5 minutes")


async def test_a_failing_provider_leaves_the_others_alone(stage: Stage) -> None:
    known = await stage.store.settle_calls({"fcm": Tally(20, 20), "smtp": Tally(20, 0)}, NOON)

    assert {health.provider: health.state for health in known} == {
        "fcm": BreakerState.OPEN,
        "smtp": BreakerState.CLOSED,
    }


async def test_after_30_seconds_one_probe_at_a_time_decides(stage: Stage) -> None:
    await stage.store.settle_calls({"fcm": Tally(20, 20)}, NOON)

    assert not await stage.store.claim_probe("fcm", NOON + 29 * SECOND)
    assert await stage.store.claim_probe("fcm", NOON + 30 * SECOND)
    assert not await stage.store.claim_probe("fcm", NOON + 31 * SECOND), "somebody is probing"
    await stage.store.probe_ended("fcm", NOON + 32 * SECOND, is_well=False)
    assert not await stage.store.claim_probe("fcm", NOON + 61 * SECOND)
    assert await stage.store.claim_probe("fcm", NOON + 62 * SECOND)
    await stage.store.probe_ended("fcm", NOON + 63 * SECOND, is_well=True)

    well = await health(stage, NOON + 64 * SECOND)
    assert (well.state, well.calls) == (BreakerState.CLOSED, 0)


async def test_a_prober_that_never_comes_back_is_replaced(stage: Stage) -> None:
    await stage.store.settle_calls({"fcm": Tally(20, 20)}, NOON)

    assert await stage.store.claim_probe("fcm", NOON + 30 * SECOND)
    assert await stage.store.claim_probe("fcm", NOON + 60 * SECOND)


async def test_an_operator_overrules_the_breaker_until_it_is_given_back(stage: Stage) -> None:
    await stage.store.force_breaker("fcm", BreakerState.FORCED_OPEN, "maintenance")
    forced = await health(stage)
    assert (forced.state, forced.reason, forced.is_called) == (BreakerState.FORCED_OPEN, "maintenance", False)
    assert not await stage.store.claim_probe("fcm", NOON + timedelta(days=1))

    await stage.store.force_breaker("fcm", BreakerState.FORCED_CLOSED, "we know better")
    await stage.store.settle_calls({"fcm": Tally(100, 100)}, NOON)
    assert (await health(stage)).state is BreakerState.FORCED_CLOSED

    await stage.store.force_breaker("fcm", BreakerState.CLOSED, "as usual again")
    await stage.store.settle_calls({"fcm": Tally(20, 20)}, NOON)
    assert (await health(stage)).state is BreakerState.OPEN


async def test_a_worker_hears_of_failures_it_did_not_see(stage: Stage) -> None:
    clock = Clock()
    ours, theirs = Breakers(stage.store, clock), Breakers(stage.store, clock)
    for _ in range(20):
        await theirs.note("fcm", TryLater("no"), Permit.CALL)
    await theirs.settle_accounts()
    assert await ours.permit("fcm") is Permit.CALL, "it has not heard yet"

    await ours.settle_accounts()

    assert await ours.permit("fcm") is None
    clock.now += 31 * SECOND
    assert await ours.permit("fcm") is Permit.PROBE
    assert await theirs.permit("fcm") is None, "one probe at a time"
    await ours.note("fcm", Accepted("from before it opened"), Permit.CALL)
    assert await ours.permit("fcm") is None, "a call that was under way is no probe"
    await ours.note("fcm", Accepted("1"), Permit.PROBE)
    assert await ours.permit("fcm") is Permit.CALL


async def test_a_no_about_a_message_is_a_sign_of_health(stage: Stage) -> None:
    breakers = Breakers(stage.store, Clock())
    for outcome in [Refused("bad")] * 10 + [Accepted("1")] * 5 + [Unknown("silence")] * 5:
        await breakers.note("fcm", outcome, Permit.CALL)

    await breakers.settle_accounts()

    assert ((await health(stage)).calls, (await health(stage)).failures) == (20, 5)


class Away:
    """A store that went away after it had told of an open breaker."""

    def __init__(self, known: Health) -> None:
        self.known = [known]

    async def settle_calls(self, tallies: object, now: datetime) -> list[Health]:
        if not self.known:
            raise StoreUnavailable("away")
        return [self.known.pop()]

    async def claim_probe(self, provider: str, now: datetime) -> bool:
        raise StoreUnavailable("away")

    async def probe_ended(self, provider: str, now: datetime, *, is_well: bool) -> None:
        raise StoreUnavailable("away")


async def test_a_store_that_is_away_costs_no_answer_and_lets_nobody_probe() -> None:
    breakers = Breakers(Away(Health("fcm", BreakerState.OPEN, since=NOON - 60 * SECOND)), Clock())
    await breakers.settle_accounts()

    assert await breakers.permit("fcm") is None
    await breakers.note("fcm", Accepted("1"), Permit.PROBE)
    assert await breakers.permit("fcm") is None, "nobody could be told that it is well"
