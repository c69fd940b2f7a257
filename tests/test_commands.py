"""The commands as their users run them: real processes, what they say, and how they end."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.store import Store
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.orders import BadInput
from domain.status import Status
from settings import Settings
from tests.processes import Ended, eventually, run, running, settings_apart, settings_of, temporal
from tests.stage import City, Person, Stage

USAGE, OVER = 2, 3


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer who hears every status by push."""
    return await city.customer()


@pytest.fixture
def order_id(city: City, ana: Person) -> str:
    """The id of an order of hers that nobody announced yet."""
    return city.order(ana).order_id


@pytest.fixture
def nowhere() -> Iterator[dict[str, str]]:
    """Settings that find no server: whoever succeeds with them, or names anything else, asked for none."""
    # Bound, so that nobody else gets it, and deaf.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield {
            "TEMPORAL_ADDRESS": f"127.0.0.1:{held.getsockname()[1]}",
            "DATABASE_URL": "sqlite:///:memory:",
        }


@pytest.fixture(scope="module")
async def apart(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of workers of their own, from whom the stage's take nothing."""
    return await settings_apart(stage, "workers-apart", tmp_path_factory.mktemp("apart"))


async def announce(stage: Stage, *arguments: str) -> Ended:
    """Announce an event to the stage's own workers."""
    return await run("starter.py", "announce", *arguments, settings=settings_of(stage))


def somebody(recipient_id: str, **given: Any) -> dict[str, Any]:
    """A recipient as a file has one."""
    return {"recipient_id": recipient_id, "role": "customer", "email": "ana@example.org", **given}


def a_file(folder: Path, people: list[dict[str, Any]]) -> str:
    """A file of recipients."""
    file = folder / "people.json"
    file.write_text(json.dumps(people))
    return str(file)


async def load(person: Person, folder: Path, settings: dict[str, str]) -> None:
    """Load a person into another store than the stage's."""
    file = a_file(folder, [person.recipient.model_dump(mode="json")])
    loaded = await run("starter.py", "recipients", "load", file, settings=settings)
    assert loaded.code == 0, loaded.err


async def polls(pid: int, queue: str, settings: dict[str, str]) -> bool:
    """Whether a process asks the server for the tasks of a queue."""
    described = await temporal(
        "task-queue", "describe", "--task-queue", queue, "-o", "json", *_where(settings)
    )
    assert described.code == 0, described.err
    pollers = json.loads(described.out)["pollers"] or []
    return any(poller["identity"].startswith(f"{pid}@") for poller in pollers)


def _where(settings: dict[str, str]) -> tuple[str, ...]:
    return "--address", settings["TEMPORAL_ADDRESS"], "--namespace", settings["TEMPORAL_NAMESPACE"]


COMMANDS = {
    "announce": ("starter.py", "announce", "A17", "PLACED", "--customer", "c-42"),
    "timeline": ("starter.py", "timeline", "A17"),
    "worker": ("worker.py",),
}


# starter.py announce


async def test_announcing_hands_the_event_to_the_server_and_people_are_told(
    stage: Stage, ana: Person, order_id: str
) -> None:
    ended = await announce(stage, order_id, "PLACED", "--customer", ana.id, "--event-id", "evt-1")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{order_id} PLACED: the server has event evt-1\n"
    await eventually(lambda: len(ana.pushes) == 1)


async def test_facts_are_said(stage: Stage, ana: Person, order_id: str) -> None:
    facts = ("--fact", "merchant_name=Burger = Barn", "--fact", "eta_minutes=12")
    await announce(stage, order_id, "OUT_FOR_DELIVERY", "--customer", ana.id, *facts)

    await eventually(lambda: len(ana.texts) == 1)
    assert "Burger = Barn" in ana.texts[0]
    assert "12 minutes" in ana.texts[0]


async def test_merchant_and_courier_are_told_too(
    stage: Stage, city: City, ana: Person, order_id: str
) -> None:
    bob, cleo = await city.merchant(), await city.courier()
    people = ("--customer", ana.id, "--merchant", bob.id, "--courier", cleo.id)
    await announce(stage, order_id, "CANCELLED", *people)

    await eventually(lambda: all(len(person.pushes) == 1 for person in (ana, bob, cleo)))


async def test_waiting_says_what_became_of_an_event(stage: Stage, ana: Person, order_id: str) -> None:
    event = ("OUT_FOR_DELIVERY", "--customer", ana.id, "--event-id", "evt-1", "--wait")
    first = await announce(stage, order_id, *event)
    again = await announce(stage, order_id, *event)
    long_ago = ("--occurred-at", "2020-01-01T00:00:00Z")
    late = await announce(stage, order_id, "PLACED", "--customer", ana.id, "--wait", *long_ago)

    assert (first.code, first.out) == (0, f"{order_id} OUT_FOR_DELIVERY: accepted (event evt-1)\n")
    assert (again.code, again.out) == (0, f"{order_id} OUT_FOR_DELIVERY: duplicate (event evt-1)\n")
    assert late.code == 0
    assert late.out.startswith(f"{order_id} PLACED: stale, the order had moved on to OUT_FOR_DELIVERY")
    assert len(ana.pushes) == 1


BAD_EVENTS = {
    "an unknown status": (("EATEN",), "status: unknown status, use one of PLACED, ACCEPTED,"),
    "an e-mail as customer": (
        ("PLACED", "--customer", "ana@example.org"),
        "customer_id: looks like a contact",
    ),
    "a phone number as fact": (
        ("PLACED", "--fact", "note=call +1 555 0100 99"),
        "facts.note: looks like a contact",
    ),
    "a fact without a value": (("PLACED", "--fact", "eta_minutes"), "--fact: is not name=value"),
    "a fact with a bad name": (("PLACED", "--fact", "Eta=3"), "facts.Eta: "),
    "a time that is none": (("PLACED", "--occurred-at", "yesterday"), "occurred_at: is not a time"),
    "a time without a zone": (
        ("PLACED", "--occurred-at", "2026-11-22T12:00:00"),
        "occurred_at: has no time zone",
    ),
    "an empty event id": (("PLACED", "--event-id", "evt 1"), "event_id: has a character"),
}


@pytest.mark.parametrize(("arguments", "problem"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
async def test_a_bad_event_is_one_line_that_names_the_field(
    nowhere: dict[str, str], arguments: tuple[str, ...], problem: str
) -> None:
    ended = await run("starter.py", "announce", "A17", "--customer", "c-42", *arguments, settings=nowhere)

    assert ended.code == 1
    assert ended.problem.startswith(f"starter: {problem}")
    assert not any(secret in ended.problem for secret in ("ana@example.org", "555"))


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        pytest.param(("announce", "A17", "PLACED"), "--customer", id="no customer"),
        pytest.param(("announce", "A17", "--customer", "c-42"), "status", id="no status"),
        pytest.param(("announce", "A17", "PLACED", "--costumer", "c-42"), "--costumer", id="a slip"),
        pytest.param(("anounce",), "anounce", id="an unknown command"),
    ],
)
async def test_a_bad_command_line_is_one_line_that_names_what_is_wrong(
    nowhere: dict[str, str], arguments: tuple[str, ...], missing: str
) -> None:
    ended = await run("starter.py", *arguments, settings=nowhere)

    assert ended.code == USAGE
    assert ended.problem.startswith("starter: ")
    assert missing in ended.problem


@pytest.mark.parametrize("how", [pytest.param((), id="at once"), pytest.param(("--wait",), id="waiting")])
async def test_announcing_to_an_order_that_is_over_has_its_own_exit_code(
    stage: Stage, city: City, ana: Person, how: tuple[str, ...]
) -> None:
    order = city.order(ana, window_seconds=0, linger_seconds=0)
    await order.becomes(Status.DELIVERED)
    await order.handle.result()

    ended = await announce(stage, order.order_id, "PLACED", "--customer", ana.id, *how)

    assert ended.code == OVER
    assert ended.problem == f"starter: order {order.order_id} is over"
    assert len(ana.pushes) == 1


@pytest.mark.parametrize("command", ["announce", "timeline", "worker"])
async def test_without_a_server_one_line_names_the_setting(
    apart: dict[str, str], nowhere: dict[str, str], command: str
) -> None:
    ended = await run(*COMMANDS[command], settings={**apart, **nowhere})

    assert ended.code == 1
    assert "TEMPORAL_ADDRESS: no Temporal server answers at " + nowhere["TEMPORAL_ADDRESS"] in ended.problem


async def test_an_event_for_a_namespace_that_is_not_there_is_not_handed_over(stage: Stage) -> None:
    ended = await run(*COMMANDS["announce"], settings={**settings_of(stage), "TEMPORAL_NAMESPACE": "nowhere"})

    assert ended.code == 1
    assert "nowhere" in ended.problem


# starter.py timeline


async def test_the_timeline_is_a_table_for_people_and_json_for_programs(
    stage: Stage, ana: Person, order_id: str
) -> None:
    await announce(stage, order_id, "PLACED", "--customer", ana.id)
    await eventually(lambda: len(ana.pushes) == 1)

    table = await run("starter.py", "timeline", order_id, settings=settings_of(stage))
    as_json = await run("starter.py", "timeline", order_id, "--json", settings=settings_of(stage))

    assert (table.code, table.err, as_json.code, as_json.err) == (0, "", 0, "")
    assert f"Order {order_id}: PLACED" in table.out
    assert all(channel in table.out for channel in Channel)
    assert "switched off" in table.out
    (batch,) = json.loads(as_json.out)["batches"]
    assert (batch["recipient_id"], batch["statuses"]) == (ana.id, ["PLACED"])


async def test_what_looks_like_markup_is_shown_as_it_is(stage: Stage, ana: Person, order_id: str) -> None:
    odd = f"{order_id}[/b]:pizza:"
    await announce(stage, odd, "PLACED", "--customer", ana.id)

    table = await run("starter.py", "timeline", odd, settings=settings_of(stage))

    assert table.code == 0, table.err
    assert odd in table.out


async def test_the_timeline_of_an_unknown_order_is_one_line(stage: Stage) -> None:
    ended = await run("starter.py", "timeline", "nobody-announced-this", settings=settings_of(stage))

    assert ended.code == 1
    assert ended.problem == "starter: order nobody-announced-this is not known in namespace default"


# starter.py recipients


async def test_recipients_are_loaded_and_shown_in_the_same_form(tmp_path: Path) -> None:
    there = {"DATABASE_URL": f"sqlite:///{tmp_path}/recipients.db"}
    people = [somebody("c-42"), somebody("c-43", locale="es", preferences={"NEARBY": {"sms": "on"}})]

    loaded = await run("starter.py", "recipients", "load", a_file(tmp_path, people), settings=there)
    shown = await run("starter.py", "recipients", "show", "c-43", settings=there)
    again = await run(
        "starter.py", "recipients", "load", a_file(tmp_path, [json.loads(shown.out)]), settings=there
    )

    assert (loaded.code, loaded.out, loaded.err) == (0, "2 recipients loaded\n", "")
    assert json.loads(shown.out).items() >= people[1].items()
    assert (again.code, again.out) == (0, "1 recipients loaded\n")


async def test_an_unknown_recipient_is_one_line(stage: Stage) -> None:
    ended = await run("starter.py", "recipients", "show", "nobody", settings=settings_of(stage))

    assert ended.code == 1
    assert ended.problem.startswith("starter: recipient: nobody is not loaded")


SECRET = "ana-s3cret"  # noqa: S105 one that no output may hold
BAD_RECIPIENTS = {
    "a time zone": (
        {"time_zone": SECRET},
        "1.time_zone: unknown time zone, write for example America/New_York",
    ),
    "a phone": ({"phone": SECRET}, "1.phone: "),
    "an e-mail": ({"email": SECRET}, "1.email: "),
    "an unknown field": ({"fone": SECRET}, "1.fone: "),
    "a device": ({"devices": [{"platform": SECRET, "token": SECRET}]}, "1.devices.0.platform: "),
    "a reach": ({"preferences": {"NEARBY": {"sms": SECRET}}}, "1.preferences.NEARBY.sms: "),
    "quiet hours": ({"quiet_hours": {"start": SECRET, "end": "07:00"}}, "1.quiet_hours.start: "),
    "no role": ({"role": None}, "1.role: "),
}


@pytest.mark.parametrize(("wrong", "problem"), BAD_RECIPIENTS.values(), ids=BAD_RECIPIENTS.keys())
async def test_a_bad_recipient_is_one_line_that_names_entry_and_field_and_nothing_is_loaded(
    stage: Stage, tmp_path: Path, wrong: dict[str, Any], problem: str
) -> None:
    file = a_file(tmp_path, [somebody("c-good"), somebody("c-bad", **wrong)])
    ended = await run("starter.py", "recipients", "load", file, settings=settings_of(stage))

    assert ended.code == 1
    assert ended.problem.startswith(f"starter: {file}: {problem}")
    assert SECRET not in ended.problem
    assert await stage.store.find("c-good") is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b'[{"recipient_id": "c-good"', "recipients: is not JSON", id="cut off"),
        pytest.param(b"\xff\xfe", "recipients: is not JSON", id="no text"),
        pytest.param(b"{}", "list", id="no list"),
        pytest.param(None, "No such file", id="no file"),
    ],
)
async def test_a_file_that_is_no_list_of_recipients_is_one_line_that_names_it(
    stage: Stage, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "people.json"
    if content is not None:
        file.write_bytes(content)
    ended = await run("starter.py", "recipients", "load", str(file), settings=settings_of(stage))

    assert ended.code == 1
    assert ended.problem.startswith(f"starter: {file}: ")
    assert problem in ended.problem


async def test_a_database_that_is_not_there_is_one_line_that_names_the_setting_without_its_password() -> None:
    for url in (f"oracle://ana:{SECRET}@db/orders", f"postgresql://ana:{SECRET}@127.0.0.1:1/orders"):
        ended = await run("starter.py", "recipients", "show", "c-42", settings={"DATABASE_URL": url})

        assert ended.code == 1
        assert ended.problem.startswith("starter: DATABASE_URL: ")
        assert SECRET not in ended.problem


# The help


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(("starter.py",), ("announce", "timeline", "recipients", "README.md"), id="starter"),
        pytest.param(
            ("starter.py", "announce"),
            (
                *Status,
                *("--customer", "--merchant", "--courier", "--fact", "name=value", "--event-id"),
                *("--occurred-at", "2026-11-22T12:00:00Z", "--wait", "duplicate", "stale"),
                *("Exit code 0 means that the server has it", "3 that the order is over"),
            ),
            id="announce",
        ),
        pytest.param(("starter.py", "timeline"), ("--json", "why not"), id="timeline"),
        pytest.param(("starter.py", "recipients"), ("load", "show"), id="recipients"),
        pytest.param(("starter.py", "recipients", "load"), ("JSON", "DATABASE_URL", "or nothing"), id="load"),
        pytest.param(
            ("worker.py",), ("--queues", "send-push", "SIGTERM", "ready", "DATABASE_URL"), id="worker"
        ),
    ],
)
async def test_the_help_is_a_manual(command: tuple[str, ...], says: tuple[str, ...]) -> None:
    ended = await run(*command, "--help", settings={})

    assert (ended.code, ended.err) == (0, "")
    text = " ".join(ended.out.split())
    assert [word for word in says if word not in text] == []


