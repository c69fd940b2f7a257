"""Each alert fires when its fault is caused, none when all is well, by what our programs say meanwhile."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from activities.breakers import Tally
from domain.breaker import BreakerState
from domain.channels import Channel
from domain.status import Role, Status
from simulator import Fault
from tests.operated import Operated, operated
from tests.processes import HOME, eventually
from tests.stage import OrderStory, Stage
from tests.watching import RULES, firing, prometheus, promtool

OUT = Status.OUT_FOR_DELIVERY
PUSH_ALONE = {status: {"sms": "off", "email": "off"} for status in Status}
BOARD = json.loads((HOME / "deploy/grafana/dashboards/order-notifications.json").read_text())
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", ())]
RUNBOOK = (HOME / "docs" / "runbook.md").read_text()
# Every block of commands of the runbook, by the heading it is under.
COMMANDS = {
    section.partition("\n")[0]: re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    for section in re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:]
}


@pytest.fixture(scope="module")
async def ours(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operated]:
    """What is watched."""
    async with operated(stage, "watched", tmp_path_factory.mktemp("watched")) as ours:
        yield ours


async def a_push(ours: Operated, status: Status = OUT, **event: str) -> None:
    """Somebody is told by push, or would be."""
    person = await ours.city.customer(preferences=PUSH_ALONE)
    order = ours.city.order(person)
    await order.hears(order.event(status, **event))


@asynccontextmanager
async def news_that_came_late(ours: Operated) -> AsyncIterator[None]:
    await a_push(ours, occurred_at=(datetime.now(UTC) - timedelta(minutes=3)).isoformat())
    yield


@asynccontextmanager
async def a_queue_that_is_held(ours: Operated) -> AsyncIterator[None]:
    """For longer than the five seconds that the alert allows: no time is skipped while a send waits."""
    await ours.sends_a_second("send-push", "0")
    order = ours.city.order(await ours.city.customer(preferences=PUSH_ALONE))
    await order.signal(order.event(OUT))
    await asyncio.sleep(6)
    await ours.sends_a_second("send-push", "default")
    yield


@asynccontextmanager
async def code_that_cannot_go_on(ours: Operated) -> AsyncIterator[None]:
    """A workflow that no worker knows, as after a roll-back to code that is too old."""
    stuck = await ours.client.start_workflow("Unheard", id="stuck", task_queue="order-notifications")
    try:
        yield
    finally:
        await stuck.terminate()


@asynccontextmanager
async def a_provider_that_is_down(ours: Operated) -> AsyncIterator[None]:
    """For long enough that somebody was forgotten: nothing was written to their notification since."""
    ours.city.fails(Fault(kind="error", provider="fcm", status=503))
    await a_push(ours)
    store, now = ours.city.stage.store, datetime.now(UTC)
    await store.settle_calls({"fcm": Tally(calls=200, failures=200)}, now)
    long_ago = (now - timedelta(minutes=40)).isoformat(timespec="microseconds")
    await ours.sql(f"UPDATE notifications SET updated_at = '{long_ago}' WHERE status = 'RETRYING'")  # noqa: S608 a test's own
    try:
        yield
    finally:
        ours.city.fails()
        await store.force_breaker("fcm", BreakerState.CLOSED, "over")
        await ours.sql("UPDATE notifications SET status = 'FAILED' WHERE status = 'RETRYING'")


@asynccontextmanager
async def credentials_that_are_wrong(ours: Operated) -> AsyncIterator[None]:
    ours.city.fails(Fault(kind="credentials", provider="twilio"))
    person = await ours.city.customer(preferences={OUT: {"push": "off", "sms": "on"}})
    await ours.city.order(person).becomes(OUT)
    try:
        yield
    finally:
        ours.city.fails()


@asynccontextmanager
async def events_that_nobody_can_read(ours: Operated) -> AsyncIterator[None]:
    order = ours.city.order(await ours.city.customer())
    await order.hears(*({"number": number} for number in range(11)))
    yield


@asynccontextmanager
async def a_database_without_its_tables(ours: Operated) -> AsyncIterator[None]:
    await ours.sql("ALTER TABLE notifications RENAME TO gone")
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.get(f"{ours.api}/ready")).status_code == 500
    try:
        yield
    finally:
        await ours.sql("ALTER TABLE gone RENAME TO notifications")


@asynccontextmanager
async def a_temporal_server_that_is_away(ours: Operated) -> AsyncIterator[None]:
    with ours.line.cut():
        yield


@asynccontextmanager
async def a_deployment_that_was_not_finished(ours: Operated) -> AsyncIterator[None]:
    """The worker was drained, as the runbook has it, and none came after it; the API broke."""
    (drain,) = COMMANDS["Drain a worker"]
    await ours.types(drain, WORKER_PID=str(ours.programs["worker"].pid))
    assert (await ours.programs["worker"].ends()).code == 0
    await ours.programs["api"].kill()
    yield


Cause = Callable[[Operated], AbstractAsyncContextManager[None]]
FAULTS: list[tuple[Cause, set[str]]] = [
    (news_that_came_late, {"NewsIsLate"}),
    (a_queue_that_is_held, {"QueueIsBehind"}),
    (code_that_cannot_go_on, {"OrdersAreStuck"}),
    (a_provider_that_is_down, {"ProviderIsFailing", "ProviderIsNotCalled", "UnsettledForTooLong"}),
    (credentials_that_are_wrong, {"ProviderNeedsUs"}),
    (events_that_nobody_can_read, {"DeadLettersGrow"}),
    (a_database_without_its_tables, {"DatabaseIsAway", "ApiIsFailing"}),
    (a_temporal_server_that_is_away, {"TemporalIsAway"}),
]
THE_LAST: tuple[Cause, set[str]] = (a_deployment_that_was_not_finished, {"WorkerIsGone", "ApiIsGone"})


async def test_no_alert_fires_when_all_is_well(ours: Operated, tmp_path: Path) -> None:
    async def nothing_fires() -> bool:
        # Asked again where this machine is so busy that a send did wait for its turn.
        before = await ours.scrape()
        await a_push(ours)
        return firing(before, await ours.scrape(), tmp_path) == set()

    await eventually(nothing_fires)
    found = await ours.scrape()
    pushes = found.value('notifications_answers_total{outcome="accepted",provider="fcm"}')
    assert pushes
    assert found.value('notifications_told_seconds_count{channel="push",priority="1"}') == pushes


@pytest.mark.parametrize(("cause", "alerts"), FAULTS, ids=lambda one: getattr(one, "__name__", ""))
async def test_what_goes_wrong_is_told(
    ours: Operated, cause: Cause, alerts: set[str], tmp_path: Path
) -> None:
    await is_told(ours, cause, alerts, tmp_path)


async def test_every_query_of_the_dashboard_comes_to_something(ours: Operated, tmp_path: Path) -> None:
    queries = [query.replace("$__rate_interval", "10s") for query in QUERIES]
    async with prometheus(ours.ports, tmp_path) as watching, code_that_cannot_go_on(ours):
        await eventually(watching.answers)

        async def all_do() -> bool:
            await something_happens(ours)
            return all([await watching.finds(query) for query in queries])

        try:
            await eventually(all_do)
        except TimeoutError:
            pytest.fail("\n".join([query for query in queries if not await watching.finds(query)]))
        assert await watching.health_of_rules() == {"ok"}


async def test_what_an_alert_says_to_look_at_can_be_looked_at(ours: Operated) -> None:
    order = OrderStory(ours.city, "A17", {Role.CUSTOMER: await ours.city.customer()}, {})
    await order.becomes(OUT)
    blocks = [block for rule in RULES for block in COMMANDS[rule["alert"]]]

    said = "".join(await asyncio.gather(*map(ours.types, blocks)))

    assert "Order A17: OUT_FOR_DELIVERY" in said
    assert "answer    accepted" in said


async def test_a_channel_whose_providers_are_forced_open_is_gone_round(ours: Operated) -> None:
    force, release = COMMANDS["Force a provider"]
    ana = await ours.city.customer()

    assert "forced open" in await ours.types(force)
    # Workers follow within a second or two.
    await eventually(lambda: ours.breaker_is("fcm", "forced_open"))
    await ours.city.order(ana).becomes(Status.NEARBY)
    assert (len(ana.pushes), len(ana.texts)) == (0, 1)

    await ours.types(release)
    await eventually(lambda: ours.breaker_is("fcm", "closed"))
    await ours.city.order(ana).becomes(Status.NEARBY)
    assert (len(ana.pushes), len(ana.texts)) == (1, 1)


async def test_a_channel_that_is_held_keeps_its_news_until_it_goes_on(ours: Operated) -> None:
    hold, go_on = COMMANDS["Hold a channel"]
    ana = await ours.city.customer(preferences=PUSH_ALONE)
    order = ours.city.order(ana)

    assert "ticket 4711" in await ours.types(hold)
    await order.signal(order.event(OUT))
    await order.has_told(ana, 1)
    assert [row.status for row in await order.rows() if row.channel == "push"] == ["PENDING"]
    assert ana.pushes == []

    await ours.types(go_on)
    await order.has_pushed(ana, 1)


async def test_a_rate_limit_is_changed_and_given_back(ours: Operated) -> None:
    change, give_back = COMMANDS["Change a rate limit"]

    assert re.search(r"\b25\b", await ours.types(change))
    await ours.types(give_back)


async def test_what_reached_nobody_is_told_again(ours: Operated) -> None:
    look, tell = COMMANDS["Redrive"]
    ana = await ours.city.customer(preferences={OUT: {"in_app": "off", "sms": "off", "email": "off"}})
    ours.city.fails(Fault(kind="refuse", address=ana.address(Channel.PUSH)))
    await ours.city.order(ana).becomes(OUT)
    ours.city.fails()
    (group,) = [name for name in await ours.city.stage.store.letter_groups() if "push" in name]

    assert group in await ours.types(look, GROUP=group)
    assert ana.pushes == []
    await ours.types(tell, GROUP=group)
    assert len(ana.pushes) == 1


async def test_a_worker_that_is_drained_ends_well_and_is_missed(ours: Operated, tmp_path: Path) -> None:
    await is_told(ours, *THE_LAST, tmp_path)


async def is_told(ours: Operated, cause: Cause, alerts: set[str], folder: Path) -> None:
    """Cause a fault, and see that it fires its alerts."""
    promtool()  # where there is none, nothing is broken for it
    before = await ours.scrape()
    async with cause(ours):

        async def they_fire() -> bool:
            # Asking costs more than waiting: the worker looks every three seconds.
            await asyncio.sleep(0.3)
            return alerts <= firing(before, await ours.scrape(), folder)

        await eventually(they_fire)


async def something_happens(ours: Operated) -> None:
    """A message is told, and the API is asked and has no answer."""
    await a_push(ours)
    async with httpx.AsyncClient(timeout=60) as http:
        await http.get(f"{ours.api}/health")


def test_every_alert_has_a_fault_that_causes_it() -> None:
    caused = set().union(*(alerts for _, alerts in [*FAULTS, THE_LAST]))

    assert {rule["alert"] for rule in RULES} == caused


def test_every_alert_leads_to_its_heading_in_the_runbook() -> None:
    anchors = {f"docs/runbook.md#{heading.lower()}" for heading in COMMANDS}

    assert {rule["annotations"]["runbook_url"] for rule in RULES} <= anchors
