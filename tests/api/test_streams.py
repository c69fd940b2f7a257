"""The stream of an inbox: what changes arrives, in order, once, also over a cut; and it ends when it must."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import httpx
import pytest
from fastapi import FastAPI
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from starlette.types import Message

from activities.store.errors import StoreUnavailable
from activities.store.inboxes import Inboxes
from api.app import build
from api.callers import Callers
from api.inbox import InboxDoor
from api.inbox_stream import Inboxes as FollowedInboxes
from api.inbox_stream import StreamDoor
from api.serving import serving
from api.streams import MOST_OF_ONE, Streams
from domain.inbox import Card, Counts, Mark
from domain.links import RECIPIENT_SECONDS, SignedLinks
from domain.status import Status
from simulator.ports import Ports
from tests.api.inboxes import ANA, BEN, STREAM, listening, token, told
from tests.api.stage import Door
from tests.processes import PATIENCE, eventually, running, settings_of
from tests.stage import City, Stage


@contextlib.asynccontextmanager
async def a_stream_door(
    door: Door, inboxes: FollowedInboxes | None = None, *, heartbeat: float = 15
) -> AsyncIterator[httpx.AsyncClient]:
    """A server of streams alone, whose seconds pass faster."""
    inboxes = inboxes or door.store.inboxes
    streams = Streams(inboxes, look_every=0.02)
    app = a_stream_app(door, inboxes, streams, heartbeat)
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as http:
        yield http


def a_stream_app(door: Door, inboxes: FollowedInboxes, streams: Streams, heartbeat: float = 15) -> FastAPI:
    app, callers = FastAPI(), Callers(door.store.api_keys, door.links)
    app.include_router(StreamDoor(inboxes, callers, streams, heartbeat).router())
    app.include_router(InboxDoor(door.store.inboxes, callers).router())
    return app


@pytest.fixture
async def http(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with a_stream_door(door) as http:
        yield http


async def test_what_changes_arrives_as_it_happens(door: Door, http: httpx.AsyncClient) -> None:
    async with listening(http, token(door)) as listener:
        assert (await listener.next())["data"] == {"unseen": 0, "unread": 0}
        await told(door, "A17", Status.PLACED)

        card, counts = await listener.next(), await listener.next()

        assert (card["event"], card["id"], card["data"]["text"]) == ("card", "1", "PLACED Burger Barn")
        assert (counts["event"], counts["id"], counts["data"]) == ("counts", None, {"unseen": 1, "unread": 1})
        await door.store.inboxes.mark(ANA, "A17", Mark.READ)
        assert (await listener.next("card"))["data"]["read"]
        assert (await listener.next("counts"))["data"] == {"unseen": 0, "unread": 0}


async def test_a_browser_is_told_when_to_come_again_and_that_nothing_may_be_kept(
    door: Door, http: httpx.AsyncClient
) -> None:
    async with listening(http, token(door)) as listener:
        await listener.next()

        assert listener.retry
        assert 1000 <= listener.retry <= 3000
        headers = listener.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


async def test_nobody_hears_of_the_orders_of_another(door: Door, http: httpx.AsyncClient) -> None:
    async with listening(http, token(door)) as listener:
        await listener.next()
        await told(door, "A18", Status.PLACED, recipient_id=BEN)
        await told(door, "A17", Status.PLACED)

        assert (await listener.card())[0] == "A17"


async def test_a_page_and_the_stream_that_begins_with_it_miss_nothing(
    door: Door, http: httpx.AsyncClient
) -> None:
    await told(door, "A17", Status.PLACED)
    page = (await http.get("/v1/me/inbox", headers=token(door))).json()
    await told(door, "A18", Status.PLACED)

    async with listening(http, token(door), after=page["change"]) as listener:
        assert await listener.card() == ("A18", "PLACED", "2")


async def test_a_stream_goes_on_where_it_was_cut(door: Door, http: httpx.AsyncClient) -> None:
    await told(door, "A16", Status.PLACED)
    async with listening(http, token(door), after=1) as listener:
        await told(door, "A17", Status.PLACED)
        await listener.card()
    await told(door, "A18", Status.PLACED)
    await told(door, "A19", Status.PLACED)

    again = {**token(door), "Last-Event-ID": listener.last_event_id or ""}
    async with listening(http, again, after=1) as listener:
        assert await listener.card() == ("A18", "PLACED", "3"), "the newest number counts, not the page's"
        assert await listener.card() == ("A19", "PLACED", "4")


async def test_more_than_one_reading_holds_arrives_all_the_same(door: Door, http: httpx.AsyncClient) -> None:
    for number in range(53):
        await told(door, f"A{number}", Status.PLACED)

    async with listening(http, token(door), after=0) as listener:
        assert [(await listener.card())[0] for _ in range(53)] == [f"A{number}" for number in range(53)]


async def test_a_number_from_the_future_is_taken_for_now(door: Door, http: httpx.AsyncClient) -> None:
    await told(door, "A17", Status.PLACED)

    async with listening(http, token(door), after=99) as listener:
        await listener.next("counts")
        await told(door, "A18", Status.PLACED)
        assert await listener.card() == ("A18", "PLACED", "2")


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "0x1", "9" * 19, "9" * 5000])
async def test_a_number_that_is_none_is_named(door: Door, http: httpx.AsyncClient, number: str) -> None:
    by_query = await http.get(STREAM, headers=token(door), params={"after": number})
    by_header = await http.get(STREAM, headers={**token(door), "Last-Event-ID": number})

    assert (by_query.status_code, by_query.json()["detail"].partition(":")[0]) == (422, "after")
    assert (by_header.status_code, by_header.json()["detail"].partition(":")[0]) == (422, "Last-Event-ID")


async def test_one_more_stream_than_anybody_may_have_is_refused(door: Door, http: httpx.AsyncClient) -> None:
    async with contextlib.AsyncExitStack() as open_streams:
        for _ in range(MOST_OF_ONE):
            await open_streams.enter_async_context(listening(http, token(door)))

        refused = await http.get(STREAM, headers=token(door))
        async with listening(http, token(door, BEN)):
            pass

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")

    async def is_let_in() -> bool:
        async with http.stream("GET", STREAM, headers=token(door)) as response:
            return response.status_code == 200

    await eventually(is_let_in)


async def test_a_quiet_stream_says_that_it_is_there(door: Door) -> None:
    async with a_stream_door(door, heartbeat=0.05) as http, listening(http, token(door)) as listener:
        await listener.hears("still here")


async def test_a_stream_ends_with_its_token(door: Door) -> None:
    about_over = {"Authorization": f"Bearer {a_token_of(door, RECIPIENT_SECONDS - 2)}"}

    async with (
        a_stream_door(door, heartbeat=0.05) as http,
        listening(http, about_over) as listener,
    ):
        await listener.ends()
        refused = await http.get(STREAM, headers=about_over)

    assert refused.status_code == 401


def a_token_of(door: Door, seconds_ago: int) -> str:
    """A token as it was made some time ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) - seconds_ago

    earlier = URLSafeTimedSerializer(
        list(door.links.secrets), salt="order-notifications recipient", signer=Earlier
    )
    return str(earlier.dumps(ANA))