# worker.py


HALF_OF_TWILIO = {"TWILIO_ACCOUNT_SID": f"AC{1:032x}"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        pytest.param({}, ("FCM_SERVICE_ACCOUNT_FILE", "TWILIO_ACCOUNT_SID", "SMTP_HOST"), id="no provider"),
        pytest.param(HALF_OF_TWILIO, ("TWILIO_AUTH_TOKEN: missing",), id="half a provider"),
    ],
)
async def test_a_worker_without_a_whole_provider_refuses_to_start_and_names_what_is_missing(
    nowhere: dict[str, str], settings: dict[str, str], named: tuple[str, ...]
) -> None:
    ended = await run("worker.py", settings={**nowhere, **settings})

    assert ended.code == 1
    assert ended.problem.startswith("worker: ")
    assert all(name in ended.problem for name in named), ended.problem


BAD_SETTINGS = {
    "TWILIO_AUTH_TOKEN": HALF_OF_TWILIO,
    "EMAIL_FROM": {"SMTP_HOST": "relay"},
    "FCM_SERVICE_ACCOUNT_FILE": {"FCM_BASE_URL": "http://fcm"},
    "PROVIDER_RATE_FCM": {"PROVIDER_RATE_FCM": "fast"},
    "METRICS_PORT": {"METRICS_PORT": "http"},
    "API_METRICS_PORT": {"API_METRICS_PORT": "70000"},
    "ORDERS_CACHED": {"ORDERS_CACHED": "many"},
    "DATABASE_URL": {"DATABASE_URL": f"oracle://ana:{SECRET}@db/orders"},
}


