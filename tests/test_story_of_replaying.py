"""Today's code tried on orders of the past: does each replay, and exactly what would be told differently."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from activities.wording import FluentWording
from activities.wording.wording import CATALOGUES
from domain.channels import Channel, Reach
from domain.orders import Rules
from domain.status import Status
from operating.replay.comparing import Difference
from operating.replay.orders import Trial, Tried
from simulator import Fault
from temporal_client import DATA_CONVERTER
from tests.processes import Ended, eventually, run, settings_of, temporal
from tests.processes import address as server_of
from tests.stage import City, OrderStory, Person, Stage
from tests.test_story_of_trust import hears_often, run_of
from workflows.policy import SIGNALS_A_RUN

S = Status
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP
ALL_REPLAY_AND_ALL_IS_AS_IT_WAS, BREAKS, DIFFERS = 0, 1, 3


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer whom everything reaches."""
    return await city.customer()


@pytest.fixture
async def order(city: City, ana: Person) -> OrderStory:
    """An order of hers, told up to its departure: at once, in a window, and at once again."""
    order = city.order(ana)
    await order.becomes(S.PLACED, facts={"merchant_name": "Burger Barn"})
    await order.becomes(S.ACCEPTED)
    await order.becomes(S.PREPARING)
    await order.passes(61)
    await order.becomes(S.OUT_FOR_DELIVERY)
    return order


async def exported(stage: Stage, order: OrderStory, folder: Path) -> str:
    """A history as an operator has it, by Temporal's own CLI."""
    shown = await temporal(
        *("workflow", "show", "--workflow-id", f"order-{order.order_id}", "--output", "json"),
        *("--address", server_of(stage)),
    )
    assert shown.code == 0, shown.err
    return written(folder, json.loads(shown.out))


def written(folder: Path, history: Any) -> str:
    file = folder / "history.json"
    file.write_text(json.dumps(history))
    return str(file)


async def replay(stage: Stage, *arguments: str, **settings: str) -> Ended:
    ended = await run("starter.py", "replay", *arguments, settings={**settings_of(stage), **settings})
    said = ended.out + ended.err
    assert not [secret for secret in stage.secrets if secret in said], "no contact detail is shown"
    return ended


async def tried(
    stage: Stage,
    order: OrderStory,
    *,
    wording: FluentWording | None = None,
    rules: Rules | None = None,
    run_id: str | None = None,
) -> Tried:
    """Try a run of an order, its newest if none is named, here, for what no operator sets: other words."""

    async def one() -> AsyncIterator[WorkflowHistory]:
        yield await stage.history(order.order_id, run_id)

    trial = Trial(stage.store, wording or FluentWording(), None, DATA_CONVERTER, rules)
    [only] = [each async for each in trial.of(one())]
    assert (only.breaks, only.problem, only.skipped) == (None, None, None)
    return only


def other_words(folder: Path, ours: str, others: str) -> FluentWording:
    """Our catalogues, but for one sentence."""
    changed = folder / "wording"
    shutil.copytree(CATALOGUES, changed)
    english = changed / "en.ftl"
    text = english.read_text()
    assert ours in text
    english.write_text(text.replace(ours, others))
    return FluentWording(changed)


def seen(differences: list[Difference]) -> list[tuple[str, str | None, str, str]]:
    return [(one.status, one.channel, one.then, one.now) for one in differences]


def a_copy_of_the_ledger(stage: Stage, folder: Path) -> Path:
    """One that no worker writes to."""
    copied = folder / "copy.db"
    with sqlite3.connect(stage.folder / "ledger.db") as ledger, sqlite3.connect(copied) as copy:
        ledger.backup(copy)
    return copied


def everything_in(ledger: Path) -> list[str]:
    with sqlite3.connect(ledger) as database:
        return list(database.iterdump())


async def is_the_newest(stage: Stage, order: OrderStory) -> bool:
    listed = stage.client.list_workflows('WorkflowType="OrderNotifications"', limit=1)
    return [one.id async for one in listed] == [f"order-{order.order_id}"]


