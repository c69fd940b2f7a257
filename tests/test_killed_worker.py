"""A worker killed at each step of a send, as a machine that loses power: its successor ends the story well.

The workers are real processes in a namespace of their own; kill -9 gives them no chance to say goodbye.
"""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import pytest
from temporalio.api.enums.v1 import PendingWorkflowTaskState
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.store import Store
from activities.store.migrating import migrate
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from simulator import Fault
from temporal_client import DATA_CONVERTER
from tests.processes import Process, address, eventually, running, settings_apart
from tests.stage import City, OrderStory, Person, Stage

OUT = Status.OUT_FOR_DELIVERY
LOUD = (Channel.PUSH, Channel.SMS)


@dataclass
class Workplace:
    """A namespace whose workers die, with a ledger of its own."""

    city: City
    settings: dict[str, str]
    database: Path

    @contextlib.asynccontextmanager
    async def worker(self, *arguments: str) -> AsyncIterator[Process]:
        """A worker, ready to work; it may be killed before the block ends."""
        async with running("worker.py", *arguments, settings=self.settings) as worker:
            await worker.says("worker: ready")
            yield worker

    @contextlib.contextmanager
    def store_is_stuck(self) -> Iterator[None]:
        """Nobody else can write to the ledger."""
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def received(self, person: Person) -> tuple[set[str], list[str]]:
        """What the person's devices show: pushes by their collapse id, and texts."""
        addresses = {device.token for device in person.recipient.devices}
        pushes = {one.key for one in self.city.stage.simulator.received if one.address in addresses}
        return pushes, person.texts

    async def both_sent(self, order: OrderStory) -> bool:
        """Whether push and text have come to rest as sent."""
        loud = [row for row in await order.rows() if row.provider != "inbox"]
        return len(loud) == 2 and {row.status for row in loud} == {NotificationStatus.SENT}


@contextlib.asynccontextmanager
async def a_workplace(stage: Stage, story: str, folder: Path) -> AsyncIterator[Workplace]:
    namespace = f"killed-{crc32(story.encode()):08x}"
    settings = await settings_apart(stage, namespace, folder)
    await migrate(settings["DATABASE_URL"])
    client = await Client.connect(address(stage), namespace=namespace, data_converter=DATA_CONVERTER)
    async with Store(settings["DATABASE_URL"]) as store:
        apart = replace(stage, env=TimeSkipper(client), store=store, orders={})  # type: ignore[arg-type] # has what is used
        yield Workplace(City(apart, story), settings, folder / f"{namespace}.db")


@pytest.fixture
async def workplace(stage: Stage, city: City, tmp_path: Path) -> AsyncIterator[Workplace]:
    async with a_workplace(stage, city.story, tmp_path) as workplace:
        yield workplace


@pytest.fixture
async def another_workplace(stage: Stage, city: City, tmp_path: Path) -> AsyncIterator[Workplace]:
    async with a_workplace(stage, f"{city.story}, too", tmp_path) as workplace:
        yield workplace


async def killed(worker: Process) -> None:
    worker.send(signal.SIGKILL)
    await eventually(lambda: not worker.is_alive())


async def test_killed_before_the_row_is_written(workplace: Workplace) -> None:
    ana = await workplace.city.customer()
    order = workplace.city.order(ana)
    async with workplace.worker() as worker:
        with workplace.store_is_stuck():
            await order.signal(order.event(OUT))
            await eventually(lambda: is_planning(order))
            await killed(worker)

    async with workplace.worker():
        await eventually(lambda: workplace.both_sent(order))

    pushes, texts = workplace.received(ana)
    assert (len(pushes), len(texts)) == (1, 1)


async def test_killed_after_the_row_is_written_and_before_the_call(workplace: Workplace) -> None:
    ana = await workplace.city.customer()
    order = workplace.city.order(ana)
    async with workplace.worker("--queues", "order-notifications") as worker:
        await order.signal(order.event(OUT))
        await eventually(lambda: has_rows(order))
        await killed(worker)
    assert workplace.received(ana) == (set(), [])

    async with workplace.worker():
        await eventually(lambda: workplace.both_sent(order))

    pushes, texts = workplace.received(ana)
    assert (len(pushes), len(texts)) == (1, 1)


async def test_killed_during_the_call_or_between_it_and_its_record(
    workplace: Workplace, another_workplace: Workplace
) -> None:
    """Together, because both wait half a minute for the server to give a lost worker up."""
    ana, bo = await workplace.city.customer(), await another_workplace.city.customer()
    addresses = [person.address(channel) for person in (ana, bo) for channel in LOUD]
    workplace.city.fails(*(Fault(kind="slow", seconds=3600, times=1, address=one) for one in addresses))

    anas_order = await killed_during_the_call(workplace, ana)
    bos_order = await killed_before_its_record(another_workplace, bo)

    await asyncio.gather(
        assert_its_successor_ends_it_well(workplace, anas_order, ana),
        assert_its_successor_ends_it_well(another_workplace, bos_order, bo),
    )


async def killed_during_the_call(workplace: Workplace, ana: Person) -> OrderStory:
    order = workplace.city.order(ana)
    async with workplace.worker() as worker:
        await order.signal(order.event(OUT))
        await eventually(lambda: all(workplace.received(ana)))
        await killed(worker)
    return order


async def killed_before_its_record(workplace: Workplace, bo: Person) -> OrderStory:
    order = workplace.city.order(bo)
    async with workplace.worker() as worker:
        await order.signal(order.event(OUT))
        await eventually(lambda: all(workplace.received(bo)))
        with workplace.store_is_stuck():
            workplace.city.lets_go()
            await asyncio.sleep(1)  # both answers have come: what is left is to write them down
            await killed(worker)
    loud = [row for row in await order.rows() if row.provider != "inbox"]
    assert {row.status for row in loud} == {NotificationStatus.PENDING}
    return order


async def assert_its_successor_ends_it_well(workplace: Workplace, order: OrderStory, person: Person) -> None:
    async with workplace.worker():
        await order.skip(31)
        await eventually(lambda: workplace.both_sent(order))
    pushes, texts = workplace.received(person)
    assert (len(pushes), len(texts)) == (1, 1)


async def is_planning(order: OrderStory) -> bool:
    pending = (await order.handle.describe()).raw_description.pending_workflow_task
    return pending.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED


async def has_rows(order: OrderStory) -> bool:
    return bool(await order.rows())
