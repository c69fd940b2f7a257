"""A new version rolled out and back while orders are under way, by the commands of docs/deploying.md.

Two builds of the worker run side by side as real processes: the repository as it is, and a copy of it that
says other words and whose workflow takes a step more, so that neither could go on with an order of the other.
"""

import contextlib
import re
import shlex
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.common import VersioningBehavior

from domain.orders import ORDERS_QUEUE
from domain.status import Status
from settings import Settings
from tests.processes import HOME, Ended, Process, eventually, run, running, temporal
from tests.stage import City, OrderStory, Person, Stage
from tests.test_killed_worker import Workplace, a_workplace

OUT, NEARBY, DELIVERED = Status.OUT_FOR_DELIVERY, Status.NEARBY, Status.DELIVERED
SAYS = {"1": "Your order", "2": "Your meal"}
DEPLOYMENT = "order-notifications"


@dataclass
class Rollout:
    """A namespace in which build 1 runs, and a copy of our code to run as build 2."""

    place: Workplace
    programs: dict[str, Path]

    @contextlib.asynccontextmanager
    async def runs(self, build: str) -> AsyncIterator[Process]:
        """A worker of one build, taking new orders."""
        settings = {"TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT, "TEMPORAL_WORKER_BUILD_ID": build}
        program = str(self.programs[build] / "worker.py")
        async with running(program, settings={**self.place.settings, **settings}) as worker:
            await worker.says(f"send-email as build {build} of {DEPLOYMENT}")
            await eventually(lambda: self.is_made_current(build))
            yield worker

    async def is_made_current(self, build: str) -> bool:
        """Have new orders begin on a build. The server refuses while it does not know its workers."""
        return (await self.by_the_book("worker deployment set-current-version", build_id=build)).code == 0

    async def by_the_book(self, start: str, **values: str) -> Ended:
        """Run a command as the page on deploying has it, with some of its values changed."""
        line = re.findall(rf"^temporal {start} .*$", _page(), re.MULTILINE)[0]
        for name, value in values.items():
            option = f"--{name.replace('_', '-')}"
            line, found = re.subn(rf"({option}) \S+", rf"\1 {value}", line)
            assert found, (line, option)
        where = ("--address", "TEMPORAL_ADDRESS"), ("--namespace", "TEMPORAL_NAMESPACE")
        here = [part for option, name in where for part in (option, self.place.settings[name])]
        return await temporal(*shlex.split(line)[1:], *here)

    async def begins(self, person: Person) -> OrderStory:
        """An order that is told once, and so belongs to a build."""
        order = self.place.city.order(person, linger_seconds=1)
        await self.hears(order, OUT, person)
        return order

    async def hears(self, order: OrderStory, status: Status, person: Person) -> None:
        """Announce, and wait until the person's phone shows it."""
        before = len(person.pushes)
        await order.signal(order.event(status))
        await eventually(lambda: len(person.pushes) > before)

    async def how_a_sweep_goes_on(self) -> VersioningBehavior:
        """Where the rest of a sweep would be done after a rollout."""
        client = self.place.city.stage.client
        sweep = await client.start_workflow("Sweep", id="a-sweep", task_queue=ORDERS_QUEUE)
        await sweep.result()
        described = (await sweep.describe()).raw_description
        return VersioningBehavior(described.workflow_execution_info.versioning_info.behavior)

    async def ended_on(self, order: OrderStory) -> str:
        """Which build an order ended on, in its last run."""
        newest = self.place.city.stage.client.get_workflow_handle(order.handle.id)
        await newest.result()
        described = (await newest.describe()).raw_description
        return described.workflow_execution_info.versioning_info.deployment_version.build_id


@pytest.fixture
async def rollout(stage: Stage, city: City, tmp_path: Path) -> AsyncIterator[Rollout]:
    async with a_workplace(stage, city.story, tmp_path) as place:
        yield Rollout(place, {"1": HOME, "2": a_second_build(tmp_path / "build-2")})


def a_second_build(folder: Path) -> Path:
    """A copy of what the image holds, changed."""
    for part in ("domain", "workflows", "activities", "operating"):
        shutil.copytree(HOME / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for program in HOME.glob("*.py"):
        shutil.copy(program, folder)
    _change(folder / "activities" / "wording" / "en.ftl", SAYS["1"], SAYS["2"])
    step = "async def _tell(self, batches: Sequence[Batch]) -> None:\n"
    _change(
        folder / "workflows" / "order_notifications.py", step, f"{step}        await workflow.sleep(0.001)\n"
    )
    return folder


async def test_orders_end_on_the_version_they_began_with_and_a_rollback_loses_none(rollout: Rollout) -> None:
    people = [await rollout.place.city.customer() for _ in range(4)]
    async with rollout.runs("1"):
        old = await rollout.begins(people[0])
        async with rollout.runs("2") as second:
            new, doomed = await rollout.begins(people[1]), await rollout.begins(people[2])
            await rollout.hears(old, NEARBY, people[0])
            upgrades = await rollout.how_a_sweep_goes_on()
            assert await rollout.is_made_current("1")
            newest = await rollout.begins(people[3])
            await rollout.hears(new, NEARBY, people[1])
            for order, person in ((old, people[0]), (new, people[1]), (newest, people[3])):
                await rollout.hears(order, DELIVERED, person)
            ends = [await rollout.ended_on(order) for order in (old, new, newest)]
            second.terminate()
            await second.ends()
        # The second build is gone for good, and an order that only it could go on with hears news.
        await doomed.signal(doomed.event(DELIVERED))
        begun_again = await rollout.by_the_book("workflow reset with-workflow-update-options")
        await eventually(lambda: len(people[2].pushes) == 2)
        ends.append(await rollout.ended_on(doomed))

    assert begun_again.code == 0, begun_again.err
    assert ends == ["1", "2", "1", "1"]
    assert upgrades is VersioningBehavior.AUTO_UPGRADE
    assert [words_of(person) for person in people] == [
        [SAYS["1"]] * 3,
        [SAYS["2"]] * 3,
        [SAYS["2"], SAYS["1"]],
        [SAYS["1"]] * 2,
    ]


def words_of(person: Person) -> list[str]:
    return [text.partition("\n")[2][: len(SAYS["1"])].strip() for text in person.pushes]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT}, "TEMPORAL_WORKER_BUILD_ID"),
        ({"TEMPORAL_WORKER_BUILD_ID": "2"}, "TEMPORAL_DEPLOYMENT_NAME"),
        (
            {"TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT, "TEMPORAL_WORKER_BUILD_ID": "v1.2"},
            "TEMPORAL_WORKER_BUILD_ID",
        ),
    ],
)
async def test_half_a_version_is_named(given: dict[str, str], named: str) -> None:
    ended = await run("worker.py", settings=given)

    assert (ended.code, ended.problem.split(": ")[1]) == (1, named)


def test_without_a_version_workers_are_not_told_apart() -> None:
    assert Settings.read({"TEMPORAL_WORKER_BUILD_ID": " "}).build is None


def test_the_runbook_rolls_back_by_the_same_commands() -> None:
    by_page = {
        page: re.findall(
            r"```bash\n(.*?)```",
            (HOME / "docs" / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0],
            re.DOTALL,
        )
        for page, heading in (("deploying.md", "Rolling back"), ("runbook.md", "Roll back"))
    }

    assert len(by_page["runbook.md"]) == 2
    assert by_page["runbook.md"] == by_page["deploying.md"]


def _page() -> str:
    return (HOME / "docs" / "deploying.md").read_text().replace("\\\n", "")


def _change(file: Path, old: str, new: str) -> None:
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
