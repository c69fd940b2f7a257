"""How ``starter.py bridge`` begins: what is wrong or missing is one line, and exit code 1."""

from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from bridge.settings import BridgeSettings
from domain.orders import BadInput, Rules
from tests.bridge.brokers import Broker, kafka_broker, nats_broker, sqs_broker
from tests.processes import run, settings_of
from tests.stage import Stage

NATS = {
    "BRIDGE_SOURCE": "nats",
    "NATS_URL": "nats://127.0.0.1:1",
    "NATS_SUBJECT": "orders.events.>",
    "NATS_DEAD_LETTER_SUBJECT": "orders.dead-letters",
}
KAFKA = {"BRIDGE_SOURCE": "kafka", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_TOPIC": "order-events"}
SQS = {
    "BRIDGE_SOURCE": "sqs",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
    "SQS_QUEUE_URL": "http://127.0.0.1:1/123456789012/order-events.fifo",
    "SQS_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/123456789012/unreadable.fifo",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "BRIDGE_SOURCE: missing, use one of kafka, sqs, nats"),
        ({"BRIDGE_SOURCE": "rabbit"}, "BRIDGE_SOURCE: rabbit is no source, use one of kafka, sqs, nats"),
        ({**NATS, "NATS_URL": ""}, "NATS_URL: missing, BRIDGE_SOURCE needs it"),
        ({**NATS, "NATS_USER": "bridge"}, "NATS_PASSWORD: missing"),
        ({**NATS, "NATS_CREDS": "/nowhere"}, "NATS_CREDS: /nowhere cannot be read"),
        ({**NATS, "NATS_DURABLE": "a.b"}, "NATS_DURABLE: a.b is no consumer's name"),
        ({**NATS, "NATS_PASSWORD_FILE": "/nowhere"}, "NATS_PASSWORD_FILE: /nowhere cannot be read"),
        ({**NATS, "BRIDGE_IN_FLIGHT": "many"}, "BRIDGE_IN_FLIGHT: many is no number"),
        ({**NATS, "BRIDGE_WINDOW_SECONDS": "-1"}, "BRIDGE_WINDOW_SECONDS: -1 is no number of seconds"),
        ({**NATS, "METRICS_PORT": "high"}, "METRICS_PORT: high is not a port"),
        ({**KAFKA, "KAFKA_TOPIC": ""}, "KAFKA_TOPIC: missing"),
        ({**KAFKA, "KAFKA_SASL_USERNAME": "bridge"}, "KAFKA_SASL_PASSWORD: missing"),
        (
            {**KAFKA, "KAFKA_SASL_USERNAME": "bridge", "KAFKA_SASL_PASSWORD": "open-sesame"},
            "KAFKA_SECURITY_PROTOCOL: has no use for a user",
        ),
        ({**SQS, "SQS_QUEUE_URL": "http://127.0.0.1:1/1/order-events"}, "SQS_QUEUE_URL: is no FIFO queue"),
        ({**SQS, "AWS_REGION": ""}, "AWS_REGION: missing"),
        ({**SQS, "AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID: missing"),
    ],
)
def test_a_wrong_or_half_setting_is_named(given: dict[str, str], problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        BridgeSettings.read(given)

    assert str(refused.value).startswith(problem)
    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize("name", ["NATS_PASSWORD", "KAFKA_SASL_PASSWORD"])
def test_a_secret_may_be_in_a_file_and_is_in_no_repr(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("open-sesame\n")
    given = (
        {**NATS, "NATS_USER": "bridge"} if name.startswith("NATS") else {**KAFKA, "KAFKA_SASL_USERNAME": "b"}
    )

    read = BridgeSettings.read(
        {**given, f"{name}_FILE": str(tmp_path / "secret"), "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
    )

    assert "open-sesame" not in repr(read)


def test_the_rules_of_orders_may_be_its_own() -> None:
    assert BridgeSettings.read(NATS).rules is None
    assert BridgeSettings.read({**NATS, "BRIDGE_WINDOW_SECONDS": "4"}).rules == Rules(window_seconds=4)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (NATS, "NATS_URL: no NATS server answers there"),
        (KAFKA, "KAFKA_BOOTSTRAP_SERVERS: no broker answers there"),
        (SQS, "AWS_ENDPOINT_URL_SQS: SQS does not answer"),
    ],
)
async def test_without_its_broker_the_bridge_says_so(
    stage: Stage, given: dict[str, str], problem: str
) -> None:
    ended = await run("starter.py", "bridge", settings={**settings_of(stage), **given})

    assert (ended.code, ended.problem.startswith(f"starter: {problem}")) == (1, True), ended


async def test_without_temporal_the_bridge_says_so(tmp_path: Path) -> None:
    here = {"TEMPORAL_ADDRESS": "127.0.0.1:1", "DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db"}

    ended = await run("starter.py", "bridge", settings={**here, **NATS})

    assert (ended.code, ended.problem.partition(":")[2].strip()[:16]) == (1, "TEMPORAL_ADDRESS")


@pytest.fixture(scope="module")
async def jetstream(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    async with nats_broker(tmp_path_factory.mktemp("nats")) as broker:
        yield broker


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"NATS_SUBJECT": "nowhere.>"}, "NATS_SUBJECT: no stream has nowhere.>"),
        ({"NATS_DEAD_LETTER_SUBJECT": "nowhere"}, "NATS_DEAD_LETTER_SUBJECT: no stream has nowhere"),
        ({"NATS_STREAM": "NONE"}, "NATS_STREAM: there is no stream NONE"),
        ({"NATS_DURABLE": "forgetful"}, "NATS_DURABLE: the consumer forgetful does not wait"),
        ({"NATS_DURABLE": "impatient"}, "NATS_DURABLE: the consumer impatient gives messages up"),
    ],
)
async def test_a_stream_or_consumer_that_would_lose_events_is_named(
    stage: Stage, jetstream: Broker, given: dict[str, str], problem: str
) -> None:
    client = await nats.connect(jetstream.settings["NATS_URL"])
    for unfit in (
        ConsumerConfig(durable_name="forgetful", ack_policy=AckPolicy.NONE),
        ConsumerConfig(durable_name="impatient", max_deliver=3),
    ):
        await client.jetstream().add_consumer("ORDERS", unfit)
    await client.close()

    ended = await run("starter.py", "bridge", settings={**settings_of(stage), **jetstream.settings, **given})

    assert (ended.code, ended.problem.startswith(f"starter: {problem}")) == (1, True), ended


async def test_a_topic_or_queue_that_is_not_there_is_named(stage: Stage, tmp_path: Path) -> None:
    async with kafka_broker(tmp_path) as kafka, sqs_broker(tmp_path) as sqs:
        queue = sqs.settings["SQS_QUEUE_URL"].replace("order-events", "none")
        for broker, given, problem in (
            (kafka, {"KAFKA_TOPIC": "none"}, "KAFKA_TOPIC: there is no topic none"),
            (kafka, {"KAFKA_DEAD_LETTER_TOPIC": "none"}, "KAFKA_DEAD_LETTER_TOPIC: there is no topic none"),
            (sqs, {"SQS_QUEUE_URL": queue}, "SQS_QUEUE_URL: cannot be used: AWS.SimpleQueueService.Non"),
        ):
            settings = {**settings_of(stage), **broker.settings, **given}
            ended = await run("starter.py", "bridge", settings=settings)
            assert (ended.code, ended.problem.startswith(f"starter: {problem}")) == (1, True), ended
