"""What becomes of a dead letter once a person decides: told once, refused with the reason, or discarded."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Replayer

from activities.store.dead_letters import KeptLetter
from domain.channels import Channel
from domain.ledger import dead_letter_id
from domain.news import News
from domain.redriving import REDRIVE_TYPE, Redrive, Redriven, redrive_id
from domain.status import Status
from domain.telling import Batch, DeadLetter
from operating.redriving import AT_ONCE, redrive
from simulator import Fault
from temporal_client import DATA_CONVERTER
from tests.processes import run, settings_of
from tests.stage import City, OrderStory, Person
from workflows.redrive import RedriveLetter

READY, OUT, CANCELLED = Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY, Status.CANCELLED


class Desk:
    """Where a person decides on the dead letters of one order."""

    def __init__(self, city: City, order: OrderStory) -> None:
        self.city, self.order, self.store = city, order, city.stage.store

    async def letters(self) -> list[KeptLetter]:
        """The letters of the order that wait."""
        kept = await self.store.kept_letters(10_000)
        return [one for one in kept if one.letter.order_id == self.order.order_id]

    async def letter(self) -> DeadLetter:
        """The one letter of the order that waits."""
        (kept,) = await self.letters()
        return kept.letter

    async def redrives(self, *letters: DeadLetter) -> list[str]:
        """Redrive letters at the same time, and hear how it went."""
        return [_line(redriven) async for redriven in redrive(self.city.stage.client, letters)]

    async def decision(self, letter: DeadLetter) -> str | None:
        """What was decided on a letter."""
        kept = await self.store.kept_letter(letter.dead_letter_id)
        return kept.resolution if kept else None

    async def command(self, *arguments: str) -> Any:
        """What the command line says and does."""
        return await run("starter.py", "dead-letters", *arguments, settings=settings_of(self.city.stage))


def _line(redriven: Redriven) -> str:
    return f"{redriven.outcome}: {redriven.how}"


@pytest.fixture
async def courier(city: City) -> Person:
    """A courier whose only way to be told is push, and whose push is refused."""
    courier = await city.courier(phone=None)
    city.fails(Fault(kind="refuse", provider="fcm", address=courier.address(Channel.PUSH)))
    return courier


@pytest.fixture
async def desk(city: City, courier: Person) -> Desk:
    """An order whose courier could not be told that it is ready."""
    order = city.order(await city.customer(), courier=courier)
    await order.becomes(READY)
    return Desk(city, order)


# A batch that reached nobody


async def test_a_courier_whose_device_works_again_is_told_once(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    assert courier.pushes == []

    desk.city.fails()
    assert await desk.redrives(letter) == ["redriven: push SENT"]

    assert len(courier.pushes) == 1
    assert await desk.letters() == []
    assert await desk.decision(letter) == "redriven: push SENT"


async def test_a_letter_redriven_twice_at_the_same_time_is_told_once(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    desk.city.fails()

    answers = await asyncio.gather(*(desk.redrives(letter) for _ in range(5)))

    assert {answer for heard in answers for answer in heard} <= {
        "redriven: push SENT",
        "refused: decided on before: redriven: push SENT",
    }
    assert len(courier.pushes) == 1


async def test_a_letter_redriven_again_later_is_refused(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    desk.city.fails()
    await desk.redrives(letter)

    assert await desk.redrives(letter) == ["refused: decided on before: redriven: push SENT"]
    assert len(courier.pushes) == 1


async def test_one_that_reaches_nobody_again_waits_again_for_the_reasons_of_now(
    desk: Desk, courier: Person
) -> None:
    letter = await desk.letter()
    desk.city.fails(Fault(kind="dead", provider="fcm", address=courier.address(Channel.PUSH)))

    (answer,) = await desk.redrives(letter)

    assert answer.startswith("waiting again: reached courier")
    (kept,) = await desk.letters()
    assert (letter.reason, kept.letter.dead_letter_id) != (kept.letter.reason, "")
    assert kept.letter.dead_letter_id == letter.dead_letter_id
    assert kept.group == "unreachable: push FCM UNREGISTERED, sms no phone number"
    assert kept.letter.reason in answer


async def test_one_that_waits_again_can_be_redriven_again(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    await desk.redrives(letter)
    desk.city.fails()

    assert await desk.redrives(letter) == ["redriven: push SENT"]
    assert len(courier.pushes) == 1


async def test_somebody_who_can_still_not_be_reached_is_not_tried(desk: Desk, courier: Person) -> None:
    nowhere = courier.recipient.model_copy(update={"devices": ()})
    await desk.store.load([nowhere])

    assert await desk.redrives(await desk.letter()) == [
        "refused: still out of reach: push: no device; sms: no phone number"
    ]
    assert len(await desk.letters()) == 1


async def test_a_phone_number_given_since_is_used(desk: Desk, courier: Person) -> None:
    reachable = courier.recipient.model_copy(update={"phone": "+15550177", "devices": ()})
    await desk.store.load([reachable])

    (answer,) = await desk.redrives(await desk.letter())

    assert answer == "redriven: push FAILED, sms SENT"
    received = [one.text for one in desk.city.stage.simulator.received if one.address == "+15550177"]
    assert len(received) == 1


async def test_what_the_order_has_moved_on_from_is_refused(desk: Desk, courier: Person) -> None:
    desk.city.fails()
    await desk.order.becomes(OUT)

    assert await desk.redrives(await desk.letter()) == ["refused: the order has moved on to OUT_FOR_DELIVERY"]
    assert courier.pushes == []
    assert len(await desk.letters()) == 1


async def test_what_is_past_its_time_is_refused(city: City, courier: Person) -> None:
    order = city.order(await city.customer(), courier=courier)
    await order.becomes(READY, later=-3600)
    city.fails()
    desk = Desk(city, order)

    (answer,) = await desk.redrives(await desk.letter())

    until = (await order.told(courier))[0].deadline
    assert answer == f"refused: it was of use until {until:%Y-%m-%d %H:%M} UTC"
    assert courier.pushes == []


async def test_newer_news_takes_back_what_a_redrive_has_under_way(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    desk.city.fails(Fault(kind="error", provider="fcm", address=courier.address(Channel.PUSH), times=1))
    client = desk.city.stage.client
    with desk.city.stage.env.with_time_skipping_disabled():
        under_way = [_line(one) async for one in redrive(client, [letter], patience=1)]
    assert under_way == [f"under way: see workflow {redrive_id(letter.dead_letter_id)}"]

    await desk.order.becomes(CANCELLED)

    (answer,) = await desk.redrives(letter)
    assert answer == "redriven: push SUPERSEDED"
    assert [text.partition("\n")[0] for text in courier.pushes] == [f"Order {desk.order.order_id} cancelled"]


async def test_an_answer_that_somebody_waits_for_comes_in_time_whatever_is_still_under_way(
    desk: Desk, courier: Person
) -> None:
    letter = await desk.letter()
    desk.city.fails(Fault(kind="error", provider="fcm", address=courier.address(Channel.PUSH), times=1))
    with desk.city.stage.env.with_time_skipping_disabled():
        heard = [_line(one) async for one in redrive(desk.city.stage.client, [letter], 1000, within=1)]

    assert heard == [f"under way: see workflow {redrive_id(letter.dead_letter_id)}"]
    assert await desk.redrives(letter) == ["redriven: push SENT"]


async def test_a_redrive_under_another_name_is_refused(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    desk.city.fails()
    client: Client = desk.city.stage.client

    redriven: Redriven = await client.execute_workflow(
        REDRIVE_TYPE,
        Redrive(dead_letter_id=letter.dead_letter_id),
        id="redrive-by-another-name",
        task_queue="order-notifications",
        result_type=Redriven,
    )

    assert _line(redriven) == f"refused: only the workflow {redrive_id(letter.dead_letter_id)} may redrive it"
    assert courier.pushes == []


async def test_a_redrive_replays_and_holds_no_contact_detail(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    desk.city.fails()
    await desk.redrives(letter)

    handle = desk.city.stage.client.get_workflow_handle(redrive_id(letter.dead_letter_id))
    history = await handle.fetch_history()
    replayer = Replayer(workflows=[RedriveLetter], data_converter=DATA_CONVERTER)

    await replayer.replay_workflow(history)
    written = b"".join(event.SerializeToString() for event in history.events)
    assert courier.id.encode() in written, "there was something to find"
    assert not [secret for secret in desk.city.stage.secrets if secret.encode() in written]


def unreached(person: Person, order_id: str, news: News, why: str) -> DeadLetter:
    """A batch as it is kept when it reached nobody."""
    batch = Batch(
        order_id=order_id,
        number=1,
        recipient_id=person.id,
        role=person.recipient.role,
        news=(news,),
        told_at=news.at,
    )
    return DeadLetter(
        dead_letter_id=dead_letter_id(order_id, "delivery", batch.message_id(Channel.IN_APP)),
        order_id=order_id,
        source="delivery",
        reason=f"reached {person.recipient.role} {person.id} on no channel: push: {why}",
        recipient_id=person.id,
        batch=1,
        content=batch,
        at=news.at,
    )


# An event that could not be read


def unreadable(event: dict[str, Any] | str, order: OrderStory, source: str = "status_changed") -> DeadLetter:
    """An event as it is kept when it cannot be read."""
    raw = (
        event if isinstance(event, str) else DATA_CONVERTER.payload_converter.to_payload(event).data.decode()
    )
    return DeadLetter(
        dead_letter_id=dead_letter_id(order.order_id, source, raw),
        order_id=order.order_id,
        source=source,
        reason="status: unknown status",
        field="status",
        raw=raw,
        at=datetime.now(UTC),
    )


async def test_an_event_of_a_status_that_is_still_unknown_is_refused(city: City) -> None:
    order = city.order(await city.customer())
    await order.hears(order.event("TELEPORTED"))
    desk = Desk(city, order)

    (answer,) = await desk.redrives(await desk.letter())

    assert answer.startswith("refused: status: unknown status, use one of PLACED")
    (kept,) = await desk.letters()
    assert kept.group == "unreadable: status"


async def test_an_event_that_can_be_read_today_is_told_once(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(READY)
    letter = unreadable(order.event(OUT), order)
    await city.stage.store.keep(letter)
    desk = Desk(city, order)

    (answer,) = await desk.redrives(letter)
    await order.settles()

    assert answer == f"redriven: handed to its order as OUT_FOR_DELIVERY, event {order.order_id}-2"
    assert [text.partition("\n")[0] for text in ana.pushes] == ["On its way"]
    assert await desk.letters() == []


async def test_an_event_of_an_order_that_failed_starts_it_again(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(READY)
    await order.handle.terminate()
    letter = unreadable(order.event(OUT), order)
    await city.stage.store.keep(letter)

    with city.stage.env.with_time_skipping_disabled():
        (answer,) = await Desk(city, order).redrives(letter)
    await order.settles()

    assert answer.startswith("redriven: handed to its order")
    assert await order.status() == "RUNNING"
    assert [text.partition("\n")[0] for text in ana.pushes] == ["On its way"]


async def test_an_event_of_an_order_that_is_over_is_refused(city: City) -> None:
    order = city.order(await city.customer(), linger_seconds=0)
    await order.becomes(Status.DELIVERED)
    await order.ends()
    letter = unreadable(order.event(OUT), order)
    await city.stage.store.keep(letter)

    assert await Desk(city, order).redrives(letter) == [f"refused: order {order.order_id} is over"]


@pytest.mark.parametrize(
    ("raw", "source", "why"),
    [
        ("{", "status_changed", "event: is not JSON, or not one argument"),
        ("{" + "x" * 1999, "status_changed", "event: only 2000 characters were kept, have it sent anew"),
        ("{}", "status_chnaged", "status: no signal of ours: its sender has to send it anew"),
        ('{"state": "lost"}', "receipt", "message_id: missing"),
    ],
)
async def test_what_can_still_not_be_read_is_refused_with_the_field(
    city: City, raw: str, source: str, why: str
) -> None:
    order = city.order(await city.customer())
    await order.becomes(READY)
    letter = unreadable(raw, order, source)
    await city.stage.store.keep(letter)

    assert await Desk(city, order).redrives(letter) == [f"refused: {why}"]


async def test_an_event_past_its_time_is_refused(city: City) -> None:
    order = city.order(await city.customer())
    await order.becomes(READY)
    letter = unreadable(order.event(OUT, occurred_at="2026-01-01T12:00:00Z"), order)
    await city.stage.store.keep(letter)

    assert await Desk(city, order).redrives(letter) == [
        "refused: occurred_at: it was of use until 2026-01-01 12:45 UTC"
    ]


async def test_a_receipt_that_can_be_read_today_is_taken_in(city: City) -> None:
    ana = await city.customer()
    order = city.order(ana)
    await order.becomes(OUT)
    push = next(row for row in await order.rows() if row.channel is Channel.PUSH)
    letter = unreadable({"message_id": push.message_id, "state": "delivered"}, order, "receipt")
    await city.stage.store.keep(letter)

    assert await Desk(city, order).redrives(letter) == [f"redriven: message {push.message_id} is DELIVERED"]


# The command line


async def test_the_commands_show_what_they_would_do_and_do_it(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()
    which = letter.dead_letter_id
    desk.city.fails()

    listed, shown = await desk.command("list"), await desk.command("show", which)
    preview = await desk.command("redrive", which)
    assert (listed.code, shown.code, preview.code) == (0, 0, 0)
    assert which in listed.out
    assert '"failed_attempts": 0' in shown.out
    expected = f"would be redriven: {which}: order {desk.order.order_id}: READY_FOR_PICKUP to courier"
    assert expected in preview.out
    assert courier.pushes == [], "a preview tells nobody"

    done = await desk.command("redrive", which, "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"redriven: {which}: push SENT\n1 redriven\n"
    assert len(courier.pushes) == 1
    again = await desk.command("redrive", which, "--yes")
    assert (again.code, again.out.splitlines()[-1]) == (1, "1 refused")


async def test_a_whole_group_is_redriven_and_what_is_untrue_refused(desk: Desk, courier: Person) -> None:
    told, outdated, reason = AT_ONCE + 5, 5, "a cause of their own"
    now = datetime.now(UTC)
    for number in range(told + outdated):
        at = now - timedelta(hours=number // told)
        news = News(event_id=f"evt-{number}", status=READY, at=at)
        order_id = f"{desk.city.story}-{number}"
        await desk.store.keep(unreached(courier, order_id, news, reason))
    desk.city.fails()
    group = f"unreachable: push {reason}"
    letters = [kept.letter for kept in await desk.store.kept_letters(1000, group)]

    preview = await desk.command("redrive", "--all", "--reason", group)
    first, second = await asyncio.gather(desk.redrives(*letters), desk.redrives(*letters))

    assert f"{told} would be redriven, {outdated} refused" in preview.out
    assert preview.out.count("it was of use until") == outdated
    assert [_count(heard, "refused: it was of use until") for heard in (first, second)] == [outdated] * 2
    assert len(courier.pushes) == told
    assert len(await desk.store.kept_letters(1000, group)) == outdated


def _count(heard: Sequence[str], beginning: str) -> int:
    return len([line for line in heard if line.startswith(beginning)])


async def test_discarding_a_whole_group_leaves_the_others(desk: Desk) -> None:
    (kept,) = await desk.letters()
    other = unreadable("{", desk.order).model_copy(update={"field": desk.city.story})
    await desk.store.keep(other)

    ended = await desk.command(
        "discard", "--all", "--reason", f"unreadable: {desk.city.story}", "--because", "a test"
    )
    again = await desk.command("discard", other.dead_letter_id, "--because", "once more")

    assert ended.code == 0
    assert await desk.letters() == [kept]
    assert (again.code, again.out.splitlines()[-1]) == (1, "0 of 1 discarded")
    assert await desk.decision(other) == "discarded: a test"


async def test_discarding_is_a_decision_with_its_reason(desk: Desk, courier: Person) -> None:
    letter = await desk.letter()

    discarded = await desk.command("discard", letter.dead_letter_id, "--because", "picked up already")

    assert (discarded.code, discarded.out.splitlines()[-1]) == (0, "1 of 1 discarded")
    assert await desk.decision(letter) == "discarded: picked up already"
    desk.city.fails()
    assert await desk.redrives(letter) == ["refused: decided on before: discarded: picked up already"]
    assert courier.pushes == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nobody-knows"], "ID: nobody-knows is not known, see starter.py dead-letters list"),
        (["redrive", "--all"], "dead letters: give their ids, or --all together with --reason"),
        (["redrive", "--all", "--reason", "none"], "--reason: no dead letter waits for 'none'"),
        (["discard", "some-id"], "Missing option '--because'"),
    ],
)
async def test_a_command_that_cannot_be_is_one_line(city: City, arguments: Sequence[str], says: str) -> None:
    ended = await run("starter.py", "dead-letters", *arguments, settings=settings_of(city.stage))

    assert ended.code != 0
    assert ended.problem.startswith(f"starter: {says}")
