"""No contact detail anywhere but in the store: every history, log line and reason of this run is searched."""

import logging

import pytest

from domain.channels import Channel
from domain.status import Status
from simulator import Fault
from tests.stage import City, Stage


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


@pytest.mark.last
async def test_no_contact_detail_is_in_a_history_a_log_line_or_a_reason(stage: Stage) -> None:
    secrets = {secret.encode() for secret in stage.secrets}
    assert len(secrets) > 20, "there was something to find"

    orders = (await stage.announced()).values()
    places = [
        ("histories", b"".join([await stage.everything_temporal_knows_of(order) for order in orders])),
        ("log", "\n".join(stage.log).encode()),
        ("ledger", (await stage.every_reason()).encode()),
    ]

    assert [where for where, text in places if not text] == [], "each place was looked into"
    assert [(where, secret) for where, text in places for secret in secrets if secret in text] == []


def test_the_search_would_find_one(stage: Stage) -> None:
    logging.getLogger("somewhere").warning("a line with %s", "token-of-nobody")
    assert "token-of-nobody" in "\n".join(stage.log)


_LOUD = (Channel.PUSH, Channel.SMS, Channel.EMAIL)
