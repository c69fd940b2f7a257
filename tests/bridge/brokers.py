"""The three brokers, real ones or such as speak the real protocol, and what an order service does there."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import nats
from botocore.session import get_session  # type: ignore[import-untyped]  # it ships no types
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from moto.server import ThreadedMotoServer
from nats.js.api import AckPolicy, ConsumerConfig, RawStreamMsg, StreamConfig

from simulator.nats import READY, nats_command
from simulator.ports import a_free_port
from simulator.programs import Program
from tests.bridge.kafka_cluster import MockCluster, a_mock_cluster

Parked = tuple[bytes, str]
# What a killed bridge held comes again after so many seconds: short, so that stories are.
AGAIN_AFTER = 2
_KINDS = ("", "NotVisible")


class Broker(Protocol):
    """A broker with a place for order events and one for what nobody can read."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What the bridge needs to know."""

    async def publish(self, order_id: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Publish a message, for good when this returns; those of one order stay in order."""

    async def left(self) -> int:
        """How many messages nobody has acknowledged."""

    async def parked(self) -> list[Parked]:
        """What could not be read, as it came, with the reason."""

    async def is_away(self) -> None:
        """Answer nobody."""

    async def is_back(self) -> None:
        """Answer again; nothing is lost."""


class Nats:
    """A real JetStream server, its messages on disk."""

    def __init__(self, server: Program, port: int) -> None:
        self._server, self._url = server, f"nats://127.0.0.1:{port}"
        self.settings = {
            "BRIDGE_SOURCE": "nats",
            "NATS_URL": self._url,
            "NATS_SUBJECT": "orders.events.>",
            "NATS_DEAD_LETTER_SUBJECT": "orders.dead-letters",
        }

    async def connect(self) -> None:
        self._client = await nats.connect(self._url, max_reconnect_attempts=-1, reconnect_time_wait=1)
        self._jetstream = self._client.jetstream()
        await self._jetstream.add_stream(StreamConfig(name="ORDERS", subjects=["orders.events.>"]))
        await self._jetstream.add_stream(StreamConfig(name="UNREADABLE", subjects=["orders.dead-letters"]))
        await self._jetstream.add_consumer(
            "ORDERS",
            ConsumerConfig(
                durable_name="order-notifications",
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=AGAIN_AFTER,
                max_ack_pending=500,
            ),
        )

    async def close(self) -> None:
        await self._client.close()

    async def publish(self, order_id: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        await self._jetstream.publish(f"orders.events.{order_id}", body, headers=dict(headers or {}))

    async def left(self) -> int:
        info = await self._jetstream.consumer_info("ORDERS", "order-notifications")
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def parked(self) -> list[Parked]:
        found = await self._all_of("UNREADABLE")
        return [(one.data or b"", (one.headers or {})["Bridge-Reason"]) for one in found]

    async def published(self) -> list[bytes]:
        """Every event that was ever published."""
        return [one.data or b"" for one in await self._all_of("ORDERS")]

    async def _all_of(self, stream: str) -> list[RawStreamMsg]:
        last = (await self._jetstream.stream_info(stream)).state.messages
        return [await self._jetstream.get_msg(stream, n) for n in range(1, last + 1)]

    async def is_away(self) -> None:
        await self._server.kill()

    async def is_back(self) -> None:
        await self._server.start()


class Kafka:
    """A cluster by librdkafka. Its clients block: they have a thread of their own."""

    _EVENTS, _PARKED = "order-events", "order-events.dead-letters"

    def __init__(self, cluster: MockCluster) -> None:
        self._cluster = cluster
        cluster.topic(self._EVENTS, 4)
        cluster.topic(self._PARKED, 1)
        self._common = {"bootstrap.servers": cluster.servers, "log_level": 0}
        self._producer = Producer(self._common)
        self._group = Consumer({**self._common, "group.id": "order-notifications"})
        self.settings = {
            "BRIDGE_SOURCE": "kafka",
            "KAFKA_BOOTSTRAP_SERVERS": cluster.servers,
            "KAFKA_TOPIC": self._EVENTS,
            "KAFKA_SESSION_TIMEOUT_MS": str(AGAIN_AFTER * 1000),
        }

    async def publish(self, order_id: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        failed: list[KafkaError | None] = []
        self._producer.produce(
            self._EVENTS,
            body,
            order_id.encode(),
            headers={**(headers or {})},
            on_delivery=lambda error, _: failed.append(error),
        )
        await asyncio.to_thread(self._producer.flush, 30)
        assert failed == [None]

    async def left(self) -> int:
        return await asyncio.to_thread(self._left)

    def _left(self) -> int:
        committed = self._group.committed([TopicPartition(self._EVENTS, n) for n in range(4)], timeout=10)
        high = (self._group.get_watermark_offsets(one, timeout=10)[1] for one in committed)
        return sum(end - max(one.offset, 0) for one, end in zip(committed, high, strict=True))

    async def parked(self) -> list[Parked]:
        return await asyncio.to_thread(self._parked)

    def _parked(self) -> list[Parked]:
        reader = Consumer({**self._common, "group.id": "reader"})
        where = TopicPartition(self._PARKED, 0, 0)
        _, end = reader.get_watermark_offsets(where, timeout=10)
        reader.assign([where])
        found = reader.consume(end, 10)
        reader.close()
        return [(one.value() or b"", str(_reason(one), "utf-8")) for one in found]

    async def is_away(self) -> None:
        self._cluster.down()

    async def is_back(self) -> None:
        self._cluster.up()


class Sqs:
    """SQS as moto plays it. What it has it keeps while it is stopped."""

    def __init__(self, port: int) -> None:
        self._server = self._on(port)
        self._server.start()
        _, self._port = self._server.get_host_and_port()
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
        self._client = get_session().create_client(
            "sqs",
            region_name="eu-west-1",
            endpoint_url=self._url,
            aws_access_key_id="test",
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )
        self._events, self._parked = self._queue("order-events"), self._queue("unreadable")
        self.settings = {
            "BRIDGE_SOURCE": "sqs",
            "AWS_ENDPOINT_URL_SQS": self._url,
            "SQS_QUEUE_URL": self._events,
            "SQS_DEAD_LETTER_QUEUE_URL": self._parked,
            **keys,
        }

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @staticmethod
    def _on(port: int) -> ThreadedMotoServer:
        return ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)

    def _queue(self, name: str) -> str:
        attributes = {
            "FifoQueue": "true",
            "ContentBasedDeduplication": "false",
            "VisibilityTimeout": str(AGAIN_AFTER),
        }
        made = self._client.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)
        url: str = made["QueueUrl"]
        return url

    async def publish(self, order_id: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        given = {name: {"DataType": "String", "StringValue": text} for name, text in (headers or {}).items()}
        await asyncio.to_thread(
            self._client.send_message,
            QueueUrl=self._events,
            MessageBody=body.decode(),
            MessageGroupId=order_id,
            MessageDeduplicationId=f"{id(body)}-{asyncio.get_running_loop().time()}",
            MessageAttributes=given,
        )

    async def left(self) -> int:
        return sum([int(await self._attribute(f"ApproximateNumberOfMessages{kind}")) for kind in _KINDS])

    async def _attribute(self, name: str) -> str:
        answer = await asyncio.to_thread(
            self._client.get_queue_attributes, QueueUrl=self._events, AttributeNames=[name]
        )
        value: str = answer["Attributes"][name]
        return value

    async def parked(self) -> list[Parked]:
        found: list[Parked] = []
        while received := await asyncio.to_thread(self._ten_parked):
            found += [
                (one["Body"].encode(), one["MessageAttributes"]["bridge-reason"]["StringValue"])
                for one in received
            ]
        return found

    def _ten_parked(self) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._parked,
            MaxNumberOfMessages=10,
            VisibilityTimeout=600,
            MessageAttributeNames=["All"],
        )
        received: list[dict[str, Any]] = answer.get("Messages", [])
        return received

    async def is_away(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def is_back(self) -> None:
        self._server = self._on(self._port)
        self._server.start()

    def close(self) -> None:
        self._server.stop()


def _reason(parked: Message) -> Any:
    return dict(parked.headers() or [])["bridge-reason"]


@asynccontextmanager
async def nats_broker(folder: Path) -> AsyncIterator[Broker]:
    port = a_free_port()
    command, log = nats_command(folder, port), folder / "nats.log"
    server = Program("nats", command, environ=os.environ, log=log, ready=READY, on_loss=lambda _: None)
    await server.start()
    broker = Nats(server, port)
    try:
        await broker.connect()
        yield broker
    finally:
        await broker.close()
        await server.kill()


@asynccontextmanager
async def kafka_broker(_: Path) -> AsyncIterator[Broker]:
    with a_mock_cluster() as cluster:
        yield Kafka(cluster)


@asynccontextmanager
async def sqs_broker(_: Path) -> AsyncIterator[Broker]:
    for name in ("moto", "werkzeug"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    broker = Sqs(0)
    try:
        yield broker
    finally:
        broker.close()


BROKERS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Broker]]] = {
    "nats": nats_broker,
    "kafka": kafka_broker,
    "sqs": sqs_broker,
}
