"""The contract with foreign clients, held by one: the Temporal CLI alone is the order service here.

JSON is typed by hand, nothing of our Python code speaks to the order. Orders get small windows of real time.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.telling import DeadLetter
from tests.processes import Ended, address, eventually, temporal
from tests.stage import City, Person, Stage

AT_ONCE: Mapping[str, float] = {"window_seconds": 0, "linger_seconds": 0}
UNTIL_ENDED: Mapping[str, float] = {"window_seconds": 0, "linger_seconds": 1800}
ENDED_WELL_IS_OVER = ("--id-reuse-policy", "AllowDuplicateFailedOnly")


class OrderByHand:
    """One order, as somebody with a terminal and the Temporal CLI drives it."""

    def __init__(self, stage: Stage, order_id: str, customer: Person) -> None:
        self.order_id, self._stage, self._customer = order_id, stage, customer
        self._began = datetime.now(UTC)

    def event(self, number: int, status: str, /, **overrides: Any) -> str:
        """The order's ``number``-th event, a second after the one before."""
        event = {
            "event_id": f"{self.order_id}-{number}",
            "order_id": self.order_id,
            "status": status,
            "occurred_at": (self._began + timedelta(seconds=number - 60)).isoformat(),
            "customer_id": self._customer.id,
        }
        return json.dumps({**event, **overrides})

    def start_input(self, rules: Mapping[str, float] = UNTIL_ENDED) -> tuple[str, str]:
        """The start input of the contract, as an option of the CLI."""
        return "--input", json.dumps({"order_id": self.order_id, "rules": rules})

    async def signal_with_start(self, event: str, *options: str) -> Ended:
        """Signal an event, starting the order if need be."""
        start = ("--type", "OrderNotifications", "--task-queue", "order-notifications")
        signal = ("--signal-name", "status_changed", "--signal-input", event)
        return await self.cli("signal-with-start", *start, *signal, *options)

    async def begins(self, event: str, rules: Mapping[str, float] = UNTIL_ENDED) -> None:
        """Start the order with its first event."""
        ended = await self.signal_with_start(event, *self.start_input(rules), *ENDED_WELL_IS_OVER)
        assert ended.code == 0, ended.err

    async def signal(self, name: str, *options: str) -> None:
        """Signal anything at all to the order as it runs. The server takes it, whatever it is."""
        ended = await self.cli("signal", "--name", name, *options)
        assert ended.code == 0, ended.err

    async def announce(self, event: str) -> Any:
        """Send an event as the update, and hear the answer."""
        ended = await self.update(event)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)["result"]

    async def update(self, event: str) -> Ended:
        """Send an event as the update, accepted or not."""
        return await self.cli("update", "execute", "--name", "announce", "--input", event, "-o", "json")

    async def timeline(self) -> Any:
        """What the query answers, read back as JSON."""
        ended = await self.cli("query", "--type", "timeline", "-o", "json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)["queryResult"][0]

    async def is_completed(self) -> bool:
        """Whether the newest run ended well."""
        described = await self.cli("describe", "-o", "json")
        status = json.loads(described.out)["workflowExecutionInfo"]["status"]
        return bool(status == "WORKFLOW_EXECUTION_STATUS_COMPLETED")

    async def cli(self, *arguments: str) -> Ended:
        """Anything the CLI can do with the order's workflow."""
        where = ("--workflow-id", f"order-{self.order_id}", "--address", address(self._stage))
        return await temporal("workflow", *arguments, *where)

    async def dead_letter_in_timeline(self, source: str) -> Any:
        """The one dead letter from a source, once the timeline shows it."""
        await eventually(lambda: self._has_dead_letter(source))
        (letter,) = [one for one in (await self.timeline())["dead_letters"] if one["source"] == source]
        return letter

    async def dead_letters_in_store(self) -> list[DeadLetter]:
        """What waits for a person to decide on."""
        letters = await self._stage.store.dead_letters(10_000)
        return [letter for letter in letters if letter.order_id == self.order_id]

    async def _has_dead_letter(self, source: str) -> bool:
        letters = (await self.timeline())["dead_letters"] or []
        return any(letter["source"] == source for letter in letters)


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer who hears every status by push."""
    return await city.customer()


@pytest.fixture
async def order(city: City, stage: Stage, ana: Person) -> OrderByHand:
    """An order of hers that nobody announced yet."""
    return OrderByHand(stage, city.order(ana).order_id, ana)


async def _was_told(person: Person, *pushes: str) -> None:
    """Wait until a person has these pushes, each known by a word of it, and no others."""
    await eventually(lambda: len(person.pushes) >= len(pushes))
    assert len(person.pushes) == len(pushes), person.pushes
    for text, word in zip(person.pushes, pushes, strict=True):
        assert word in text


async def test_an_order_started_by_cli_is_told_on_every_channel_its_customer_chose(
    order: OrderByHand, ana: Person
) -> None:
    await order.begins(order.event(1, "PLACED", facts={"merchant_name": "Burger Barn"}))

    await _was_told(ana, "Burger Barn")
    await eventually(lambda: len(ana.mails) == 1)
    assert "Burger Barn" in ana.mails[0]
    assert len(await ana.inbox()) == 1


async def test_the_timeline_is_read_back_as_json(order: OrderByHand, ana: Person) -> None:
    await order.begins(order.event(1, "PLACED"))
    await _was_told(ana, "placed")

    told = await order.timeline()

    assert (told["order_id"], told["status"], told["state"]) == (order.order_id, "PLACED", "open")
    (batch,) = told["batches"]
    assert (batch["recipient_id"], batch["role"], batch["statuses"]) == (ana.id, "customer", ["PLACED"])
    verdicts = {line["channel"]: line["verdict"] for line in batch["channels"]}
    assert verdicts == {"push": "send", "sms": "off", "email": "send", "in_app": "told"}


async def test_signals_within_one_window_are_told_together(order: OrderByHand, ana: Person) -> None:
    await order.begins(order.event(1, "ACCEPTED"), {"window_seconds": 1})
    await order.signal("status_changed", "--input", order.event(2, "PREPARING"))

    await _was_told(ana, "prepared")
    (batch,) = (await order.timeline())["batches"]
    assert batch["statuses"] == ["ACCEPTED", "PREPARING"]


async def test_fields_of_the_future_are_ignored(order: OrderByHand, ana: Person) -> None:
    await order.begins(order.event(1, "PLACED", gift_wrapped=True, loyalty={"points": 3}))

    await _was_told(ana, "placed")
    assert await order.dead_letters_in_store() == []


BYTES, AVRO = ("--input-meta", "encoding=binary/plain"), ("--input-meta", "encoding=avro/binary")
NO_STATUS = '{"event_id": "e", "order_id": "A", "status": "EATEN", "customer_id": "c"}'
NO_STATE = '{"message_id": "m", "state": "eaten"}'
UNREADABLE = {
    "nonsense": ("status_changed", ('"nonsense"',), (), "event: is not a JSON object"),
    "an empty object": ("status_changed", ("{}",), (), "event_id: missing"),
    "an unknown status": ("status_changed", (NO_STATUS,), (), "status: unknown status, use one of PLACED,"),
    "no input": ("status_changed", (), (), "event: missing, give one argument"),
    "two inputs": ("status_changed", ("1", "2"), (), "event: 2 arguments, give one"),
    "bytes": ("status_changed", ("no json",), BYTES, "event: is not a JSON object"),
    "another encoding": ("status_changed", ("no json",), AVRO, "event: is not JSON"),
    "an unknown signal": ("status_chnaged", ("{}",), (), "signal: unknown, use status_changed or receipt"),
    "a receipt of nonsense": ("receipt", ('"nonsense"',), (), "receipt: is not a JSON object"),
    "a receipt of an unknown state": ("receipt", (NO_STATE,), (), "state: use one of delivered,"),
}


@pytest.mark.parametrize(("name", "inputs", "encoding", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_signal_that_cannot_be_read_becomes_a_dead_letter_and_the_order_goes_on(
    order: OrderByHand,
    ana: Person,
    name: str,
    inputs: tuple[str, ...],
    encoding: tuple[str, ...],
    reason: str,
) -> None:
    await order.begins(order.event(1, "PLACED"))

    await order.signal(name, *(part for one in inputs for part in ("--input", one)), *encoding)
    await order.signal("status_changed", "--input", order.event(2, "ACCEPTED"))

    await _was_told(ana, "placed", "accepted")
    letter = await order.dead_letter_in_timeline(name)
    assert letter["reason"].startswith(reason)
    assert letter["field"] == reason.partition(":")[0]
    assert letter["raw"] == "\n".join(inputs)
    (kept,) = await order.dead_letters_in_store()
    assert (kept.source, kept.field, kept.reason, kept.raw) == (
        name,
        letter["field"],
        letter["reason"],
        letter["raw"],
    )


async def test_an_event_of_another_order_is_not_told_to_this_ones_customer(
    order: OrderByHand, ana: Person
) -> None:
    await order.begins(order.event(1, "PLACED"))
    await order.signal("status_changed", "--input", order.event(2, "DELIVERED", order_id="A18"))

    assert (await order.dead_letter_in_timeline("status_changed"))["field"] == "order_id"
    await _was_told(ana, "placed")


async def test_an_order_whose_first_signal_was_nonsense_tells_the_next_one(
    order: OrderByHand, ana: Person
) -> None:
    await order.begins('"nonsense"')
    await order.begins(order.event(1, "PLACED"))

    await _was_told(ana, "placed")
    assert (await order.dead_letter_in_timeline("status_changed"))["raw"] == '"nonsense"'


@pytest.mark.parametrize(
    "start",
    [
        pytest.param((), id="no start input"),
        pytest.param(("--input", '"nonsense"'), id="nonsense"),
        pytest.param(("--input", '{"rules": {"window_seconds": "soon"}}'), id="no order id"),
        pytest.param(("--input", "no json", *BYTES), id="bytes"),
    ],
)
async def test_a_bad_start_input_does_not_cost_an_order_its_news(
    order: OrderByHand, ana: Person, start: tuple[str, ...]
) -> None:
    started = await order.signal_with_start(order.event(1, "PLACED"), *start)

    assert started.code == 0, started.err
    await _was_told(ana, "placed")
    letter = await order.dead_letter_in_timeline("start")
    assert letter["reason"].startswith(letter["field"])
    assert (await order.timeline())["order_id"] == order.order_id


async def test_the_update_answers_accepted_then_duplicate_then_stale(order: OrderByHand, ana: Person) -> None:
    await order.begins(order.event(1, "PLACED"))

    accepted = await order.announce(order.event(3, "OUT_FOR_DELIVERY"))
    duplicate = await order.announce(order.event(3, "OUT_FOR_DELIVERY"))
    await _was_told(ana, "placed", "on its way")
    stale = await order.announce(order.event(2, "PREPARING"))

    assert accepted == {
        "outcome": "accepted",
        "order_id": order.order_id,
        "event_id": f"{order.order_id}-3",
    }
    assert duplicate["outcome"] == "duplicate"
    assert stale["outcome"] == "stale"
    assert "OUT_FOR_DELIVERY" in stale["reason"]
    await _was_told(ana, "placed", "on its way")


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        pytest.param({"status": "EATEN"}, "status", id="an unknown status"),
        pytest.param({"occurred_at": "2026-11-22T12:00:00"}, "occurred_at", id="a time without a zone"),
        pytest.param({"customer_id": None}, "customer_id", id="no customer"),
        pytest.param({"order_id": "A18"}, "order_id", id="another order"),
        pytest.param({"facts": {"note": "mail ana@example.org"}}, "facts.note", id="a contact detail"),
    ],
)
async def test_the_update_refuses_a_bad_event_and_names_the_field(
    order: OrderByHand, ana: Person, overrides: dict[str, Any], field: str
) -> None:
    await order.begins(order.event(1, "PLACED"))

    refused = await order.update(order.event(2, "ACCEPTED", **overrides))

    assert refused.code != 0
    assert f"{field}: " in refused.err
    assert "ana@example.org" not in refused.err
    assert await order.dead_letters_in_store() == []
    await _was_told(ana, "placed")


async def test_a_receipt_by_cli_moves_a_notification_to_delivered(
    stage: Stage, order: OrderByHand, ana: Person
) -> None:
    await order.begins(order.event(1, "OUT_FOR_DELIVERY"))
    await eventually(lambda: _sms_is(stage, order, NotificationStatus.SENT))
    (batch,) = (await order.timeline())["batches"]
    (sms,) = [line["message_id"] for line in batch["channels"] if line["channel"] == "sms"]

    receipt = {"message_id": sms, "state": "delivered", "at": datetime.now(UTC).isoformat()}
    await order.signal("receipt", "--input", json.dumps(receipt))

    await eventually(lambda: _sms_is(stage, order, NotificationStatus.DELIVERED))
    assert len(ana.texts) == 1


async def _sms_is(stage: Stage, order: OrderByHand, status: NotificationStatus) -> bool:
    rows = await stage.store.history(order.order_id)
    return any(row.channel is Channel.SMS and row.status is status for row in rows)


async def test_an_order_that_ended_well_is_not_started_again(order: OrderByHand, ana: Person) -> None:
    await order.begins(order.event(1, "DELIVERED"), AT_ONCE)
    await _was_told(ana, "delivered")
    await eventually(order.is_completed)

    again = await order.signal_with_start(
        order.event(2, "CANCELLED"), *order.start_input(AT_ONCE), *ENDED_WELL_IS_OVER
    )

    assert again.code != 0
    assert await order.is_completed()
    await _was_told(ana, "delivered")


async def test_a_client_that_forgets_the_reuse_policy_tells_nothing_twice(
    order: OrderByHand, ana: Person
) -> None:
    delivered = order.event(1, "DELIVERED")
    await order.begins(delivered, AT_ONCE)
    await _was_told(ana, "delivered")
    await eventually(order.is_completed)

    again = await order.signal_with_start(
        delivered, *order.start_input(AT_ONCE), "--id-reuse-policy", "AllowDuplicate"
    )

    assert again.code == 0, again.err
    await eventually(order.is_completed)
    (batch,) = (await order.timeline())["batches"]
    assert batch["note"] == "an earlier run of this order had told it"
    await _was_told(ana, "delivered")
    assert len(await ana.inbox()) == 1


async def test_an_order_that_was_terminated_starts_again_with_its_next_event(
    stage: Stage, order: OrderByHand, ana: Person
) -> None:
    await order.begins(order.event(1, "PLACED"))
    await _was_told(ana, "placed")
    await _is_terminated(stage, order)

    await order.begins(order.event(2, "OUT_FOR_DELIVERY"))

    await _was_told(ana, "placed", "on its way")
    (batch,) = (await order.timeline())["batches"]
    assert batch["statuses"] == ["OUT_FOR_DELIVERY"]


async def test_an_order_that_starts_again_does_not_tell_again_what_its_first_run_told(
    stage: Stage, order: OrderByHand, ana: Person
) -> None:
    placed = order.event(1, "PLACED")
    await order.begins(placed)
    await _was_told(ana, "placed")
    await _is_terminated(stage, order)

    await order.begins(placed)
    await eventually(lambda: _has_batches(order, 1))
    await order.begins(order.event(2, "OUT_FOR_DELIVERY"))

    await _was_told(ana, "placed", "on its way")
    again, _ = (await order.timeline())["batches"]
    assert again["note"] == "an earlier run of this order had told it"
    assert len(ana.mails) == 1
    assert len(await ana.inbox()) == 2


async def _has_batches(order: OrderByHand, count: int) -> bool:
    return len((await order.timeline())["batches"] or ()) == count


async def _is_terminated(stage: Stage, order: OrderByHand) -> None:
    """Terminate an order, once all it had to say has been said."""
    await eventually(lambda: _is_settled(stage, order))
    terminated = await order.cli("terminate", "--reason", "a slip of the hand")
    assert terminated.code == 0, terminated.err


async def _is_settled(stage: Stage, order: OrderByHand) -> bool:
    rows = await stage.store.history(order.order_id)
    return all(row.status is not NotificationStatus.PENDING for row in rows)