class ThatMayBeAway:
    """The store's inboxes, as they are to a stream when the store does not answer."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes, self.are_away, self.cannot_count = inboxes, False, False

    async def heads(self, recipient_ids: Collection[str]) -> Mapping[str, int]:
        return await self._there().heads(recipient_ids)

    async def changes_since(self, recipient_id: str, change: int, limit: int) -> Sequence[Card]:
        return await self._there().changes_since(recipient_id, change, limit)

    async def counts(self, recipient_id: str) -> Counts:
        if self.cannot_count:
            raise StoreUnavailable("the store does not answer")
        return await self._there().counts(recipient_id)

    def _there(self) -> Inboxes:
        if self.are_away:
            raise StoreUnavailable("the store does not answer")
        return self._inboxes


async def test_streams_stay_open_while_the_store_is_away_and_go_on_by_themselves(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    inboxes = ThatMayBeAway(door.store.inboxes)
    async with (
        a_stream_door(door, inboxes, heartbeat=0.05) as http,
        listening(http, token(door)) as listener,
    ):
        await listener.next("counts")
        inboxes.are_away = True
        await eventually(lambda: "1 streams wait for it" in caplog.text)
        inboxes.are_away = False
        await told(door, "A17", Status.PLACED)

        assert (await listener.card())[0] == "A17"
        assert (await listener.next("counts"))["data"] == {"unseen": 1, "unread": 1}


async def test_counts_that_could_not_be_had_come_as_soon_as_they_can(door: Door) -> None:
    inboxes = ThatMayBeAway(door.store.inboxes)
    async with (
        a_stream_door(door, inboxes, heartbeat=0.05) as http,
        listening(http, token(door)) as listener,
    ):
        await listener.next("counts")
        inboxes.cannot_count = True
        await told(door, "A17", Status.PLACED)
        assert (await listener.card())[0] == "A17"
        inboxes.cannot_count = False

        assert (await listener.next())["data"] == {"unseen": 1, "unread": 1}


async def test_one_look_at_the_store_is_for_all_streams() -> None:
    asked: list[frozenset[str]] = []

    class Heads:
        async def heads(self, recipient_ids: Collection[str]) -> dict[str, int]:
            asked.append(frozenset(recipient_ids))
            return {ANA: 1}

    streams = Streams(Heads(), look_every=0.01)
    ana, also_ana, ben = streams.open(ANA), streams.open(ANA), streams.open(BEN)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(ana.sleep(PATIENCE), also_ana.sleep(PATIENCE))

    assert (ana.is_behind, also_ana.is_behind, ben.is_behind) == (True, True, False)
    assert set(asked) == {frozenset({ANA, BEN})}
    for stream in (ana, also_ana, ben):
        streams.close(stream)
    async with asyncio.timeout(PATIENCE):
        await streams.gone()


async def test_when_nobody_looks_any_more_the_streams_end_and_clients_come_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        async def heads(self, recipient_ids: Collection[str]) -> dict[str, int]:
            raise RuntimeError("a bug of ours")

    streams = Streams(Broken(), look_every=0.01)
    stream = streams.open(ANA)

    assert await stream.sleep(PATIENCE)
    assert stream.has_ended
    await eventually(lambda: "a bug of ours" in caplog.text)


async def test_a_reader_who_sleeps_has_nothing_kept_for_them_and_reads_what_is_true_then(door: Door) -> None:
    """As a connection whose buffers are full: whatever is handed over waits, and nothing else is."""
    taken, awake, has_enough = bytearray(), asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        await awake.wait()
        taken.extend(message.get("body", b""))

    async def receive() -> Message:
        await has_enough.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": STREAM,
        "query_string": b"after=0",
        "headers": [(b"authorization", token(door)["Authorization"].encode())],
    }
    streams = Streams(door.store.inboxes, look_every=0.02)
    app = a_stream_app(door, door.store.inboxes, streams)
    reading = asyncio.create_task(app(scope, receive, send))
    await told(door, "A17", Status.PLACED, Status.OUT_FOR_DELIVERY, Status.NEARBY, Status.DELIVERED)
    awake.set()
    await eventually(lambda: b"event: counts" in taken)
    has_enough.set()
    await reading
    await streams.gone()

    assert [line for line in taken.decode().splitlines() if line.startswith("id: ")] == ["id: 4"]
    assert '"status":"DELIVERED"' in taken.decode()


async def test_streams_end_at_once_with_their_server_so_that_it_can_end(door: Door) -> None:
    async def serve_until_told(stop: asyncio.Event, ready: asyncio.Future[str]) -> None:
        async with serving(build(door.parts)) as url:
            ready.set_result(url)
            await stop.wait()

    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve_until_told(stop, ready))
    async with httpx.AsyncClient(base_url=await ready) as http, listening(http, token(door)) as listener:
        await listener.next()
        stop.set()
        await listener.ends()
    await server


async def test_at_sigterm_the_program_lets_streams_go_and_ends_well(stage: Stage, city: City) -> None:
    ana = await city.customer()
    url = f"http://127.0.0.1:{(port := Ports.free().api)}"
    settings = {**settings_of(stage), "PUBLIC_URL": url, "API_PORT": str(port)}
    headers = {"Authorization": f"Bearer {await a_token_for(stage, ana.id)}"}
    async with running("-m", "api", settings=settings) as api, httpx.AsyncClient(base_url=url) as http:
        await api.says("api: ready")
        async with listening(http, headers) as listener:
            await listener.next()
            await city.order(ana).becomes(Status.PLACED)
            assert (await listener.card())[1] == "PLACED"
            api.terminate()
            await listener.ends()
        ended = await api.ends()

    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert "graceful shutdown exceeded" not in ended.err


async def a_token_for(stage: Stage, recipient_id: str) -> str:
    return SignedLinks("http://x", await stage.store.signing_secrets()).recipient_token(recipient_id)
