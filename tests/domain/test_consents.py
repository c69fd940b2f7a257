"""The chain of consents: whatever is done to its rows is noticed, and the past can be told from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import Channel, Reach
from domain.consents import (
    BEGINNING,
    Break,
    By,
    Change,
    Consent,
    End,
    Facts,
    Topic,
    Walk,
    changes,
    digest_of,
    state_at,
    written,
)
from domain.recipients import Address, Device, OptOut, QuietHours, Recipient
from domain.status import Role, Status
from domain.wishes import keyed, masked, opt_out_facts, opt_out_topic, recipient_in, wishes_of
from tests.searching import searching

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANA = By("recipient", "preference centre")
QUIET, LOCALE = Topic("quiet_hours", "c-42"), Topic("locale", "c-42")
SECRET = "secret"  # noqa: S105 of no use elsewhere

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_FACTS = st.none() | st.dictionaries(_TEXTS, _TEXTS | st.dictionaries(_TEXTS, _TEXTS), max_size=2)
_CHANGES = st.lists(
    st.builds(
        Change,
        st.builds(Topic, _TEXTS, st.none() | _TEXTS, st.none() | _TEXTS),
        before=_FACTS,
        after=_FACTS,
    ),
    min_size=1,
    max_size=6,
)
_OTHERWISE: Mapping[str, Any] = {
    "at": NOON + timedelta(microseconds=1),
    "recipient_id": "c-43",
    "subject": "other",
    "address": "other",
    "actor": "somebody else",
    "source": "elsewhere",
    "before": {"other": "before"},
    "after": {"other": "after"},
}


def chained(made: Sequence[Change]) -> list[Consent]:
    """A chain of these changes, a minute apart."""
    steps = ((change, NOON + number * timedelta(minutes=1)) for number, change in enumerate(made))
    chains = accumulate(
        steps,
        lambda rows, step: [*rows, *written([step[0]], ANA, step[1], end_of(rows))],
        initial=list[Consent](),
    )
    return list(chains)[-1]


def end_of(rows: Sequence[Consent]) -> End:
    return End(rows[-1].number, rows[-1].digest) if rows else BEGINNING


def walked(rows: Sequence[Consent], end: End, noted: str | None = None) -> End | Break:
    """What becomes of going along rows, by their numbers as a database gives them."""
    walk = Walk(end, noted)
    for row in sorted(rows, key=lambda row: row.number):
        if broken := walk.goes_on_to(row):
            return broken
    return walk.ends(end)


def three() -> list[Consent]:
    made = [Change(LOCALE, {"locale": str(number)}, {"locale": str(number + 1)}) for number in range(3)]
    return chained(made)


@searching(50)
@given(made=_CHANGES, which=st.integers(0, 5), field=st.sampled_from(sorted(_OTHERWISE)))
def test_whatever_is_changed_in_a_row_is_found_there(made: list[Change], which: int, field: str) -> None:
    rows = chained(made)
    end, place = end_of(rows), which % len(rows)
    assert walked(rows, end) == end

    changed = replace(rows[place], **{field: _OTHERWISE[field]})
    broken = walked([*rows[:place], changed, *rows[place + 1 :]], end)

    assert broken == (end if changed == rows[place] else Break(place + 1, "was changed"))


@searching(30)
@given(made=_CHANGES, which=st.integers(0, 5), other=st.integers(0, 5))
def test_rows_that_changed_places_are_found(made: list[Change], which: int, other: int) -> None:
    rows = chained(made)
    end, (first, second) = end_of(rows), sorted((which % len(rows), other % len(rows)))
    moved = list(rows)
    moved[first] = replace(rows[second], number=first + 1)
    moved[second] = replace(rows[first], number=second + 1)

    broken = walked(moved, end)

    assert isinstance(broken, Break) == (first != second)
    if isinstance(broken, Break):
        assert (broken.number, "reordered" in broken.problem) == (first + 1, True)


@pytest.mark.parametrize("which", [0, 1])
def test_a_row_that_is_missing_is_named(which: int) -> None:
    rows = three()

    assert walked([*rows[:which], *rows[which + 1 :]], end_of(rows)) == Break(which + 1, "was removed")


def test_rows_that_were_renumbered_over_a_missing_one_do_not_follow() -> None:
    first, _, third = three()
    closed_up = replace(third, number=2)

    broken = walked([first, replace(closed_up, digest=digest_of(closed_up))], End(2, "anything"))

    assert isinstance(broken, Break)
    assert str(broken).startswith("row 2 does not follow row 1")


def test_a_row_that_was_put_in_is_found_at_the_next_one_or_at_the_end() -> None:
    rows = three()
    forged = written([Change(QUIET, None, {"start": "22:00"})], ANA, NOON, end_of(rows[:1]))
    later = [replace(row, number=row.number + 1) for row in rows[1:]]

    within = walked([rows[0], *forged, *later], end_of(rows))
    behind = walked([*rows, *written([Change(QUIET, None, {})], ANA, NOON, end_of(rows))], end_of(rows))

    assert isinstance(within, Break)
    assert within.number == 3
    assert behind == Break(4, "was put in at the end: the end is noted to be before it")


def test_rows_cut_off_are_missed_by_the_noted_end_or_by_a_digest_from_before() -> None:
    rows = three()
    shorter = rows[:2]

    assert isinstance(walked(shorter, end_of(rows)), Break)
    assert walked(shorter, end_of(shorter)) == end_of(shorter), "whoever cuts off may also note a new end"
    broken = walked(shorter, end_of(shorter), noted=rows[2].digest)
    assert isinstance(broken, Break)
    assert (broken.number, "cut off" in broken.problem) == (3, True)


def test_a_chain_written_anew_is_told_by_a_digest_from_before() -> None:
    rows, anew = three(), chained([Change(LOCALE, None, {"locale": "es"})] * 3)

    assert walked(anew, end_of(anew)) == end_of(anew)
    assert isinstance(walked(anew, end_of(anew), noted=rows[0].digest), Break)
    assert isinstance(walked(anew, end_of(rows)), Break)


def test_a_chain_may_grow_on_while_it_is_looked_at() -> None:
    rows = three()
    walk = Walk(end_of(rows[:1]), noted=rows[1].digest)

    assert [walk.goes_on_to(row) for row in rows] == [None, None, None]
    assert walk.ends(end_of(rows)) == end_of(rows)


def test_only_what_is_different_is_a_change() -> None:
    before: dict[Topic, Facts] = {LOCALE: {"locale": "en"}, QUIET: {"start": "22:00:00"}}

    assert changes(before, dict(before)) == []
    assert changes(before, {LOCALE: {"locale": "es"}}) == [
        Change(LOCALE, {"locale": "en"}, {"locale": "es"}),
        Change(QUIET, {"start": "22:00:00"}, None),
    ]


def test_the_past_is_what_the_last_row_before_it_left() -> None:
    rows, minute = three(), timedelta(minutes=1)
    now: dict[Topic, Facts] = {LOCALE: {"locale": "from elsewhere"}, QUIET: {"start": "22:00:00"}}

    then = [state_at(NOON + number * minute, rows, now)[LOCALE] for number in (-1, 0, 1.5, 2, 9)]

    assert then == [{"locale": text} for text in ("0", "1", "2", "3", "3")]
    assert state_at(NOON, rows, now)[QUIET] == {"start": "22:00:00"}, "nobody ever changed it"


def test_what_was_not_there_yet_was_not_there() -> None:
    rows = chained([Change(QUIET, None, {"start": "22:00:00"})])

    assert state_at(NOON - timedelta(seconds=1), rows, {QUIET: {"start": "22:00:00"}}) == {}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (Address(Channel.EMAIL, "ana@example.org"), "a…@example.org"),
        (Address(Channel.EMAIL, "me@example.org"), "…@example.org"),
        (Address(Channel.SMS, "+15550100"), "+1555…00"),
        (Address(Channel.PUSH, "tok-1", "android"), "android …ok-1"),
    ],
)
def test_owners_recognise_their_addresses_and_nobody_can_use_them(address: Address, shown: str) -> None:
    assert masked(address) == shown


def test_a_digest_tells_one_address_from_another_only_to_who_has_the_secret() -> None:
    number = Address(Channel.SMS, "+15550100")

    assert keyed(SECRET, number) == keyed(SECRET, Address(Channel.SMS, "+15550100"))
    others = {keyed("other", number), keyed(SECRET, Address(Channel.SMS, "+15550101"))}
    assert keyed(SECRET, number) not in others


_IPHONE = Device.model_validate({"platform": "ios", "token": "a1b2c3d4", "live_activity_token": "5747"})
_PEOPLE = st.builds(
    Recipient,
    recipient_id=st.just("c-42"),
    role=st.sampled_from(Role),
    locale=st.sampled_from(["en", "es-MX"]),
    time_zone=st.sampled_from(["UTC", "America/New_York"]),
    email=st.none() | st.just("ana@example.org"),
    phone=st.none() | st.just("+15550100"),
    devices=st.just(()) | st.just((_IPHONE,)),
    preferences=st.dictionaries(
        st.sampled_from(Status), st.dictionaries(st.sampled_from(Channel), st.sampled_from(Reach))
    ),
    quiet_hours=st.none() | st.builds(QuietHours, start=st.times(), end=st.times()),
)


@searching(30)
@given(person=_PEOPLE, covers=st.none() | st.sampled_from(OptOut))
def test_wishes_are_read_back_as_they_were_and_hold_no_contact_detail(
    person: Recipient, covers: OptOut | None
) -> None:
    number = Address(Channel.SMS, "+15550100")
    state = dict(wishes_of(person, (), SECRET))
    if covers:
        state[opt_out_topic(number, SECRET)] = opt_out_facts(number, covers)

    read = recipient_in(state, "c-42", Role.COURIER)

    asked = [(status, channel, role) for status in Status for channel in Channel for role in Role]
    loaded = person.model_copy(update={"opted_out": {Channel.SMS: covers} if covers and person.phone else {}})
    assert [read.reach(*cell) for cell in asked] == [loaded.reach(*cell) for cell in asked]
    assert (read.role, read.time_zone, read.locale) == (person.role, person.time_zone, person.locale)
    assert read.quiet_hours == person.quiet_hours
    assert not [one for one in ("ana@", "15550100", "a1b2c3d4") if one in str(state)]
