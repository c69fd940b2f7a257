"""What all tests share: one Temporal dev server, one simulator, one worker, for the whole run."""

from collections.abc import AsyncIterator

import pytest

from tests.stage import City, Stage, open_stage


@pytest.fixture(scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Everything a story needs, running."""
    async with open_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
async def city(stage: Stage, request: pytest.FixtureRequest) -> City:
    """A city of its own for each story: nobody there knows anybody of another."""
    stage.simulator.clear_faults()
    await stage.every_provider_is_well()
    return City(stage, request.node.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back at the whole run comes last."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
