"""Quiet hours in the nights in which clocks are changed, in three zones; one changes by half an hour."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest

from domain.recipients import Recipient

MINUTE, NIGHT = timedelta(minutes=1), timedelta(hours=9)


class Change(NamedTuple):
    """A change of clocks: ``at`` the moment, from what it shows ``before`` to what it shows ``after``."""

    zone: str
    at: datetime
    before: str
    after: str


SPRING = (
    Change("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC), "02:00", "03:00"),
    Change("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC), "02:00", "03:00"),
    Change("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC), "02:00", "02:30"),
)
AUTUMN = (
    Change("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC), "02:00", "01:00"),
    Change("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC), "03:00", "02:00"),
    Change("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC), "02:00", "01:30"),
)


def minutes(clock: str) -> timedelta:
    hour, minute = clock.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def shows(clock: timedelta) -> str:
    return f"{clock.seconds // 3600:02}:{clock.seconds % 3600 // 60:02}"


def moved(change: Change) -> timedelta:
    """How far the clock jumps: ahead in spring, back in autumn."""
    return minutes(change.after) - minutes(change.before)


def quiet_spells(change: Change, start: str, end: str) -> list[tuple[timedelta, timedelta]]:
    """When it is quiet around a change, from and until, as time since the change; found minute by minute."""
    ana = Recipient.model_validate(
        {
            "recipient_id": "c-42",
            "role": "customer",
            "time_zone": change.zone,
            "quiet_hours": {"start": start, "end": end},
        }
    )
    switches = list(_switches(ana, change.at))
    return list(zip(switches[::2], switches[1::2], strict=True))


def _switches(ana: Recipient, at: datetime) -> Iterator[timedelta]:
    span = range(-int(NIGHT / MINUTE), int(NIGHT / MINUTE))
    for one, next_one in pairwise(span):
        if ana.is_quiet_at(at + one * MINUTE) != ana.is_quiet_at(at + next_one * MINUTE):
            yield next_one * MINUTE


@pytest.mark.parametrize("change", SPRING + AUTUMN, ids=lambda change: f"{change.zone} {change.at:%B}")
def test_a_night_of_quiet_hours_is_one_piece_and_as_long_as_the_clock_makes_it(change: Change) -> None:
    [(begins, ends)] = quiet_spells(change, "22:00", "07:00")

    assert ends - begins == timedelta(hours=9) - moved(change)
    assert ends == minutes("07:00") - minutes(change.after)


@pytest.mark.parametrize("change", SPRING, ids=lambda change: change.zone)
def test_quiet_hours_that_begin_at_a_time_left_out_begin_where_the_clock_jumps(change: Change) -> None:
    left_out = shows(minutes(change.before) + moved(change) / 2)

    [(begins, ends)] = quiet_spells(change, left_out, "07:00")

    assert begins == timedelta(0)
    assert ends == minutes("07:00") - minutes(change.after)


@pytest.mark.parametrize("change", SPRING, ids=lambda change: change.zone)
def test_quiet_hours_that_end_at_a_time_left_out_end_where_the_clock_jumps(change: Change) -> None:
    left_out = shows(minutes(change.before) + moved(change) / 2)

    [(begins, ends)] = quiet_spells(change, "22:00", left_out)

    assert (begins, ends) == (minutes("22:00") - timedelta(days=1) - minutes(change.before), timedelta(0))


@pytest.mark.parametrize("change", SPRING, ids=lambda change: change.zone)
def test_quiet_hours_left_out_altogether_do_not_take_place(change: Change) -> None:
    left_out = minutes(change.before)

    assert quiet_spells(change, shows(left_out + 10 * MINUTE), shows(left_out + 20 * MINUTE)) == []


@pytest.mark.parametrize("change", AUTUMN, ids=lambda change: change.zone)
def test_what_the_clock_shows_twice_is_quiet_twice(change: Change) -> None:
    shown_twice, back = minutes(change.after) + 10 * MINUTE, -moved(change)

    first, second = quiet_spells(change, shows(shown_twice), shows(shown_twice + 10 * MINUTE))

    assert first == (10 * MINUTE - back, 20 * MINUTE - back)
    assert second == (10 * MINUTE, 20 * MINUTE)
