"""What one failed attempt leads to."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.channels import Channel
from domain.effort import Effort, GiveUp, TryAgain, after_a_failure, is_fallback_due, may_be_sent_again
from domain.status import Status
from workflows.policy import URGENT, USUAL

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def follows(
    effort: Effort,
    failures: int,
    *,
    after: float = 0,
    provider_wait: float | None = None,
    jitter: float = 0,
    useful_for: float = 86_400,
) -> TryAgain | GiveUp:
    return after_a_failure(
        effort,
        failures=failures,
        provider_wait=provider_wait,
        now=NOON + timedelta(seconds=after),
        first_failed_at=NOON,
        deadline=NOON + timedelta(seconds=useful_for),
        jitter=lambda: jitter,
    )


def test_the_waits_are_those_of_the_policy_and_then_it_is_over() -> None:
    assert [follows(USUAL, failures) for failures in range(1, 6)] == [
        TryAgain(5),
        TryAgain(30),
        TryAgain(120),
        TryAgain(600),
        GiveUp("out of attempts"),
    ]


def test_jitter_adds_at_most_a_tenth() -> None:
    assert follows(USUAL, 2, jitter=1) == TryAgain(33)


@pytest.mark.parametrize(("asked", "waited"), [(3, 5), (20, 20)])
def test_a_longer_retry_after_replaces_the_wait(asked: float, waited: float) -> None:
    assert follows(USUAL, 1, provider_wait=asked) == TryAgain(waited)


def test_a_wait_that_would_pass_the_deadline_fails_at_once() -> None:
    assert follows(USUAL, 1, provider_wait=100, useful_for=100) == GiveUp(
        "the next attempt would come too late"
    )
    assert follows(USUAL, 1, provider_wait=99, useful_for=100) == TryAgain(99)


def test_urgent_news_is_handed_on_45_seconds_after_the_first_failure() -> None:
    assert follows(URGENT, 2, after=5) == TryAgain(30)
    assert follows(URGENT, 3, after=35) == TryAgain(10)
    assert not is_fallback_due(URGENT, first_failed_at=NOON, now=NOON + timedelta(seconds=44))
    assert is_fallback_due(URGENT, first_failed_at=NOON, now=NOON + timedelta(seconds=45))
    assert not is_fallback_due(USUAL, first_failed_at=NOON, now=NOON + timedelta(days=1))
    assert not is_fallback_due(URGENT, first_failed_at=None, now=NOON)


@pytest.mark.parametrize(
    ("channel", "status", "is_repeat", "again"),
    [
        (Channel.PUSH, Status.ACCEPTED, True, True),
        (Channel.SMS, Status.ACCEPTED, False, True),
        (Channel.SMS, Status.NEARBY, True, False),
        (Channel.EMAIL, Status.NEARBY, False, False),
        (Channel.EMAIL, Status.DELIVERED, False, True),
        (Channel.EMAIL, Status.DELIVERED, True, False),
    ],
)
def test_what_follows_an_unknown_outcome(
    channel: Channel, status: Status, is_repeat: bool, again: bool
) -> None:
    assert may_be_sent_again(channel, [status], is_repeat=is_repeat) is again
