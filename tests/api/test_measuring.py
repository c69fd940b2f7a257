"""What the API counts of its answers: the door, never what was asked for, nor what a stranger made up."""

import httpx

from api.app import build
from api.measuring import ANSWERED, ANSWERED_BUCKETS, Measured
from simulator.ports import Ports
from telemetry import runtime_with
from tests.api.stage import Door
from tests.watching import Scrape, scrape


async def counted(door: Door, *calls: tuple[str, str]) -> Scrape:
    """What is said of these calls afterwards."""
    port = Ports.free().temporal
    runtime = runtime_with("API_METRICS_PORT", "127.0.0.1", port, {ANSWERED: ANSWERED_BUCKETS})
    app = Measured(build(door.parts), runtime.metric_meter)
    own = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=own, base_url="http://api") as http:
        for method, path in calls:
            await http.request(method, path)
    return await scrape({"api": port})


def answers(found: Scrape, **labels: str) -> float | None:
    wanted = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return found.value(f"{ANSWERED}_count{{{wanted}}}")


async def test_an_answer_counts_for_its_door_not_for_what_was_asked_for(door: Door) -> None:
    found = await counted(door, ("GET", "/v1/orders/A17/timeline"), ("GET", "/v1/orders/A18/timeline"))

    assert answers(found, route="/v1/orders/{order_id:path}/timeline", method="GET", status="4xx") == 2
    assert "A17" not in str(found.samples)


async def test_what_a_stranger_makes_up_is_one_series(door: Door) -> None:
    found = await counted(door, ("GET", "/tok-1"), ("GET", "/a1b2"), ("BREW", "/coffee"))

    assert answers(found, route="none", method="GET") == 2
    assert answers(found, route="none", method="OTHER") == 1
    assert not [series for series in found.samples if "tok-1" in series or "BREW" in series]


async def test_an_error_of_ours_counts_as_one(door: Door) -> None:
    await door.store.close()
    (door.folder / "store.db").write_bytes(b"no database at all, whatever its name says")

    found = await counted(door, ("GET", "/ready"))

    assert answers(found, route="/ready", status="5xx") == 1