async def test_with_the_same_code_nothing_is_different_and_nothing_is_sent_or_written(
    stage: Stage, order: OrderStory, ana: Person, tmp_path: Path
) -> None:
    file = await exported(stage, order, tmp_path)
    ledger = a_copy_of_the_ledger(stage, tmp_path)
    before, received = everything_in(ledger), len(stage.simulator.received)

    ended = await replay(stage, file, DATABASE_URL=f"sqlite:///{ledger}")

    assert ended.code == ALL_REPLAY_AND_ALL_IS_AS_IT_WAS, ended.out + ended.err
    assert ended.out.splitlines() == [
        f"order-{order.order_id}: replays",
        # Three pushes, three in the inbox, one mail, and one text, of whose words there is no record.
        "orders: 1, that do not replay: 0; messages as they were: 8"
        " (1 of them in words that nobody kept, see --told-in), that differ: 0",
    ]
    assert ended.err == ""
    assert everything_in(ledger) == before
    assert len(stage.simulator.received) == received
    assert len(ana.pushes) == 3


async def test_a_changed_word_is_shown_wherever_it_would_be_heard(
    stage: Stage, order: OrderStory, tmp_path: Path
) -> None:
    words = other_words(tmp_path, "is on its way.", "has left the house.")

    found = await tried(stage, order, wording=words)

    then = '"On its way: Your order from Burger Barn is on its way."'
    now = '"On its way: Your order from Burger Barn has left the house."'
    assert seen(found.compared.differences) == [
        ("OUT_FOR_DELIVERY", channel, then, now) for channel in (PUSH, IN_APP)
    ]


async def test_with_the_catalogues_of_then_the_words_of_texts_are_compared_as_well(
    stage: Stage, order: OrderStory, tmp_path: Path
) -> None:
    other_words(tmp_path, "is on its way.", "has left the house.")
    file = await exported(stage, order, tmp_path)

    ended = await replay(stage, file, "--told-in", str(tmp_path / "wording"), "--json")

    assert ended.code == DIFFERS
    found = json.loads(ended.out)
    assert [(one["status"], one["channel"]) for one in found["differences"]] == [
        ("OUT_FOR_DELIVERY", channel) for channel in (PUSH, SMS, IN_APP)
    ]
    assert found["words_unknown"] == 0


async def test_a_shorter_window_merges_less(
    stage: Stage, order: OrderStory, ana: Person, tmp_path: Path
) -> None:
    file = await exported(stage, order, tmp_path)

    ended = await replay(stage, file, "--rules", '{"window_seconds": 0}')

    assert ended.code == DIFFERS
    lines = ended.out.splitlines()
    assert f"order-{order.order_id}: replays" in lines
    told = {line.strip() for line in lines if " to customer " in line}
    assert told == {
        f"{status} to customer {ana.id} by {channel}"
        for status in (S.ACCEPTED, S.PREPARING)
        for channel in (PUSH, IN_APP)
    }
    alone = lines.index(f"  ACCEPTED to customer {ana.id} by push")
    assert lines[alone + 1] == "    then  nothing of its own: told with PREPARING"
    assert lines[alone + 2].startswith('    now   "')


async def test_a_longer_window_merges_more(stage: Stage, order: OrderStory) -> None:
    found = await tried(stage, order, rules=Rules(window_seconds=600))

    gone = [one for one in found.compared.differences if one.status is S.PREPARING]
    assert {one.channel for one in gone} == {PUSH, IN_APP}
    assert {one.now for one in gone} == {"nothing of its own: told with OUT_FOR_DELIVERY"}


async def test_a_changed_preference_is_shown_where_it_counts_and_nowhere_else(
    stage: Stage, order: OrderStory, ana: Person
) -> None:
    wishes = {S.OUT_FOR_DELIVERY: {PUSH: Reach.OFF}}
    changed = ana.recipient.model_copy(update={"preferences": wishes})
    await stage.store.load([changed])

    found = await tried(stage, order)

    [(status, channel, then, now)] = seen(found.compared.differences)
    assert (status, channel, now) == ("OUT_FOR_DELIVERY", PUSH, "nothing: switched off")
    assert "is on its way" in then


