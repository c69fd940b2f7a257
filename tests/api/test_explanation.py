"""Order services and operators ask why an order was told as it was, also when its workflow is gone."""

import httpx
import pytest

from domain.callers import Scope
from domain.status import Status
from domain.telling import DeadLetter
from tests.api.stage import SMS, Door
from tests.store.stage import NOON, Stage, batch, somebody


async def ask(door: Door, order_id: str = "A17", scope: Scope = Scope.READ_ORDERS) -> httpx.Response:
    key = await door.store.api_keys.make("order-service", [scope])
    return await door.http.get(
        f"/v1/orders/{order_id}/explanation", headers={"Authorization": f"Bearer {key.text}"}
    )


async def test_an_order_whose_workflow_is_gone_is_explained_by_the_ledger(door: Door) -> None:
    await door.store.load([somebody(preferences={"ACCEPTED": {"sms": "off"}})])
    await Stage(door.store, "").plan(batch(Status.ACCEPTED))

    answer = await ask(door)

    assert answer.status_code == 200
    assert answer.json()["known_from"].startswith("the ledger alone: the order's workflow is gone.")
    [told] = answer.json()["batches"]
    assert {one["channel"]: one["because"][-1] for one in told["channels"]} == {
        "push": {"rule": "default", "says": "on by the customer's default"},
        "sms": {"rule": "own-choice", "says": "off by c-42's own choice for ACCEPTED"},
        "email": {
            "rule": "default",
            "says": "fallback by the customer's default: would only be used if push failed",
        },
        "in_app": {"rule": "default", "says": "on by the customer's default"},
    }


async def test_it_works_while_temporal_is_away(door: Door) -> None:
    await door.sent(SMS)

    with door.temporal_is_away():
        answer = await ask(door)

    assert answer.status_code == 200


async def test_an_explanation_holds_no_contact_detail_and_nothing_of_a_raw_event(door: Door) -> None:
    await door.sent(SMS)
    letter = DeadLetter(
        dead_letter_id="l-1",
        order_id="A17",
        source="status_changed",
        reason="status: missing",
        field="status",
        raw='{"phone": "+15550100"}',
        at=NOON,
    )
    await door.store.keep(letter)

    answer = await ask(door)

    assert "status: missing" in answer.text
    assert not [secret for secret in ("15550100", "ana@example.org", "tok-1") if secret in answer.text]


@pytest.mark.parametrize("order_id", ["A99", "a%20b", "%00", "%ED%A0%80", "x" * 300])
async def test_an_order_that_nobody_knows_is_not_found(door: Door, order_id: str) -> None:
    answer = await ask(door, order_id)

    assert (answer.status_code, answer.json()) == (404, {"detail": "no such order"})


async def test_it_takes_a_key_that_may_read_orders(door: Door) -> None:
    await door.sent(SMS)

    assert (await ask(door, scope=Scope.WRITE_EVENTS)).status_code == 403
    assert (await door.http.get("/v1/orders/A17/explanation")).status_code == 401
