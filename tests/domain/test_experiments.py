"""Who hears which variant, and when a difference is more than chance: held against scipy and a paper."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats  # type: ignore[import-untyped] # it has none

from domain.experiments import (
    Counts,
    Experiment,
    Rate,
    kept,
    newcombe,
    recorded_as,
    refuse_those_that_meet,
    report,
    variant_in,
    wilson,
)
from domain.status import Role, Status
from tests.searching import searching

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = [f"c-{number}" for number in range(20_000)]
_NAMES = st.text("abcxyz09-", min_size=1, max_size=39).map(lambda rest: f"e{rest}")
_VARIANTS = st.dictionaries(
    st.text("abcdefghij", min_size=1, max_size=9), st.integers(1, 1000), min_size=2, max_size=10
)
_COUNTED = st.integers(1, 2_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def experiment(name: str = "nearby-tone", **given: Any) -> Experiment:
    usual: dict[str, Any] = {"status": Status.NEARBY, "variants": {"plain": 1, "warm": 1}}
    return Experiment(**{**usual, "name": name, **given})


# Who hears what


@given(_NAMES, _VARIANTS, st.text())
@searching(100)
def test_a_recipient_always_hears_the_same_variant(
    name: str, variants: dict[str, int], recipient_id: str
) -> None:
    heard = experiment(name, variants=variants).variant_of(recipient_id)

    assert heard in variants
    assert experiment(name, variants=variants).variant_of(recipient_id) == heard


@given(_NAMES, st.lists(st.integers(1, 20), min_size=2, max_size=10), st.integers(2, 50), st.text())
@searching(100)
def test_only_the_proportions_of_shares_count(
    name: str, shares: list[int], times: int, recipient_id: str
) -> None:
    variants = {chr(ord("a") + place): share for place, share in enumerate(shares)}
    more = {variant: share * times for variant, share in variants.items()}

    assert experiment(name, variants=variants).variant_of(recipient_id) == experiment(
        name, variants=more
    ).variant_of(recipient_id)


@pytest.mark.parametrize(
    "variants", [{"a": 1, "b": 1}, {"a": 9, "b": 1}, {"a": 5, "b": 3, "c": 2}, {"a": 1, "b": 99}]
)
def test_many_recipients_are_split_by_the_shares(variants: dict[str, int]) -> None:
    heard = Counter(map(experiment(variants=variants).variant_of, PEOPLE))
    expected = [len(PEOPLE) * share / sum(variants.values()) for share in variants.values()]

    assert stats.chisquare([heard[variant] for variant in variants], expected).pvalue > 0.001


def test_what_somebody_hears_in_one_experiment_says_nothing_about_another() -> None:
    one, other = experiment("nearby-tone"), experiment("placed-tone", variants={"a": 1, "b": 2})
    heard = Counter((one.variant_of(person), other.variant_of(person)) for person in PEOPLE)
    table = [[heard[first, second] for second in other.variants] for first in one.variants]

    assert stats.chi2_contingency(table).pvalue > 0.001


def test_shares_that_grow_move_nobody_from_the_variant_that_grew() -> None:
    before, after = experiment(variants={"a": 50, "b": 50}), experiment(variants={"a": 60, "b": 40})

    assert all(after.variant_of(person) == "a" for person in PEOPLE if before.variant_of(person) == "a")


# Which experiments there may be


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"variants": {"plain": 1}}, "at least 2 items"),
        ({"variants": {"plain": 1, "warm": 0}}, "greater than or equal to 1"),
        ({"variants": {"plain": 1, "warm": True}}, "valid integer"),
        ({"variants": {"plain": 1, "Warm!": 1}}, "match pattern"),
        ({"role": Role.COURIER}, "NEARBY is not told to a courier"),
        ({"begins": NOON, "ends": NOON}, "ends before it begins"),
        ({"begins": datetime(2026, 11, 22)}, "timezone"),  # noqa: DTZ001 that is what is wrong
        ({"shares": 1}, "Extra inputs"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        experiment(**given)


def test_an_experiment_runs_from_its_beginning_until_before_its_end() -> None:
    runs = experiment(begins=NOON, ends=NOON + DAY)

    moments = [NOON - DAY, NOON, NOON + DAY / 2, NOON + DAY]
    assert [runs.runs_at(moment) for moment in moments] == [False, True, True, False]
    assert experiment().runs_at(NOON)


def test_two_experiments_never_run_with_the_same_news_at_the_same_time() -> None:
    first = experiment("first", ends=NOON)
    refuse_those_that_meet([first, experiment("next", begins=NOON)])
    refuse_those_that_meet([first, experiment("elsewhere", status=Status.PLACED)])
    refuse_those_that_meet([experiment("a", status=Status.PLACED, role=role) for role in [Role.MERCHANT]])

    with pytest.raises(ValueError, match="first: runs at the same time as next"):
        refuse_those_that_meet([first, experiment("next", begins=NOON - DAY)])
    with pytest.raises(ValueError, match="first: is there twice"):
        refuse_those_that_meet([first, experiment("first", status=Status.PLACED)])


def test_a_fallback_keeps_the_variant_of_its_own_experiment() -> None:
    warm = recorded_as(experiment(), "warm")

    assert (variant_in(warm), variant_in(None)) == ("warm", None)
    assert kept(warm, recorded_as(experiment(), "plain")) == warm
    assert kept(warm, None) is None
    assert kept(warm, "placed-tone/a") == "placed-tone/a"


# More than chance?


@given(_COUNTED)
@searching(100)
def test_wilsons_interval_is_that_of_scipy(counted: tuple[int, int]) -> None:
    count, of = counted
    ours, theirs = wilson(count, of), stats.binomtest(count, of).proportion_ci(0.95, "wilson")

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert 0 <= ours.low <= count / of <= ours.high <= 1


# R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in
# Medicine 17 (1998), table II, method 10.
NEWCOMBE = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0)),
    ((10, 10), (0, 10), (0.6075, 1.0)),
]


@pytest.mark.parametrize(("one", "other", "interval"), NEWCOMBE)
def test_newcombes_interval_is_that_of_his_paper(
    one: tuple[int, int], other: tuple[int, int], interval: tuple[float, float]
) -> None:
    found = newcombe(Rate.measured(*one), Rate.measured(*other))

    assert found is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(interval, abs=0.00005)
    assert found.excludes_zero is (interval[0] > 0)


@given(_COUNTED, _COUNTED)
@searching(100)
def test_newcombes_interval_is_made_of_scipys_intervals_and_turns_around(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    found = newcombe(Rate.measured(*one), Rate.measured(*other))
    turned = newcombe(Rate.measured(*other), Rate.measured(*one))
    (p1, l1, u1), (p2, l2, u2) = (_by_scipy(*counted) for counted in (one, other))

    assert found is not None
    assert turned is not None
    assert found.interval.low == pytest.approx(p1 - p2 - ((p1 - l1) ** 2 + (u2 - p2) ** 2) ** 0.5)
    assert found.interval.high == pytest.approx(p1 - p2 + ((u1 - p1) ** 2 + (p2 - l2) ** 2) ** 0.5)
    assert turned.interval.low == pytest.approx(-found.interval.high)
    assert turned.excludes_zero is found.excludes_zero


def _by_scipy(count: int, of: int) -> tuple[float, float, float]:
    interval = stats.binomtest(count, of).proportion_ci(0.95, "wilson")
    return count / of, interval.low, interval.high


def test_a_report_compares_every_variant_with_the_first() -> None:
    counts = {
        "plain": Counts(recipients=1000, told=990, reported=400, delivered=390, inbox=980, read=400),
        "warm": Counts(recipients=1000, told=991, reported=400, delivered=391, inbox=980, read=480),
    }

    plain, warm = report(experiment(), counts).variants

    assert plain.differences == {}
    assert (warm.read.count, warm.read.of) == (480, 980)
    assert {name: found.excludes_zero for name, found in warm.differences.items()} == {
        "told": False,
        "delivered": False,
        "read": True,
    }


def test_a_report_of_nobody_claims_nothing() -> None:
    plain, warm = report(experiment(), {"plain": Counts(recipients=2, told=2)}).variants

    assert (plain.told.share, plain.read.share, warm.told.share) == (1.0, None, None)
    assert warm.differences == {}
