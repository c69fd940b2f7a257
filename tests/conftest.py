"""What all tests of a process share: one Temporal dev server, one simulator, one worker."""

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.certificate import self_signed
from tests.looking_back import look_back
from tests.stage import City, Stage, open_stage

# Where several processes share the files of a run, these go first, longest first: whoever began one of them
# last would keep all others waiting.
LONGEST = (
    "test_demo.py",
    "test_exit_codes.py",
    "test_killed_worker.py",
    "test_chaos.py",
    "test_alerts.py",
    "test_rollout.py",
    "test_inbox.py",
    "test_operations.py",
    "test_stories.py",
    "test_properties_of_an_order.py",
    "test_burst.py",
    "test_commands.py",
    "test_load.py",
    "test_story_of_full_queues.py",
    "test_dead_letters.py",
    "test_readme.py",
    "test_moves.py",
    "test_planning.py",
    "test_fcm.py",
    "test_planted_faults.py",
    "test_fuzz.py",
)


@pytest.fixture(scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Everything a story needs, running. What ran on it is looked back at in the end."""
    async with open_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage
        await look_back(stage)


@pytest.fixture
async def city(stage: Stage, request: pytest.FixtureRequest) -> City:
    """A city of its own for each story: nobody there knows anybody of another."""
    stage.simulator.clear_faults()
    await stage.every_provider_is_well()
    return City(stage, request.node.name)


def pytest_configure(config: pytest.Config) -> None:
    """Find the programs beside this interpreter, and trust nobody outside this machine.

    Reading whom the system trusts took half of many a test's time.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if "SSL_CERT_FILE" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="trusted-")
        config.add_cleanup(folder.cleanup)
        os.environ["SSL_CERT_FILE"], _ = map(str, self_signed(Path(folder.name), "127.0.0.1"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
