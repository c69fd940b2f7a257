"""Operators ask how the variants of an experiment compare; and the commands that say the same."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from activities.wording import FluentWording
from activities.wording.experiments import FILE
from activities.wording.wording import CATALOGUES
from domain.callers import Scope
from domain.experiments import Counts, Experiment, report
from domain.status import Status
from operating.experiments import as_table
from tests.api.stage import Door, Front, open_door
from tests.processes import run
from tests.store.stage import Stage, batch, somebody
from tests.test_wording_variants import TONE, WARM, add


@pytest.fixture
async def comparing(front: Front, tmp_path: Path, migrated: Path) -> AsyncIterator[Door]:
    """An API for which NEARBY is told in two wordings."""
    shutil.copy(CATALOGUES / "en.ftl", tmp_path)
    (tmp_path / FILE).write_text(TONE.replace("ends = 2026-12-01T00:00:00Z", ""))
    add(tmp_path, "en", WARM)
    data = tmp_path / "data"
    data.mkdir()
    (data / "store.db").write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    async with open_door(front, data, wording=FluentWording(tmp_path)) as door:
        yield door


async def ask(door: Door, name: str, scope: Scope = Scope.READ_OPERATIONS) -> httpx.Response:
    key = await door.store.api_keys.make("operator", [scope])
    return await door.http.get(f"/v1/experiments/{name}", headers={"Authorization": f"Bearer {key.text}"})


async def test_an_experiment_is_reported_from_planning_to_reading(comparing: Door, tmp_path: Path) -> None:
    stage = Stage(comparing.store, "", FluentWording(tmp_path))
    for number in range(12):
        recipient_id = f"c-{number}"
        await comparing.store.load([somebody(recipient_id)])
        await stage.plan(batch(Status.NEARBY, order_id=f"A{number}", recipient_id=recipient_id))

    answer = await ask(comparing, "nearby-tone")

    assert answer.status_code == 200
    plain, warm = answer.json()["variants"]
    # c-0, c-8 and c-11 hear the usual words, as their hashes have it.
    assert (plain["told"]["count"], warm["told"]["count"]) == (3, 9)
    assert (plain["read"]["of"], plain["read"]["count"], plain["delivered"]["share"]) == (3, 0, None)
    assert warm["differences"]["read"]["excludes_zero"] is False
    assert any("push" in note for note in answer.json()["notes"])
    [message] = await comparing.store.inbox("c-1")
    assert message.title == "Nearly with you"


@pytest.mark.parametrize("name", ["nobody-knows", "%00", "a%20b"])
async def test_an_experiment_that_is_not_there_is_not_found(door: Door, name: str) -> None:
    answer = await ask(door, name)

    assert (answer.status_code, answer.json()) == (404, {"detail": "no such experiment"})


async def test_it_takes_a_key_for_operations(comparing: Door) -> None:
    assert (await ask(comparing, "nearby-tone", Scope.READ_ORDERS)).status_code == 403
    assert (await comparing.http.get("/v1/experiments/nearby-tone")).status_code == 401


async def test_the_commands_say_what_there_is(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/store.db"}

    listed = await run("starter.py", "experiments", "list", settings=settings)
    unknown = await run("starter.py", "experiments", "report", "nearby-tone", settings=settings)

    assert (listed.code, listed.out.strip()) == (0, "there is no experiment, see docs/experiments.md")
    assert unknown.code == 1
    assert unknown.err.strip().splitlines()[-1].startswith("starter: NAME: is no experiment of ours")


def test_a_report_for_people_says_what_differs_and_what_may_be_chance() -> None:
    tone = Experiment(name="nearby-tone", status=Status.NEARBY, variants={"plain": 1, "warm": 1})
    counts = {
        "plain": Counts(recipients=1000, told=990, reported=400, delivered=390, inbox=980, read=400),
        "warm": Counts(recipients=1000, told=991, reported=400, delivered=391, inbox=980, read=480),
    }
    console = Console(width=140, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as shown:
        console.print(as_table(report(tone, counts)))

    lines = shown.get().splitlines()
    [read] = [line for line in lines if "read 480 of 980" in line]
    assert "49.0%" in read
    assert "+8.2%" in read
    assert "differs" in read
    assert sum("may be chance" in line for line in lines) == 2
