"""What happens while a queue of sends is behind: what can wait is merged for longer, nothing else is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from activities.queues import SendQueues
from benchmarks.load.evidence import limit
from domain.channels import Channel
from domain.listener import WINDOWS_AT_MOST
from domain.status import Status
from tests.processes import eventually
from tests.stage import City
from workflows.policy import SEND_QUEUES

ACCEPTED, PREPARING, READY = Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP


@pytest.fixture
async def behind(city: City) -> AsyncIterator[SendQueues]:
    """The workers believe that pushes are behind, until they are told otherwise."""
    queues = city.stage.queues
    queues.behind = frozenset({Channel.PUSH})
    yield queues
    queues.behind = frozenset()


async def test_news_that_can_wait_is_merged_for_longer(city: City, behind: SendQueues) -> None:
    assert behind.behind
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(Status.PLACED)

    await order.becomes(ACCEPTED)
    await order.passes(61)
    assert len(ana.pushes) == 1, "the push of PLACED, and none for ACCEPTED yet"
    await order.becomes(PREPARING)
    await order.passes(61)
    await order.becomes(READY)
    await order.passes(61 * (WINDOWS_AT_MOST - 2))

    assert len(ana.pushes) == 2
    assert "has been accepted and prepared, and it is ready to go" in ana.pushes[1]
    assert [batch.held_for for batch in (await order.timeline()).batches] == [(), (Channel.PUSH,)]


async def test_it_lets_go_with_the_window_in_which_the_queue_has_caught_up(
    city: City, behind: SendQueues
) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(Status.PLACED)

    await order.becomes(ACCEPTED)
    await order.passes(61)
    assert len(ana.pushes) == 1
    behind.behind = frozenset()
    await order.passes(61)
    assert len(ana.pushes) == 2

    await order.becomes(PREPARING)
    await order.passes(61)
    assert len(ana.pushes) == 3, "and it is asked no more"


async def test_urgent_news_does_not_wait_and_takes_with_it_what_was_held(
    city: City, behind: SendQueues
) -> None:
    assert behind.behind
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(Status.PLACED)
    await order.becomes(ACCEPTED)
    await order.passes(61)

    await order.becomes(Status.OUT_FOR_DELIVERY)

    assert len(ana.pushes) == 2
    assert "on its way" in ana.pushes[1]


async def test_a_channel_that_is_not_used_holds_nothing_back(city: City, behind: SendQueues) -> None:
    behind.behind = frozenset({Channel.EMAIL})
    ana = await city.customer(preferences={"PLACED": {"email": "off"}})
    order = city.order(ana)
    await order.becomes(Status.PLACED)

    await order.becomes(ACCEPTED)
    await order.passes(61)

    assert len(ana.pushes) == 2


async def test_a_queue_is_behind_when_its_oldest_send_that_can_wait_is_old(city: City) -> None:
    client, queue = city.stage.client, SEND_QUEUES[Channel.PUSH]
    queues = SendQueues(client, SEND_QUEUES, behind_after=timedelta(milliseconds=1))

    async def is_behind() -> bool:
        await queues.look()
        return Channel.PUSH in queues.behind

    assert not await is_behind()
    ana = await city.customer()
    await limit(client, queue, 0.001)
    try:
        # The first has the one turn that there is, and others may be on their way already.
        for _ in range(3):
            order = city.order(ana, window_seconds=0)
            await order.signal(order.event(ACCEPTED))
        await eventually(is_behind)
    finally:
        await limit(client, queue, None)
    await eventually(lambda: _is_not(is_behind))


async def test_a_worker_knows_its_queues_before_it_serves_them(city: City) -> None:
    queues = SendQueues(city.stage.client, SEND_QUEUES, behind_after=timedelta())
    async with queues.watched():
        assert queues.behind == frozenset(SEND_QUEUES), "nothing is younger than no time at all"


async def _is_not(question: Callable[[], Awaitable[bool]]) -> bool:
    return not await question()
