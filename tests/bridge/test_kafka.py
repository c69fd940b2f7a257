"""What a Kafka consumer has already fetched when it hears that the broker is away."""

import asyncio
import contextlib
from collections.abc import Collection
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from bridge.kafka import KafkaSource
from bridge.kafka_settings import KafkaSettings
from bridge.source import SourceAway
from tests.bridge.brokers import Broker, kafka_broker
from tests.processes import PATIENCE, eventually


async def test_what_was_fetched_before_the_broker_went_is_lost_to_nobody(tmp_path: Path) -> None:
    async with (
        kafka_broker(tmp_path) as broker,
        KafkaSource(KafkaSettings.read(broker.settings), _nothing_is_held) as source,
        asyncio.timeout(PATIENCE),
    ):
        await broker.publish("order-1", b"first")
        received = await _all_of(source, broker)
        for body in (b"second", b"third", b"fourth"):
            await broker.publish("order-1", body)
        await eventually(lambda: _fetched(source) == 4)

        await broker.is_away()
        source._hear(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        for _ in range(2):
            with pytest.raises(SourceAway):
                await source.receive(100)
        await broker.is_back()

        assert [*received, *await _all_of(source, broker)] == ["first", "second", "third", "fourth"]


def _fetched(source: KafkaSource) -> int:
    """How many messages the consumer knows to be there: it hears of them by fetching them."""
    consumer = source._consumer
    highest = (consumer.get_watermark_offsets(one, cached=True)[1] for one in consumer.assignment())
    return sum(max(high, 0) for high in highest)


async def _all_of(source: KafkaSource, broker: Broker) -> list[str]:
    """What is received until the broker has nothing left, acknowledged as it comes."""
    received: list[str] = []
    while await broker.left():
        with contextlib.suppress(SourceAway):
            for message in await source.receive(100):
                received.append(message.body.decode())
                await source.acknowledge(message)
    return received


async def _nothing_is_held(_: Collection[str]) -> None:
    """Nobody works on any of it."""
