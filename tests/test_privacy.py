"""No contact detail anywhere but in the store: all histories, log lines and reasons of a run are searched."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import text

from domain.channels import Channel
from domain.status import Status
from simulator import Fault
from tests.looking_back import everywhere, no_contact_detail_is_anywhere
from tests.stage import City, Stage
from tests.store.stage import run_sql


@pytest.mark.parametrize(
    "kind", ["error", "throttle", "cut_before", "cut_after", "dead", "refuse", "credentials"]
)
async def test_every_way_to_fail_is_gone_through(city: City, kind: str) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(*(Fault.model_validate({"kind": kind, "address": ana.address(channel)}) for channel in _LOUD))

    await order.becomes(Status.OUT_FOR_DELIVERY)
    await order.passes(50)
    await order.becomes(Status.DELIVERED)

    assert (await order.told(ana))[0].line(Channel.PUSH).status != "SENT"


async def test_each_place_is_looked_into_when_the_stage_closes(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    city.fails(Fault(kind="error", address=ana.address(Channel.PUSH), times=1))
    await order.becomes(Status.OUT_FOR_DELIVERY)

    places = await everywhere(city.stage)

    assert [where for where, said in places.items() if not said] == []
    assert ana.address(Channel.SMS) in city.stage.secrets
    await no_contact_detail_is_anywhere(city.stage)


@pytest.mark.parametrize("where", ["log", "history", "ledger"])
async def test_the_search_finds_one_wherever_it_is(city: City, where: str) -> None:
    ana = await city.customer()
    order = city.order(ana)
    stage = replace(city.stage, secrets={"token-of-nobody"}, orders=city.stage.orders, log=[])
    match where:
        case "log":
            stage.log.append("a line with token-of-nobody")
        case "history":
            await order.becomes(Status.OUT_FOR_DELIVERY, facts={"merchant_name": "token-of-nobody"})
        case "ledger":
            await order.becomes(Status.OUT_FOR_DELIVERY)
            reason = text("UPDATE notifications SET reason = 'token-of-nobody' WHERE order_id = :order")
            await run_sql(stage.settings.database_url, reason, {"order": order.order_id})

    with pytest.raises(AssertionError, match="token-of-nobody"):
        await no_contact_detail_is_anywhere(stage)


def test_whatever_is_logged_is_heard(stage: Stage) -> None:
    logging.getLogger("somewhere").warning("a line with %s", "token-of-nobody")
    assert "token-of-nobody" in "\n".join(stage.log)


_LOUD = (Channel.PUSH, Channel.SMS, Channel.EMAIL)
