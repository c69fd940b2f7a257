"""``python -m api``: the one place where the API's settings and parts are put together.

Says "api: ready at URL" when it is; SIGTERM lets it finish what it is answering, then it ends.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from temporalio.exceptions import TemporalError
from temporalio.runtime import Runtime

import logs
import tracing
from activities.channels import twilio
from activities.store import Store, StoreUnavailable
from activities.store.migrating import make_ready
from activities.wording import FluentWording
from api.app import Parts, build
from api.callers import Callers
from api.envelope import RequestIds
from api.limiting import Limits
from api.measuring import ANSWERED, ANSWERED_BUCKETS, Measured
from api.operations import Operations, Redriving, TemporalUi
from api.orders import RunningOrders
from api.serving import serving
from api.sns import FETCHED_WITHIN, SnsMessages, fetching
from domain.links import SignedLinks
from domain.orders import BadInput
from leaving import FAILED, leave_after
from operating.breakers import names_of
from order_service import OrderService
from settings import Settings
from telemetry import runtime_with
from temporal_client import NoServer, connect

# Shorter than the patience of most HTTP clients: what no worker answers by then is left with the server.
EVENTS_WAIT = timedelta(seconds=3)
LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"


@contextlib.asynccontextmanager
async def parts(settings: Settings, public_url: str, runtime: Runtime | None = None) -> AsyncIterator[Parts]:
    """What the API is made of, open until the block ends."""
    client = await connect(runtime)
    await make_ready(settings.database_url, migrates=settings.migrates)
    async with (
        Store(settings.database_url) as store,
        httpx.AsyncClient(timeout=FETCHED_WITHIN) as http,
    ):
        topic = settings.sns_topic
        links = SignedLinks(public_url, await store.signing_secrets())
        yield Parts(
            store=store,
            orders=RunningOrders(client),
            links=links,
            service=OrderService(client, EVENTS_WAIT),
            callers=Callers(store.api_keys, links, _origin_of(settings.temporal_ui)),
            wording=FluentWording(),
            operations=Operations(
                Redriving(client),
                providers=await names_of(settings.providers),
                ui=TemporalUi(settings.temporal_ui, client.namespace) if settings.temporal_ui else None,
            ),
            twilio_auth_token=next(
                (config.auth_token for config in settings.providers if isinstance(config, twilio.Config)),
                None,
            ),
            sns=SnsMessages(topic, fetching(http)) if topic else None,
            limits=Limits(settings.api_rates),
            origins=settings.api_origins,
            codec=client.data_converter.payload_codec,
        )


def _origin_of(url: str | None) -> str | None:
    """As browsers name it."""
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT, then finish what was begun."""
    if settings.public_url is None:
        raise BadInput(
            "PUBLIC_URL",
            "missing: providers sign it and links begin with it, set it to where this is reached",
        )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    buckets = {ANSWERED: ANSWERED_BUCKETS}
    runtime = runtime_with("API_METRICS_PORT", settings.metrics_host, settings.api_metrics_port, buckets)
    async with (
        parts(settings, settings.public_url, runtime) as found,
        serving(
            Measured(tracing.continued(build(found)), runtime.metric_meter),
            settings.api_host,
            settings.api_port,
            settings.api_proxies,
        ) as url,
    ):
        logs.say("api", f"ready at {url}")
        await stop.wait()
        logs.say("api", "finishing what it is answering")
    await asyncio.to_thread(tracing.flush)


def main() -> None:
    """Answer providers and recipients until SIGTERM.

    Settings are read from the environment: PUBLIC_URL, API_HOST, API_PORT, API_METRICS_PORT, API_RATE,
    API_CORS_ORIGINS, API_FORWARDED_ALLOW_IPS, SES_SNS_TOPIC_ARN, DATABASE_URL, LOG_FORMAT, Temporal's own
    and Twilio's. What is missing or wrong is said in one line, with exit code 1.
    """
    logs.set_up(os.environ, line=LINE, filters=[RequestIds()])
    asyncio.run(serve(Settings.read(os.environ)))


if __name__ == "__main__":
    leave_after(main, "api", dict.fromkeys((BadInput, NoServer, StoreUnavailable, TemporalError), FAILED))
