"""What SQS promises and moto, which stands in for it here, does not: a group goes to one call at a time."""

from pathlib import Path

from bridge.source import Message
from bridge.sqs import SqsSource
from bridge.sqs_settings import SqsSettings
from tests.bridge.brokers import sqs_broker

ORDERS, EACH = 4, 9


async def test_calls_side_by_side_keep_the_order_of_a_group(tmp_path: Path) -> None:
    async with sqs_broker(tmp_path) as broker, SqsSource(SqsSettings.read(broker.settings)) as source:
        for attempt in range(6):
            orders = [f"order-{attempt}-{number}" for number in range(ORDERS)]
            for number in range(EACH):
                for order in orders:
                    await broker.publish(order, f"{order} {number}".encode())

            received = await _all_of(source, ORDERS * EACH)

            assert sorted(received, key=lambda body: body.split()[0]) == [
                f"{order} {number}" for order in orders for number in range(EACH)
            ]


async def _all_of(source: SqsSource, how_many: int) -> list[str]:
    """Everything there is, acknowledged as it comes: after ten at once there are several calls at a time."""
    received: list[Message] = []
    while len(received) < how_many:
        received += (new := await source.receive(100))
        for message in new:
            await source.acknowledge(message)
    return [message.body.decode() for message in received]
