"""The way through a broker: an order service that publishes to NATS, and the bridge behind it."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import nats
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from domain.orders import BadInput, OrderEvent, Rules
from simulator.nats import READY, nats_command
from simulator.orders import RULES, Announce
from simulator.ports import Ports
from simulator.programs import HOME
from simulator.server import HOST
from simulator.stack import Stack

PORT = 4222
_EVENTS, _UNREADABLE = "orders.events", "orders.dead-letters"


def wants_nats(environ: Mapping[str, str]) -> bool:
    """Whether events go by NATS. Raises BadInput for a way that we do not know."""
    via = environ.get("VIA", "").strip()
    if via not in {"", "nats"}:
        raise BadInput("VIA", f"{via} is no way that we know, use nats or leave it out")
    return via == "nats"


def with_nats(ports: Ports) -> Ports:
    """The ports, with one for the broker."""
    return ports if ports.nats else replace(ports, nats=PORT)


@asynccontextmanager
async def through_nats(stack: Stack) -> AsyncIterator[Announce]:
    """Start a broker and a bridge beside a stack; answers how to announce through them."""
    port = stack.ports.nats or PORT
    url = f"nats://{HOST}:{port}"
    await stack.program("nats", nats_command(stack.folder, port), ready=READY).start()
    client = await nats.connect(url)
    try:
        jetstream = client.jetstream()
        for name, subject in (("ORDERS", f"{_EVENTS}.>"), ("UNREADABLE", _UNREADABLE)):
            await jetstream.add_stream(StreamConfig(name=name, subjects=[subject]))
        command = (sys.executable, str(HOME / "starter.py"), "bridge")
        await stack.program("bridge", command, ready="bridge: ready", **_settings(url)).start()
        yield _publishing(jetstream)
    finally:
        await client.close()


def _settings(url: str) -> dict[str, str]:
    return {
        "BRIDGE_SOURCE": "nats",
        "NATS_URL": url,
        "NATS_SUBJECT": f"{_EVENTS}.>",
        "NATS_DEAD_LETTER_SUBJECT": _UNREADABLE,
        "BRIDGE_WINDOW_SECONDS": f"{RULES.window_seconds}",
        "BRIDGE_LINGER_SECONDS": f"{RULES.linger_seconds}",
    }


def _publishing(jetstream: JetStreamContext) -> Announce:
    async def announce(event: OrderEvent, _: Rules | None = None) -> None:
        """Publish an event. The rules of its order are the bridge's: events do not carry any."""
        body = json.dumps(event.model_dump(mode="json", exclude_none=True)).encode()
        await jetstream.publish(f"{_EVENTS}.{event.order_id}", body, headers={"Nats-Msg-Id": event.event_id})

    return announce