@pytest.mark.parametrize(("name", "settings"), BAD_SETTINGS.items(), ids=BAD_SETTINGS.keys())
def test_a_setting_that_is_missing_or_cannot_be_is_named(name: str, settings: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=f"^{name}: ") as refused:
        Settings.read(settings)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("queues", ["send-push,send-fax", ""])
async def test_a_queue_that_is_not_ours_is_one_line_that_names_those_that_are(
    apart: dict[str, str], nowhere: dict[str, str], queues: str
) -> None:
    settings = {**apart, **nowhere}
    ended = await run("worker.py", "--queues", queues, settings=settings)

    assert ended.code == 1
    assert ended.problem.startswith("worker: --queues: ")
    assert "order-notifications, send-push, send-sms, send-email" in ended.problem


async def test_a_worker_says_when_it_is_ready_and_serves_the_queues_it_was_given(
    apart: dict[str, str],
) -> None:
    async with running("worker.py", "--queues", "send-push", settings=apart) as worker:
        await worker.says("worker: ready, serving send-push\n")
        await eventually(lambda: polls(worker.pid, "send-push", apart))
        others = ("order-notifications", "send-sms", "send-email")
        assert [queue for queue in others if await polls(worker.pid, queue, apart)] == []


async def test_without_a_worker_an_event_is_kept_for_when_there_is_one(
    apart: dict[str, str], ana: Person, order_id: str, tmp_path: Path
) -> None:
    await load(ana, tmp_path, apart)
    kept = await run("starter.py", "announce", order_id, "PLACED", "--customer", ana.id, settings=apart)
    assert kept.code == 0, kept.err
    assert ana.pushes == []

    async with running("worker.py", settings=apart) as worker:
        await worker.says("worker: ready")
        await eventually(lambda: len(ana.pushes) == 1)


