"""The timeline over HTTP: by the workflow while the order is open, by the ledger after, in one shape."""

from domain.channels import Channel
from domain.orders import OrderEvent
from domain.telling import DeadLetter
from tests.api.stage import Door
from tests.store.stage import NOON

PATH = "/v1/orders/{}/timeline"
ROW = {"event_id": "evt-1", "status": "PLACED", "occurred_at": NOON, "customer_id": "c-42"}


async def test_an_order_that_is_over_is_told_by_the_ledger(door: Door) -> None:
    await door.sent(Channel.PUSH)
    door.orders.over.add("A17")

    answer = await door.http.get(PATH.format("A17"), headers=await door.key())

    told = answer.json()
    assert (answer.status_code, told["source"], told["state"]) == (200, "ledger", "over")
    assert (told["order_id"], told["status"]) == ("A17", "PLACED")
    lines = {line["channel"]: line["status"] for line in told["batches"][0]["channels"]}
    assert lines["push"] == "SENT"
    assert lines["in_app"] == "DELIVERED"


async def test_an_order_that_temporal_has_forgotten_is_told_by_the_ledger(door: Door) -> None:
    await door.sent(Channel.PUSH)

    told = (await door.http.get(PATH.format("A17"), headers=await door.key())).json()

    assert (told["source"], told["state"], len(told["batches"])) == ("ledger", "over", 1)


async def test_an_open_order_that_no_worker_answers_for_is_told_by_the_ledger(door: Door) -> None:
    await door.sent(Channel.PUSH)
    door.orders.announced.append(OrderEvent.model_validate({**ROW, "order_id": "A17"}))
    door.orders.have_a_worker = False

    told = (await door.http.get(PATH.format("A17"), headers=await door.key())).json()

    assert (told["source"], told["state"], len(told["batches"])) == ("ledger", "open", 1)


async def test_an_order_of_which_nobody_was_told_has_an_empty_timeline(door: Door) -> None:
    door.orders.over.add("A17")

    answer = await door.http.get(PATH.format("A17"), headers=await door.key())

    assert (answer.status_code, answer.json()["batches"]) == (200, [])


async def test_an_order_that_nobody_knows_is_not_found(door: Door) -> None:
    answer = await door.http.get(PATH.format("A17"), headers=await door.key())

    assert (answer.status_code, answer.json()) == (404, {"detail": "no such order"})


async def test_dead_letters_are_shown_without_what_was_in_them(door: Door) -> None:
    letter = {"dead_letter_id": "letter-1", "order_id": "A17", "source": "status_changed"}
    content = {"reason": "status: missing", "raw": "ana@example.org", "at": NOON}
    await door.store.keep(DeadLetter.model_validate({**letter, **content}))

    answer = await door.http.get(PATH.format("A17"), headers=await door.key())

    assert answer.json()["dead_letters"][0]["reason"] == "status: missing"
    assert "ana@example.org" not in answer.text
    assert "raw" not in answer.json()["dead_letters"][0]


async def test_while_something_is_away_the_answer_is_to_come_again(door: Door) -> None:
    key = await door.key()
    with door.temporal_is_away():
        no_temporal = await door.http.get(PATH.format("A17"), headers=key)
    async with door.store_is_away():
        no_store = await door.http.get(PATH.format("A17"), headers=key)

    assert (no_temporal.status_code, no_store.status_code) == (503, 503)
