"""An order explains itself: while it is open, after it ended, and when nobody can ask its workflow."""

import json

from domain.channels import Channel
from domain.explanation import ExplainedChannel, Explanation
from domain.status import Status
from operating.explanations import explanation_of
from simulator import Fault
from tests.processes import run, settings_of
from tests.stage import City, OrderStory

S = Status
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP


async def explained(city: City, order: OrderStory, *, is_gone: bool = False) -> Explanation:
    told = None if is_gone else await order.timeline()
    return await explanation_of(city.stage.store, order.order_id, told, "its workflow is gone")


def channels(explanation: Explanation, batch: int) -> dict[Channel, ExplainedChannel]:
    return {channel.channel: channel for channel in explanation.batches[batch].channels}


def says(channel: ExplainedChannel) -> str:
    return "; ".join(reason.says for reason in channel.because)


async def test_a_dead_device_at_night_is_explained_from_wish_to_fallback(city: City) -> None:
    ana = await city.customer(preferences={"NEARBY": {"email": "off"}, "ACCEPTED": {"in_app": "off"}})
    order = city.order(ana, window_seconds=0)
    city.fails(Fault(kind="dead", address=ana.address(PUSH)))

    await order.becomes(S.NEARBY)

    told = channels(await explained(city, order), 0)
    assert f"fcm said {told[PUSH].because[0].says.removeprefix('failed by fcm: ')}, so sms took over" in says(
        told[SMS]
    )
    assert says(told[EMAIL]) == f"off by {ana.id}'s own choice for NEARBY"
    assert told[IN_APP].because[0].rule == "inbox"


async def test_stale_and_repeated_events_and_news_that_was_taken_back_are_explained(city: City) -> None:
    ana = await city.customer(preferences={status: {"sms": "off", "email": "off"} for status in S})
    order = city.order(ana, window_seconds=0)
    city.fails(Fault(kind="error", address=ana.address(PUSH), times=1))

    await order.becomes(S.ACCEPTED)
    await order.becomes(S.PREPARING)
    late = order.event(S.PLACED, occurred_at="2026-01-01T00:00:00Z")
    await order.hears(late, late)

    explanation = await explained(city, order)
    assert "superseded by batch 2" in says(channels(explanation, 0)[PUSH])
    assert "carries ACCEPTED of batch 1" in says(channels(explanation, 1)[PUSH])
    assert [event.rule for event in explanation.events] == ["stale", "duplicate"]


async def test_an_order_that_ended_and_one_that_is_gone_are_explained_alike(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(S.PLACED)
    await order.becomes(S.DELIVERED)
    await order.skip(1801)
    await order.ends()

    ended, gone = await explained(city, order), await explained(city, order, is_gone=True)

    assert (ended.state, gone.state) == ("over", None)
    assert ended.batches == gone.batches
    assert gone.known_from.startswith("the ledger alone: its workflow is gone")


async def test_a_batch_nobody_wanted_is_known_to_the_timeline_alone(city: City) -> None:
    nothing = dict.fromkeys(Channel, "off")
    ana = await city.customer(preferences=dict.fromkeys(S, nothing))
    order = city.order(ana)

    await order.becomes(S.OUT_FOR_DELIVERY)

    [batch] = (await explained(city, order)).batches
    assert {channel.status for channel in batch.channels} == {None}
    assert (await explained(city, order, is_gone=True)).batches == []


# The command


async def test_the_command_explains_for_people_and_for_programs(city: City) -> None:
    ana = await city.customer(preferences={"PLACED": {"sms": "off"}})
    order = city.order(ana)
    await order.becomes(S.PLACED)
    settings = settings_of(city.stage)

    shown = await run("starter.py", "explain", order.order_id, settings=settings)
    as_json = await run("starter.py", "explain", order.order_id, "--json", settings=settings)

    assert (shown.code, as_json.code) == (0, 0), shown.err + as_json.err
    assert f"Order {order.order_id}: PLACED (open)" in shown.out
    assert f"off by {ana.id}'s own choice for PLACED  [own-choice]" in shown.out
    assert json.loads(as_json.out)["batches"][0]["channels"][0]["channel"] == "push"
    assert not [detail for detail in city.stage.secrets if detail in shown.out + as_json.out]


async def test_the_command_needs_no_server_as_long_as_the_ledger_knows_the_order(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(S.PLACED)
    away = settings_of(city.stage) | {"TEMPORAL_ADDRESS": "127.0.0.1:1"}

    known = await run("starter.py", "explain", order.order_id, settings=away)
    unknown = await run("starter.py", "explain", "order-of-nobody", settings=away)

    assert (known.code, "the ledger alone" in known.out) == (0, True), known.err
    assert (unknown.code, unknown.err.count("\n")) == (1, 1), unknown.err
