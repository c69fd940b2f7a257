"""How hard a notification is tried, and what one failed attempt leads to. Seconds throughout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.channels import Channel
from domain.status import Status

JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Effort:
    """``waits`` before further attempts; another channel takes over ``fall_back_after`` the first failure."""

    waits: tuple[float, ...]
    fall_back_after: float | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Another attempt, ``wait`` seconds from now."""

    wait: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt on this channel."""

    reason: str


def after_a_failure(
    effort: Effort,
    *,
    failures: int,
    provider_wait: float | None,
    now: datetime,
    first_failed_at: datetime,
    deadline: datetime,
    jitter: Callable[[], float],
) -> TryAgain | GiveUp:
    """What follows the ``failures``-th failed attempt. ``jitter`` draws from 0 to 1.

    A wait that would pass the fallback deadline ends there instead, where :func:`is_fallback_due` says so.
    """
    if failures > len(effort.waits):
        return GiveUp("out of attempts")
    wait = effort.waits[failures - 1] * (1 + JITTER * jitter())
    wait = max(wait, provider_wait or 0)
    if effort.fall_back_after is not None:
        until_fallback = (first_failed_at - now).total_seconds() + effort.fall_back_after
        wait = min(wait, max(until_fallback, 0))
    if now + timedelta(seconds=wait) >= deadline:
        return GiveUp("the next attempt would come too late")
    return TryAgain(wait)


def is_fallback_due(effort: Effort, *, first_failed_at: datetime | None, now: datetime) -> bool:
    """Whether the next channel's turn has come."""
    if effort.fall_back_after is None or first_failed_at is None:
        return False
    return now >= first_failed_at + timedelta(seconds=effort.fall_back_after)


def may_be_sent_again(channel: Channel, path: Sequence[Status], *, is_repeat: bool) -> bool:
    """Whether a notification of unknown outcome gets another attempt rather than rests as unknown.

    A second push replaces the first on the screen. A second text looks on the provider's list first. A
    second e-mail is a duplicate for good: only a record is worth one.
    """
    if channel is Channel.PUSH:
        return True
    if is_repeat:
        return False
    return channel is Channel.SMS or any(status.rule.record for status in path)
