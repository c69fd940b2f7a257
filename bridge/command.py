"""The command ``starter.py bridge``: puts source, lanes, Temporal and store together, until SIGTERM."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Collection

import typer
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RetryConfig

from bridge.handing import Door, Handover
from bridge.lanes import Lanes
from bridge.metrics import Metrics
from bridge.running import Bridge
from bridge.settings import BridgeSettings
from domain.orders import BadInput
from operating.opening import open_store
from temporal_client import connect

# A share that is taken from us waits so long for calls that are under way.
LET_GO_WITHIN = 5.0
# A call that fails is tried again by the lanes: the client need not hide from them that the server is away.
GIVES_UP_AFTER_MS = 2_000


def bridge_through(door: Door) -> Callable[[], None]:
    """The command, which hands events over by the order service's own library."""

    def bridge() -> None:
        """Hand events from a broker to Temporal until SIGTERM: at least once, and in order.

        BRIDGE_SOURCE says which broker: kafka, sqs or nats; docs/bridge.md has the settings of each. Says
        "bridge: ready" when it is. SIGTERM lets it finish what it holds; then it ends with exit code 0. What
        is missing or wrong is said in one line, with exit code 1.
        """
        asyncio.run(serve(BridgeSettings.read(os.environ), door))

    return bridge


async def serve(settings: BridgeSettings, door: Door) -> None:
    """Work until SIGTERM or SIGINT, then finish what is held."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, door, stop, say)


def say(line: str) -> None:
    """Tell whoever watches."""
    typer.echo(f"bridge: {line}")


async def run(settings: BridgeSettings, door: Door, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Open everything, work until ``stop`` is set, and close it again."""

    async def let_go(shares: Collection[str]) -> None:
        await lanes.let_go(shares, LET_GO_WITHIN)

    runtime = _runtime(settings)
    client = await connect(runtime, RetryConfig(max_elapsed_time_millis=GIVES_UP_AFTER_MS))
    source = settings.open_source(let_go)
    metrics = Metrics(runtime.metric_meter, source.name)
    async with open_store() as store:
        handover = Handover(source, door.opened(client), door, store, say, metrics.note, settings.rules)
        lanes = Lanes(handover.hand_over, capacity=settings.in_flight, at_once=settings.at_once)
        async with source, lanes.open():
            # What is loaded by now stays: no collection need look at all of it again.
            gc.freeze()
            say(f"ready, taking events from {source.name}")
            await Bridge(source, lanes, handover, metrics, say).run(stop)
            say(f"finished, {lanes.held} messages are left to {source.name}")


def _runtime(settings: BridgeSettings) -> Runtime:
    if settings.metrics_port is None:
        return Runtime.default()
    metrics = PrometheusConfig(bind_address=f"{settings.metrics_host}:{settings.metrics_port}")
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=metrics))
    except ValueError:
        raise BadInput("METRICS_PORT", f"{settings.metrics_port} is taken, choose another port") from None
