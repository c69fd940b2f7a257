"""The bridge as a process between a broker and the stage's Temporal, and what each of them can tell of it."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from domain.status import Status
from simulator.ports import a_free_port
from tests.bridge.brokers import BROKERS, Broker
from tests.bridge.line import Line, a_line_to
from tests.processes import Process, address, eventually, running, settings_of
from tests.stage import City, Stage

OUT = Status.OUT_FOR_DELIVERY


class Crossing:
    """A broker, a bridge, and a line to Temporal that can be cut."""

    def __init__(self, stage: Stage, kind: str, broker: Broker, line: Line) -> None:
        self.stage, self.kind, self.broker, self.line = stage, kind, broker, line
        self._exits = AsyncExitStack()
        self._metrics: dict[Process, int] = {}
        self.bridge: Process

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def open(self) -> None:
        """Start the bridge, for the first time or again."""
        self.bridge = await self.one_more()

    async def one_more(self) -> Process:
        """Start a bridge beside those that there are."""
        port = a_free_port()
        settings = {
            **settings_of(self.stage),
            **self.broker.settings,
            "TEMPORAL_ADDRESS": self.line.address,
            "BRIDGE_LINGER_SECONDS": "1",
            "METRICS_PORT": str(port),
        }
        bridge = await self._exits.enter_async_context(running("starter.py", "bridge", settings=settings))
        await bridge.says("bridge: ready")
        self._metrics[bridge] = port
        return bridge

    async def publish(self, *events: dict[str, Any]) -> None:
        """Publish order events as plain JSON."""
        for event in events:
            await self.broker.publish(event["order_id"], json.dumps(event).encode())

    async def figure(self, name: str, **labels: str) -> float:
        """One of the bridge's own figures, -1 while it has not been measured yet."""
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"http://127.0.0.1:{self._metrics[self.bridge]}/metrics")).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
        found = [line.rpartition(" ")[2] for line in lines if all(one in line for one in wanted)]
        return float(found[0]) if found else -1

    async def shows(self, name: str, value: float) -> None:
        """Wait until one of the bridge's own figures has this value."""

        async def has_it() -> bool:
            return await self.figure(name) == value

        await eventually(has_it)

    async def nothing_is_left(self) -> None:
        """Wait until the broker has nothing for us any more."""

        async def is_empty() -> bool:
            return await self.broker.left() == 0

        await eventually(is_empty)

    async def has_signalled(self, events: Sequence[dict[str, Any]]) -> None:
        """Make sure that Temporal has exactly these events of an order, in this order.

        What comes while a worker is at the order is in its history when the worker is done.
        """
        expected = [one["event_id"] for one in events]

        async def are_there() -> bool:
            return len(await self._signalled(events[0]["order_id"])) >= len(expected)

        await eventually(are_there)
        assert await self._signalled(events[0]["order_id"]) == expected

    async def _signalled(self, order_id: str) -> list[str]:
        """The ids of an order's events as Temporal has them, each where it came first."""
        history = await self.stage.history(order_id)
        signals = (
            json.loads(one.workflow_execution_signaled_event_attributes.input.payloads[0].data)
            for one in history.events
            if one.HasField("workflow_execution_signaled_event_attributes")
        )
        return list(dict.fromkeys(one["event_id"] for one in signals))


def events_of(city: City, customer_id: str, how_many: int, name: str = "order") -> list[dict[str, Any]]:
    """Events of an order nobody announced yet, as they follow one another."""
    order_id = city._name(name)
    statuses: Iterable[Status] = list(Status)[:6]
    names = [status for status in statuses for _ in range(-(-how_many // 6))][:how_many]
    return [
        {
            "event_id": f"{order_id}-{number}",
            "order_id": order_id,
            "status": status,
            "occurred_at": f"2026-11-22T12:{number:02}:00Z",
            "customer_id": customer_id,
        }
        for number, status in enumerate(names)
    ]


@asynccontextmanager
async def a_crossing(stage: Stage, kind: str, folder: Path) -> AsyncIterator[Crossing]:
    """Everything between a broker of this kind and the stage."""
    async with (
        BROKERS[kind](folder) as broker,
        a_line_to(address(stage)) as line,
        Crossing(stage, kind, broker, line) as crossing,
    ):
        yield crossing