async def test_a_history_that_this_code_could_not_have_made_is_named_and_what_it_means(
    stage: Stage, order: OrderStory, tmp_path: Path
) -> None:
    history = (await stage.history(order.order_id)).to_json_dict()
    scheduled = [event for event in history["events"] if "activityTaskScheduledEventAttributes" in event]
    scheduled[0]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "send_by_pigeon"

    ended = await replay(stage, written(tmp_path, history))

    assert ended.code == BREAKS
    [verdict] = [line for line in ended.out.splitlines() if line.startswith("order-")]
    assert verdict.startswith(f"order-{order.order_id}: does NOT replay: it needs a build of its own")
    assert "send_by_pigeon" in verdict
    assert "that differ: 0" in ended.out, "what would be told is compared all the same"
    assert ended.err == ""


async def test_what_failed_and_went_another_way_is_no_difference(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="dead", address=ana.address(PUSH)))

    await order.becomes(S.NEARBY)

    assert len(ana.texts) == 1, "the phone is gone, and known to be"
    found = await tried(city.stage, order)
    assert seen(found.compared.differences) == []
    assert found.compared.same == 2


async def test_what_newer_news_took_back_is_no_difference(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana, window_seconds=0)
    city.fails(Fault(kind="error", address=ana.address(PUSH)))
    await order.becomes(S.ACCEPTED)
    city.lets_go()

    await order.becomes(S.PREPARING)

    assert (await order.lines(ana, 0))["push"] == "SUPERSEDED"
    found = await tried(city.stage, order)
    assert seen(found.compared.differences) == []


async def test_what_still_waits_for_its_window_is_no_difference_yet(
    stage: Stage, city: City, ana: Person
) -> None:
    order = city.order(ana)
    await order.becomes(S.ACCEPTED)

    assert seen((await tried(stage, order)).compared.differences) == []
    assert seen((await tried(stage, order, rules=Rules(window_seconds=0))).compared.differences) == []


async def test_an_order_that_begins_again_tells_nothing_twice_here_either(city: City, ana: Person) -> None:
    order = city.order(ana)
    placed = order.event(S.PLACED)
    await order.hears(placed)
    await order.handle.terminate()

    await order.hears(placed, order.event(S.OUT_FOR_DELIVERY))

    assert len(ana.pushes) == 2
    found = await tried(city.stage, order)
    assert seen(found.compared.differences) == []
    assert found.compared.same == 3


async def test_each_run_of_an_order_that_continued_as_new_has_told_its_own_part(
    city: City, ana: Person
) -> None:
    order = city.order(ana)
    await order.becomes(S.PLACED)
    accepted = order.event(S.ACCEPTED)
    await order.hears(accepted)
    first_run = await run_of(order)
    for _ in range(0, SIGNALS_A_RUN, 100):
        await hears_often(order, accepted, 100)
    assert await run_of(order) != first_run, "with news that waits for its window"
    await order.passes(61)
    await order.becomes(S.OUT_FOR_DELIVERY)

    first, second = [await tried(city.stage, order, run_id=run) for run in (first_run, None)]

    assert (seen(first.compared.differences), first.compared.same) == ([], 3)
    assert (seen(second.compared.differences), second.compared.same) == ([], 5)
    shorter = await tried(city.stage, order, rules=Rules(window_seconds=0), run_id=first_run)
    assert {(one.status, one.channel) for one in shorter.compared.differences} == {
        (S.ACCEPTED, PUSH),
        (S.ACCEPTED, IN_APP),
    }


async def test_news_that_was_announced_and_waited_for_is_taken_in_as_well(city: City, ana: Person) -> None:
    order = city.order(ana)
    await order.becomes(S.ACCEPTED)
    await order.handle.execute_update("announce", order.event(S.PREPARING))
    await order.passes(61)
    await eventually(lambda: len(ana.pushes) == 1)
    await order.handle.execute_update("announce", order.event(S.OUT_FOR_DELIVERY))
    await order.settles()

    assert len(ana.pushes) == 2
    found = await tried(city.stage, order)
    assert (seen(found.compared.differences), found.compared.same) == ([], 5)


