"""An order told over HTTP alone, by a service that is no Temporal client, from its events to a phone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.callers import Scope
from domain.status import Status
from tests.processes import eventually
from tests.site import open_site
from tests.stage import City, OrderStory, Person, Stage

PLACED, ACCEPTED, PREPARING, OUT, NEARBY, DELIVERED = (
    Status.PLACED,
    Status.ACCEPTED,
    Status.PREPARING,
    Status.OUT_FOR_DELIVERY,
    Status.NEARBY,
    Status.DELIVERED,
)


class Caller:
    """An order service with a key and nothing else of ours."""

    def __init__(self, http: httpx.AsyncClient, stage: Stage) -> None:
        self._http, self._stage = http, stage

    async def says(self, order: OrderStory, event: dict[str, Any], query: str = "") -> Any:
        """Announce an event; what became of it. Time stands still meanwhile."""
        with self._stage.env.with_time_skipping_disabled():
            answer = await self._http.post(f"/v1/orders/{order.order_id}/events{query}", json=event)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def says_all(self, *events: dict[str, Any]) -> list[str]:
        """Announce many; their outcomes."""
        with self._stage.env.with_time_skipping_disabled():
            answer = await self._http.post("/v1/events", json={"events": events})
        assert answer.status_code in (202, 207), answer.text
        return [result["outcome"] for result in answer.json()["results"]]

    async def timeline(self, order: OrderStory) -> Any:
        answer = await self._http.get(f"/v1/orders/{order.order_id}/timeline")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
async def service(stage: Stage) -> AsyncIterator[Caller]:
    """The API over the stage's own Temporal and store, and a caller of it."""
    key = await stage.store.api_keys.make("order-service", [Scope.WRITE_EVENTS, Scope.READ_ORDERS])
    headers = {"Authorization": f"Bearer {key.text}"}
    async with (
        open_site(stage) as site,
        httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as http,
    ):
        yield Caller(http, stage)


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer who hears every status by push."""
    return await city.customer()


async def test_an_order_is_told_over_http_from_its_events_to_the_phone_and_then_ends(
    city: City, service: Caller, ana: Person
) -> None:
    order = city.order(ana)
    placed = order.event(PLACED, facts={"merchant_name": "Burger Barn"})

    assert (await service.says(order, placed))["outcome"] == "accepted"
    await order.settles()
    assert "Burger Barn" in ana.pushes[0]
    assert (await service.says(order, placed))["outcome"] == "duplicate"

    out = order.event(OUT, occurred_at=await order.timestamp())
    assert (await service.says(order, out))["outcome"] == "accepted"
    await order.settles()
    late = await service.says(order, order.event(PREPARING, occurred_at=placed["occurred_at"]))
    assert late["outcome"] == "stale"
    assert "OUT_FOR_DELIVERY" in late["reason"]

    open_order = await service.timeline(order)
    assert (open_order["source"], open_order["state"]) == ("workflow", "open")
    assert [batch["statuses"] for batch in open_order["batches"]] == [["PLACED"], ["OUT_FOR_DELIVERY"]]
    assert open_order["duplicates"] == open_order["stale_in_all"] == 1

    delivered = order.event(DELIVERED, occurred_at=await order.timestamp())
    assert (await service.says(order, delivered))["outcome"] == "accepted"
    await order.settles()
    assert len(ana.pushes) == 3
    before = await service.timeline(order)
    await order.skip(31 * 60)
    await order.ends()

    for event in (delivered, order.event(NEARBY, occurred_at=await order.timestamp())):
        assert (await service.says(order, event))["outcome"] == "closed"
        assert (await service.says(order, event, "?wait=false"))["outcome"] == "closed"
    after = await service.timeline(order)
    assert (before["state"], after["state"], after["source"]) == ("ending", "over", "ledger")
    assert [told(batch) for batch in after["batches"]] == [told(batch) for batch in before["batches"]]
    assert len(ana.pushes) == 3


def told(batch: Any) -> Any:
    """A batch as both sources know it: that in-app news has a provider too, only the ledger says."""
    lines = [{**line, "provider": None} for line in batch["channels"]]
    return {**batch, "channels": lines, "told_at": None, "deadline": None}


async def test_whoever_does_not_wait_is_told_the_same(city: City, service: Caller, ana: Person) -> None:
    order = city.order(ana)
    placed = order.event(PLACED)

    answers = [(await service.says(order, placed, "?wait=false"))["outcome"] for _ in range(2)]
    await order.settles()

    assert answers == ["accepted", "accepted"]
    assert len(ana.pushes) == 1
    assert (await service.timeline(order))["duplicates"] == 1


async def test_a_batch_is_told_in_its_order_and_what_belongs_together_together(
    city: City, service: Caller, ana: Person
) -> None:
    order, other = city.order(ana), city.order(await city.customer())
    events = [order.event(PLACED), order.event(ACCEPTED), order.event(PREPARING)]

    outcomes = await service.says_all(
        events[0], other.event(OUT), events[1], {"status": "EATEN"}, events[2], events[1]
    )
    await order.settles()

    assert outcomes == ["accepted", "accepted", "accepted", "refused", "accepted", "duplicate"]
    await order.passes(61)
    await other.settles()
    paths = [batch["statuses"] for batch in (await service.timeline(order))["batches"]]
    assert [status for path in paths for status in path] == ["PLACED", "ACCEPTED", "PREPARING"]
    assert (await service.timeline(other))["status"] == "OUT_FOR_DELIVERY"


async def test_an_order_that_was_terminated_shows_what_the_ledger_has_and_starts_again(
    city: City, service: Caller, ana: Person
) -> None:
    order = city.order(ana)
    placed = order.event(PLACED)
    await service.says(order, placed)
    await order.settles()
    await order.handle.terminate()

    shown = await service.timeline(order)
    assert (shown["source"], shown["state"], shown["status"]) == ("ledger", "over", "PLACED")

    await service.says(order, placed)
    await order.settles()
    assert len(ana.pushes) == 1, "and tells nothing twice"


LONGEST = ("\N{HAMBURGER}", '"', "a")


@pytest.mark.parametrize("character", LONGEST)
async def test_the_longest_ids_there_may_be_are_taken_and_told(
    city: City, service: Caller, ana: Person, character: str
) -> None:
    """Each longer than the server's own limits, in one way of counting or another."""
    order = city.order(ana)
    order_id = f"{order.order_id}{character * (200 - len(order.order_id))}"
    customer_id = f"{ana.id}{character * (200 - len(ana.id))}"

    assert await service.says_all(order.event(PLACED, order_id=order_id, customer_id=customer_id)) == [
        "accepted"
    ]
    await order.hears(order.event(PLACED, customer_id=customer_id))

    customer = Person.stranger(city.stage, customer_id)
    await eventually(lambda: _has_news(customer, 2))


async def _has_news(person: Person, messages: int) -> bool:
    return len(await person.inbox()) == messages


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1969-12-31T00:00:00Z"]
)
async def test_an_absurd_time_does_not_stop_an_order(
    city: City, service: Caller, ana: Person, at: str
) -> None:
    order = city.order(ana)

    assert (await service.says(order, order.event(PREPARING, occurred_at=at)))["outcome"] == "accepted"
    out = order.event(OUT, occurred_at=await order.timestamp())
    assert (await service.says(order, out))["outcome"] in ("accepted", "stale")
    await order.settles()
    assert (await service.timeline(order))["source"] == "workflow"
