"""The API over the whole product, as everybody reaches it: for pages, and for stories told over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from activities.wording import FluentWording
from api.app import Parts, build
from api.callers import Callers
from api.operations import Operations, Redriving, TemporalUi
from api.orders import RunningOrders
from api.serving import serving
from domain.callers import Scope
from domain.links import SignedLinks
from operating.breakers import names_of
from order_service import OrderService
from simulator.ports import Ports
from tests.stage import Stage
from tests.usual_wording import usual_wording


@dataclass(frozen=True)
class Site:
    """The API over the stage, as everybody reaches it. ``key`` opens everything."""

    url: str
    links: SignedLinks
    key: str
    stage: Stage


@asynccontextmanager
async def open_site(
    stage: Stage,
    port: int | None = None,
    wording: FluentWording | None = None,
    *,
    client: Client | None = None,
    temporal_ui: str = "https://temporal.example.org",
) -> AsyncIterator[Site]:
    """The API over the stage's store and its Temporal, or another one's, on a free port unless told which."""
    client = client or stage.client
    port = port or free_port()
    links = SignedLinks(f"http://127.0.0.1:{port}", await stage.store.signing_secrets())
    key = await stage.store.api_keys.make("everybody", list(Scope))
    parts = Parts(
        store=stage.store,
        orders=RunningOrders(client),
        links=links,
        service=OrderService(client),
        callers=Callers(stage.store.api_keys, links, temporal_ui),
        wording=wording or usual_wording(),
        operations=Operations(
            Redriving(client),
            providers=await names_of(stage.settings.providers),
            ui=TemporalUi(temporal_ui, client.namespace),
        ),
        codec=client.data_converter.payload_codec,
    )
    async with serving(build(parts), port=port) as url:
        yield Site(url, links, key.text, stage)


def free_port() -> int:
    """A port that nobody uses at this moment, no other test of a run beside this one either."""
    return Ports.free().api