async def test_what_a_cap_held_back_then_it_holds_back_again(city: City) -> None:
    ana = await city.customer(caps={PUSH: 1})
    others = [city.order(ana, window_seconds=0) for _ in range(2)]
    for order in others:
        await order.becomes(S.ACCEPTED)

    assert [(await order.lines(ana))[PUSH] for order in others] == ["SENT", "SUPPRESSED"]
    for order in others:
        assert seen((await tried(city.stage, order)).compared.differences) == []
    await city.stage.store.load([ana.recipient.model_copy(update={"caps": {PUSH: 2}})])
    [raised] = seen((await tried(city.stage, others[1])).compared.differences)
    assert raised[:3] == ("ACCEPTED", PUSH, "nothing, held back: 1 in the last hour")


async def test_the_newest_orders_of_the_server_are_tried(stage: Stage, order: OrderStory) -> None:
    # Since the server lists it.
    await eventually(lambda: is_the_newest(stage, order))

    ended = await replay(stage, "--recent", "1")

    assert ended.code == ALL_REPLAY_AND_ALL_IS_AS_IT_WAS, ended.out + ended.err
    assert ended.out.splitlines()[0] == f"order-{order.order_id}: replays"
    assert ended.out.splitlines()[1].startswith("orders: 1, that do not replay: 0;")


async def test_a_ledger_that_the_order_was_not_told_by_is_no_verdict(
    stage: Stage, order: OrderStory, tmp_path: Path
) -> None:
    file = await exported(stage, order, tmp_path)
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"

    empty = await replay(stage, file, DATABASE_URL=elsewhere)
    await run("starter.py", "recipients", "show", "nobody", settings={"DATABASE_URL": elsewhere})
    another = await replay(stage, file, DATABASE_URL=elsewhere)

    assert (empty.code, another.code) == (BREAKS, BREAKS)
    assert empty.problem.startswith("starter: DATABASE_URL: it has none of our tables")
    assert another.problem.startswith(f"starter: DATABASE_URL: has no row of order {order.order_id}")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        ("no JSON", "is not JSON"),
        ('{"id": 7}', "is no history"),
        ('"text"', "is no history"),
        ('{"events": []}', "has no events"),
        ('{"events": [{"eventId": "5", "eventType": "EVENT_TYPE_TIMER_FIRED"}]}', "does not begin"),
        (
            '{"events": [{"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",'
            ' "workflowExecutionStartedEventAttributes": {"workflowType": {"name": "Sweep"}}}]}',
            "is of a workflow of type Sweep",
        ),
    ],
)
async def test_a_file_that_is_no_history_of_an_order_is_one_line(
    stage: Stage, tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "history.json"
    if content is not None:
        file.write_text(content)

    ended = await replay(stage, str(file))

    assert ended.code == BREAKS
    assert ended.problem.startswith("starter: FILE: ")
    assert problem in ended.problem


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "FILE: give the file of a history, or --recent"),
        (("some.json", "--recent", "2"), "FILE: give the file of a history, or --recent"),
        (("--recent", "1", "--rules", "{"), "--rules: rules: is not JSON"),
        (("--recent", "1", "--rules", '{"window": 3}'), "--rules: has a name that is no rule"),
        (("--recent", "1", "--rules", '{"window_seconds": -1}'), "--rules: window_seconds"),
        (("--recent", "1", "--told-in", "nowhere"), "--told-in: nowhere holds no catalogues"),
    ],
)
async def test_what_cannot_be_tried_is_one_line(
    stage: Stage, arguments: tuple[str, ...], problem: str
) -> None:
    ended = await replay(stage, *arguments)

    assert ended.code == BREAKS
    assert problem in ended.problem


async def test_a_server_that_is_not_there_is_one_line(stage: Stage) -> None:
    ended = await replay(stage, "--recent", "1", TEMPORAL_ADDRESS="127.0.0.1:9")

    assert (ended.code, ended.problem.split(": ")[1]) == (BREAKS, "TEMPORAL_ADDRESS")
