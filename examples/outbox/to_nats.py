"""Publishes an outbox to NATS until stopped: ``python -m examples.outbox.to_nats URL DATABASE``."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from threading import Thread
from typing import Any

import nats
from sqlalchemy import create_engine

from examples.outbox.outbox import Base, Relay

_ANSWERS_WITHIN = 10
_LOOK_EVERY = 0.5


class NatsPublisher:
    """Publishes for good: JetStream says that it has the event. Its client is asyncio's, in a thread."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._wait(nats.connect(url))
        self._jetstream = self._client.jetstream()

    def publish(self, event: Mapping[str, Any]) -> None:
        """See :class:`examples.outbox.outbox.Publisher`."""
        subject = f"orders.events.{event['order_id']}"
        # Published again within the stream's window for duplicates it is there once.
        headers = {"Nats-Msg-Id": str(event["event_id"])}
        self._wait(self._jetstream.publish(subject, json.dumps(event).encode(), headers=headers))

    def close(self) -> None:
        """Disconnect."""
        self._wait(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, call: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(_ANSWERS_WITHIN)


def main(url: str, database: str) -> None:
    """Publish what there is, and look again."""
    engine = create_engine(database)
    Base.metadata.create_all(engine)
    relay = Relay(engine, NatsPublisher(url))
    while True:
        if not relay.run_once():
            time.sleep(_LOOK_EVERY)


if __name__ == "__main__":
    main(*sys.argv[1:])
