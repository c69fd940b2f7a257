"""A NATS JetStream server for benchmarks, which can be killed, and an order service that publishes to it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import nats
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from simulator.nats import READY, nats_command
from simulator.ports import a_free_port
from simulator.programs import Program
from simulator.server import HOST

EVENTS, UNREADABLE = "orders.events", "orders.dead-letters"
DURABLE = "order-notifications"
_AT_ONCE = 200
_PATIENCE = 60.0


class JetStream:
    """The server as a program, and a connection to it that outlives its restarts."""

    _jetstream: JetStreamContext

    def __init__(self, folder: Path) -> None:
        port = a_free_port()
        self.url = f"nats://{HOST}:{port}"
        self.server = Program(
            "nats",
            nats_command(folder, port),
            environ=os.environ,
            log=folder / "nats.log",
            ready=READY,
            on_loss=lambda _: None,
        )

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path) -> AsyncIterator[Self]:
        """Run it until the block ends, with a stream for events and one for what nobody can read."""
        broker = cls(folder)
        await broker.server.start()
        try:
            client = await nats.connect(
                broker.url, max_reconnect_attempts=-1, reconnect_time_wait=1, error_cb=_unheard
            )
            try:
                broker._jetstream = client.jetstream()
                for name, subject in (("ORDERS", f"{EVENTS}.>"), ("UNREADABLE", UNREADABLE)):
                    await broker._jetstream.add_stream(StreamConfig(name=name, subjects=[subject]))
                yield broker
            finally:
                await client.close()
        finally:
            await broker.server.kill()

    @property
    def settings(self) -> Mapping[str, str]:
        """What a bridge needs to know."""
        return {
            "BRIDGE_SOURCE": "nats",
            "NATS_URL": self.url,
            "NATS_SUBJECT": f"{EVENTS}.>",
            "NATS_DEAD_LETTER_SUBJECT": UNREADABLE,
            "NATS_DURABLE": DURABLE,
        }

    async def publish(self, event: Mapping[str, Any]) -> None:
        """Publish one event until the server has it: known by its id, it is there once."""
        body, headers = json.dumps(event).encode(), {"Nats-Msg-Id": str(event["event_id"])}
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    await self._jetstream.publish(f"{EVENTS}.{event['order_id']}", body, headers=headers)
                except (nats.errors.Error, TimeoutError, OSError):
                    await asyncio.sleep(0.2)
                else:
                    return

    async def publish_all(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Publish many, those that follow one another too closely for anybody to see at once."""
        todo = iter(events)

        async def some() -> None:
            for event in todo:
                await self.publish(event)

        await asyncio.gather(*(some() for _ in range(_AT_ONCE)))

    async def left(self) -> int:
        """How many events nobody acknowledged, or all there are before there is a consumer."""
        try:
            info = await self._jetstream.consumer_info("ORDERS", DURABLE)
        except nats.js.errors.NotFoundError:
            return int((await self._jetstream.stream_info("ORDERS")).state.messages)
        except (nats.errors.Error, TimeoutError, OSError):
            return -1
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)


async def _unheard(_: Exception) -> None:
    """That it is away is what we wanted."""
