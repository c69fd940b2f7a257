"""An order that leaves the cache is gone at once, without the collector, and goes on with its next event."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from evicting import EvictingRunner
from tests.processes import eventually
from tests.stage import Stage

QUEUE, CACHED, ORDERS = "orders-that-leave", 2, 12


@workflow.defn
class Counting:
    """Refers to itself and its tasks in as many ways as an order does. Answers how many signals it had."""

    def __init__(self) -> None:
        self.heard = 0
        self.myself = [self.hear, self]
        self.tasks: list[asyncio.Task[object]] = []

    @workflow.run
    async def run(self) -> int:
        """Hear two, and end."""
        self.tasks = [asyncio.create_task(one) for one in (self.waits(), self.sleeps())]
        await workflow.wait_condition(lambda: self.heard == 2)
        return self.heard

    @workflow.signal
    def hear(self) -> None:
        """One more."""
        self.heard += 1

    async def waits(self) -> None:
        """Wait for what never comes, and for what waits as well."""
        await asyncio.gather(self.sends(), self.sleeps())

    async def sends(self) -> None:
        """Wait for a send that nobody takes on."""
        await workflow.execute_activity(
            "send", task_queue="nobody-serves-it", start_to_close_timeout=timedelta(days=1)
        )

    async def sleeps(self) -> None:
        """Sleep for longer than the order lives."""
        await workflow.sleep(timedelta(days=30))


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[Client]:
    async with Worker(
        stage.client,
        task_queue=QUEUE,
        workflows=[Counting],
        workflow_runner=EvictingRunner(),
        max_cached_workflows=CACHED,
    ):
        yield stage.client


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What goes, goes by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def in_memory() -> int:
    return sum(type(one) is Counting for one in gc.get_objects())


@pytest.mark.usefixtures("no_collector")
async def test_of_orders_that_left_the_cache_nothing_stays_and_each_goes_on(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: complaints.append(what.exc_value))

    orders = [
        await client.start_workflow(
            Counting.run, id=f"counting-{number}", task_queue=QUEUE, start_signal="hear"
        )
        for number in range(ORDERS)
    ]
    # The one that pushes another out is there a moment before that one has gone.
    await eventually(lambda: 0 < in_memory() <= CACHED + 1)

    for order in orders:
        await order.signal("hear")
    assert [await order.result() for order in orders] == [2] * ORDERS
    await eventually(lambda: in_memory() <= CACHED + 1)
    assert complaints == []
    assert "never retrieved" not in caplog.text
    assert "destroyed" not in caplog.text
