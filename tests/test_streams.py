"""The benchmark ``streams`` in its short form: nothing is lost or told twice, whatever time it takes here."""

from dataclasses import replace
from pathlib import Path

import pytest

from activities.store.migrating import migrate
from api.serving import serving
from benchmarks.streams import Followed, Plan, follow
from tests.api.stage import Front, open_door
from tests.store.stage import as_url

PLAN = Plan(streams=50, news=100, rate=100, cut_every=4)
WELL = Followed(
    plan=PLAN,
    delivery=[0.1] * 100,
    resumed=5,
    cuts=20,
    missed=0,
    twice=0,
    refused=0,
    memory=(100, 110),
)


async def test_fifty_streams_that_are_cut_all_the_time_miss_nothing_and_hear_nothing_twice(
    tmp_path: Path,
) -> None:
    await migrate(as_url(tmp_path / "store.db"))
    # The server ends first, and the streams with it: they look at the store.
    front = Front()
    async with open_door(front, tmp_path) as door, serving(front) as url:
        found = await follow(url, door.store, PLAN)

    assert found.is_whole, found
    assert found.resumed
    assert len(found.delivery) + found.resumed == PLAN.news


@pytest.mark.parametrize(
    "worse", [{"missed": 1}, {"twice": 1}, {"refused": 1}, {"delivery": [0.1] * 95 + [1.5] * 5}]
)
def test_what_is_lost_twice_refused_or_late_does_not_hold(worse: dict[str, object]) -> None:
    assert str(WELL).startswith(
        "streams: HOLDS 50 streams, 100 news at 100 a second, delivered after p50 0.1"
    )
    assert not replace(WELL, **worse).holds  # type: ignore[arg-type] # each is of the field's own type
