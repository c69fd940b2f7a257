"""Whose turn it is: every send carries its news' priority and its merchant, which queues are ordered by."""

from pathlib import Path

import pytest
import yaml
from temporalio.api.common.v1 import Priority
from temporalio.api.history.v1 import HistoryEvent

from domain.orders import OrderEvent
from domain.status import Status
from order_service import OrderService
from simulator.dev_server import AS_DEPLOYED, READS_OF_ALL_SHARDS
from tests.stage import City, Stage
from workflows.policy import SEND_QUEUES, turn_of

HOME = Path(__file__).parent.parent
LONGEST = "m" * 200
# Temporal's own limit, for each of its queues of tasks.
READS_OF_A_SHARD = 20


async def sends_of(stage: Stage, order_id: str) -> list[Priority]:
    """What the server was told of each send's turn."""
    scheduled = [
        event.activity_task_scheduled_event_attributes for event in (await stage.history(order_id)).events
    ]
    return [one.priority for one in scheduled if one.activity_type.name == "send"]


async def test_sends_carry_the_priority_of_their_news_and_their_merchant(city: City) -> None:
    ana, barn = await city.customer(), await city.merchant()
    order = city.order(ana, barn)

    await order.becomes(Status.ACCEPTED)
    await order.passes(61)
    await order.becomes(Status.OUT_FOR_DELIVERY)

    sends = await sends_of(city.stage, order.order_id)
    assert [send.priority_key for send in sends] == [5, 1, 1], "a push; a push and a text"
    assert {send.fairness_key for send in sends} == {barn.id}


async def test_an_order_without_a_merchant_is_told_as_well(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(Status.OUT_FOR_DELIVERY)

    assert len(ana.pushes) == 1
    assert {send.fairness_key for send in await sends_of(city.stage, order.order_id)} == {""}


async def test_the_longest_id_a_merchant_may_have_does_not_block_an_order(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)

    await order.becomes(Status.OUT_FOR_DELIVERY, merchant_id=LONGEST)

    assert len(ana.pushes) == 1
    assert {send.fairness_key for send in await sends_of(city.stage, order.order_id)} == {
        turn_of(1, LONGEST).fairness_key
    }


@pytest.mark.parametrize("merchant_id", ["m" * 64, "é" * 32])
def test_an_id_that_fits_is_the_key_itself(merchant_id: str) -> None:
    assert turn_of(1, merchant_id).fairness_key == merchant_id


def test_long_ids_that_begin_alike_stay_apart() -> None:
    assert turn_of(1, LONGEST) != turn_of(1, LONGEST[:-1])


async def test_the_order_service_starts_orders_in_their_merchants_turn(city: City, stage: Stage) -> None:
    ana, barn = await city.customer(), await city.merchant()
    order = city.order(ana, barn)

    await OrderService(stage.client).announce(_as_announced(order.event(Status.OUT_FOR_DELIVERY)))

    started: HistoryEvent = (await stage.history(order.order_id)).events[0]
    assert started.workflow_execution_started_event_attributes.priority.fairness_key == barn.id


def test_dev_servers_are_set_up_as_the_deployment_is_for_sends() -> None:
    deployed = yaml.safe_load((HOME / "deploy" / "temporal" / "dynamicconfig.yaml").read_text())

    for key, value in AS_DEPLOYED.items():
        for queue in SEND_QUEUES.values():
            assert str(_for(queue, deployed[key])).lower() == value, (key, queue)


def test_the_one_shard_of_a_dev_server_reads_as_often_as_those_of_the_deployment_do_together() -> None:
    compose = yaml.safe_load((HOME / "docker-compose.yml").read_text())
    (shards,) = (
        int(service["environment"]["NUM_HISTORY_SHARDS"])
        for service in compose["services"].values()
        if "NUM_HISTORY_SHARDS" in service.get("environment", {})
    )

    assert set(READS_OF_ALL_SHARDS.values()) == {str(shards * READS_OF_A_SHARD)}


def _for(queue: str, values: list[dict[str, object]]) -> object:
    """The value that holds for a queue: the one that names it, or else the one that names none."""
    named = [one["value"] for one in values if one.get("constraints") == {"taskQueueName": queue}]
    (value,) = named or [one["value"] for one in values if "constraints" not in one]
    return value


def _as_announced(event: dict[str, object]) -> OrderEvent:
    return OrderEvent.model_validate(event)
