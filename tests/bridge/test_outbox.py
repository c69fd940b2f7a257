"""The outbox's publisher on a real JetStream server."""

import asyncio
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from domain.published import read_published
from examples.outbox.outbox import Base, Relay, advance
from examples.outbox.to_nats import NatsPublisher
from tests.bridge.brokers import Nats, nats_broker


async def test_an_outbox_publishes_what_the_bridge_reads(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/orders.db")
    Base.metadata.create_all(engine)
    async with nats_broker(tmp_path) as broker:
        assert isinstance(broker, Nats)
        publisher = await asyncio.to_thread(NatsPublisher, broker.settings["NATS_URL"])
        for status in ("PLACED", "ACCEPTED"):
            with Session(engine) as session, session.begin():
                advance(session, "A17", "c-42", status)

        assert await asyncio.to_thread(Relay(engine, publisher).run_once) == 2

        found = [read_published(body, {}) for body in await broker.published()]
        assert [(event.order_id, event.status) for event in found] == [("A17", "PLACED"), ("A17", "ACCEPTED")]
        await asyncio.to_thread(publisher.close)
    engine.dispose()
