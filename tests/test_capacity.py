"""What the capacity plan is built on: the queue's model, the sums, and that a wrong model is noticed."""

from collections import Counter
from dataclasses import replace

import pytest
import simpy

from benchmarks.capacity.__main__ import DAILY, PEAK
from benchmarks.capacity.check import SIZES, Checked, predicted
from benchmarks.capacity.simulation import Dinner, Evening, SendQueue, simulate
from benchmarks.capacity.sums import Needs, OneOrder, actions_cost
from benchmarks.load.crowd import quantile
from benchmarks.load.priority import Turns
from simulator.programs import HOME

RUSH = Dinner(((0, 0.13), (600, 0.4), (2400, 0.4), (2401, 0.03), (3600, 0.03)), rate=3, sheds=False)


def left(rate: float, *queued: tuple[int, str]) -> list[tuple[float, int, str]]:
    """What leaves a queue when: the first goes at once, what is queued behind it has its turns."""
    env = simpy.Environment()
    queue = SendQueue(env, rate)
    for one in queued:
        queue.put(*one)
    env.run()
    return [(told.at, told.priority, told.merchant) for told in queue.left]


def test_the_simulated_queue_lets_the_urgent_go_first_within_its_limit() -> None:
    assert left(2, (5, "a"), (5, "a"), (1, "b"), (3, "c")) == [
        (0, 1, "b"),
        (0.5, 3, "c"),
        (1, 5, "a"),
        (1.5, 5, "a"),
    ]


def test_the_simulated_queue_gives_merchants_their_turn() -> None:
    order = [merchant for *_, merchant in left(1, *[(5, "big")] * 4, (5, "small"), (5, "small"))]

    assert order == ["big", "small", "big", "small", "big", "big"]


def test_merging_for_longer_shortens_the_wait_of_what_can_wait_and_of_nothing_else() -> None:
    usual, merged = simulate(RUSH), simulate(replace(RUSH, sheds=True))

    def waits(evening: Evening, priority: int) -> float:
        return quantile([one.waited for one in evening.told if one.priority == priority], 0.99)

    sent = [Counter(told.priority for told in evening.told) for evening in (usual, merged)]
    assert waits(usual, 5) > 2 * waits(merged, 5) > 10
    assert sent[0][5] > sent[1][5]
    assert sent[0][1] == sent[1][1]


def test_actions_are_paid_for_as_the_price_list_has_it() -> None:
    assert actions_cost(11.25) == pytest.approx(525)


def test_an_order_has_no_fewer_actions_than_its_sends_signals_and_timers() -> None:
    order = OneOrder()

    assert order.actions >= order.sends + 7 + order.windows
    assert dict(Needs(1_000, 1).rows())["pushes, texts, e-mails a second"] == "9 / 2 / 2"


def test_the_documents_sums_are_those_of_the_code() -> None:
    written = (HOME / "docs" / "capacity.md").read_text()
    sums = [f"| {what} | {how_much} |" for what, how_much in Needs(DAILY, PEAK).rows()]

    assert [line for line in sums if line not in written] == []


def measured(**differing: float) -> Turns:
    expected = predicted(SIZES)
    usual = Turns(
        sizes=SIZES,
        urgent_alone=0.1,
        urgent=0.1 + expected.urgent,
        small_alone=0.1,
        small=0.1 + expected.small,
        missing=0,
        waited=expected.waited,
        ended=Counter(SENT=SIZES.backlog),
    )
    return replace(usual, **differing)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"urgent": 5.0}, {"small": 5.0}, {"waited": 0}])
def test_a_simulation_far_from_what_was_measured_is_noticed(wrong: dict[str, float]) -> None:
    assert Checked(predicted(SIZES), measured()).holds
    assert not Checked(predicted(SIZES), measured(**wrong)).holds