async def test_a_worker_told_to_end_finishes_what_it_is_sending_and_nobody_sends_it_again(
    city: City, apart: dict[str, str], ana: Person, order_id: str, tmp_path: Path
) -> None:
    await load(ana, tmp_path, apart)
    city.holds(ana.address(Channel.PUSH))

    async with running("worker.py", settings=apart) as worker:
        await worker.says("worker: ready")
        await run("starter.py", "announce", order_id, "PLACED", "--customer", ana.id, settings=apart)
        await eventually(lambda: len(ana.pushes) == 1)
        worker.terminate()
        await worker.says("worker: finishing what is being sent")
        city.lets_go()
        ended = await worker.ends()

    assert ended.code == 0, ended.err
    async with Store(apart["DATABASE_URL"]) as ledger:
        (push,) = [row for row in await ledger.history(order_id) if row.channel is Channel.PUSH]
    assert push.status is NotificationStatus.SENT

    async with running("worker.py", settings=apart) as another:
        await another.says("worker: ready")
        later = ("OUT_FOR_DELIVERY", "--customer", ana.id, "--wait")
        await run("starter.py", "announce", order_id, *later, settings=apart)
        await eventually(lambda: len(ana.pushes) == 2)
        timeline = await run("starter.py", "timeline", order_id, "--json", settings=apart)
    first, _ = json.loads(timeline.out)["batches"]
    assert [line["status"] for line in first["channels"] if line["channel"] == "push"] == ["SENT"]
    assert "placed" in ana.pushes[0]
    assert "on its way" in ana.pushes[1]


async def test_what_waits_in_vain_ends_and_says_for_what(
    apart: dict[str, str], ana: Person, order_id: str
) -> None:
    waiting = ("announce", order_id, "PLACED", "--customer", ana.id, "--event-id", "evt-1", "--wait")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        nobody = {**apart, "TEMPORAL_ADDRESS": f"127.0.0.1:{mute.getsockname()[1]}"}
        await run("starter.py", "announce", order_id, "PLACED", "--customer", ana.id, settings=apart)
        no_server, not_taken, no_answer = await asyncio.gather(
            run(*COMMANDS["announce"], settings=nobody),
            run("starter.py", *waiting, settings=apart),
            run("starter.py", "timeline", order_id, settings=apart),
        )

    assert (no_server.code, not_taken.code, no_answer.code) == (1, 1, 1)
    assert no_server.problem.startswith("starter: TEMPORAL_ADDRESS: no Temporal server answers")
    assert not_taken.problem.startswith("starter: no worker took event evt-1, start worker.py")
    assert no_answer.problem.startswith(f"starter: no worker answers for order {order_id}, start worker.py")
