"""The demo and the run as anybody starts them: real processes on free ports, and none of them left behind."""

import asyncio
import dataclasses
import json
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

import simulator.ports
from domain.channels import Channel
from domain.status import Role, Status
from simulator.checking import differences, people_received, timelines_had_to_say
from simulator.ports import Ports, a_free_port
from simulator.server import PortTakenError
from simulator.stack import Stack
from simulator.stories import BURST, STORIES
from simulator.told import Told
from simulator.world import Raw, Received
from tests.processes import Ended, Process, environment, eventually, is_gone, run, running

DEMO = ("-m", "simulator.demo")


def settings(folder: Path, **more: str) -> dict[str, str]:
    """Settings on free ports; whatever is temporary goes into the folder."""
    ports = {
        f"{name.upper()}_PORT": str(port or "") for name, port in dataclasses.asdict(Ports.free()).items()
    }
    return {**ports, "TMPDIR": str(folder), "ONCE": "", **more}


def children(demo: Process) -> list[psutil.Process]:
    """The programs that a demo has started."""
    return psutil.Process(demo.pid).children(recursive=True)


async def up(demo: Process) -> list[psutil.Process]:
    """Wait until a run is ready: Temporal, a worker and the API are its children then."""
    await demo.says("\nready: ")
    programs = children(demo)
    assert len(programs) == 3
    return programs


async def placed(temporal: Mapping[str, str]) -> None:
    """Announce an order, and wait until it was told: a task in a worker's hands delays a restart."""
    announced = await run("starter.py", "announce", "A17", "PLACED", "--customer", "c-42", settings=temporal)
    assert announced.code == 0, announced.err
    await eventually(lambda: is_told(temporal))


async def board_shows(order_id: str, kept: Mapping[str, str]) -> None:
    """The order board is where it should be, and finds an order that was announced elsewhere."""
    url = f"http://127.0.0.1:{kept['SIMULATOR_PORT']}"
    async with httpx.AsyncClient(
        base_url=url, headers={"origin": url}, follow_redirects=True, timeout=60
    ) as http:
        shown = await http.post("/board/follow", data={"order": order_id})
    assert shown.status_code == 200
    assert f'data-order="{order_id}"' in shown.text


async def what_opens_in_a_browser_is_printed_and_nowhere_else(out: str, kept: Mapping[str, str]) -> None:
    """A list of pages with a link and a key, which are in no file, and the key is good no more."""
    api = f"http://127.0.0.1:{kept['API_PORT']}"
    printed = out.partition("Open in your browser:\n")[2].partition("\n\n")[0]
    assert f"http://127.0.0.1:{kept['SIMULATOR_PORT']}/board\n" in printed
    assert all(f"{api}/{path}" in printed for path in ("preferences", "operators", "openapi.json"))
    assert f"http://127.0.0.1:{kept['TEMPORAL_UI_PORT']}\n" in printed
    (link,), (key,) = re.findall(r"/enter/(\S+)", printed), re.findall(r"onk_\S+(?=\))", printed)
    written = everything_written_in(Path(kept["DATA_DIR"]))
    assert link.encode() not in written
    assert key.encode() not in written
    listed = (await run("starter.py", "keys", "list", settings={"DATA_DIR": kept["DATA_DIR"]})).out
    (row,) = [line for line in listed.splitlines() if key.split("_")[1] in line]
    assert row.count(" UTC") == 2, "made, and revoked"


def everything_written_in(folder: Path) -> bytes:
    """Every byte of every file in a folder."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def is_told(temporal: Mapping[str, str]) -> bool:
    """Whether everything that is to be sent of the order was sent."""
    timeline = json.loads((await run("starter.py", "timeline", "A17", "--json", settings=temporal)).out)
    used = {line.get("status") for batch in timeline["batches"] for line in batch["channels"]}
    return used == {None, "SENT", "DELIVERED"}


@dataclasses.dataclass
class Played:
    """How a demo went that ends by itself."""

    ended: Ended
    programs: list[psutil.Process]
    folder: Path


async def play(folder: Path) -> Played:
    """Watch a demo from its beginning to its end."""
    async with running(*DEMO, settings=settings(folder, ONCE="1")) as demo:
        await demo.says("Shortened for the demo: windows from 60 s to 4 s")
        programs = children(demo)
        for order in "ABC":
            await demo.says(f"Order {order}: ")
        return Played(await demo.ends(), programs, folder)


@pytest.fixture(scope="module", autouse=True)
async def demo(tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[asyncio.Task[Played]]":
    """The demo that ends by itself: it takes its twenty seconds while the other tests run."""
    playing = asyncio.create_task(play(tmp_path_factory.mktemp("demo")))
    yield playing
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


@pytest.fixture(scope="module", autouse=True)
async def by_nats(tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[asyncio.Task[Ended]]":
    """The same by way of a broker, at the same time."""
    here = settings(tmp_path_factory.mktemp("nats"), ONCE="1", VIA="nats", NATS_PORT=str(a_free_port()))

    async def play_by_nats() -> Ended:
        async with running(*DEMO, settings=here) as demo:
            await demo.says("events go by NATS")
            await demo.says("Order C: ")
            return await demo.ends()

    playing = asyncio.create_task(play_by_nats())
    yield playing
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def test_a_run_that_is_stopped_leaves_no_process_and_knows_its_orders_when_it_is_back(
    tmp_path: Path,
) -> None:
    kept = settings(tmp_path, DATA_DIR=str(tmp_path / "data"))
    temporal = {"TEMPORAL_ADDRESS": f"127.0.0.1:{kept['TEMPORAL_PORT']}"}

    async with running(*DEMO, "--run", settings=kept) as demo:
        programs = await up(demo)
        await placed(temporal)
        await board_shows("A17", kept)
        demo.terminate()
        ended = await demo.ends()
        assert ended.code == 0
    assert all(map(is_gone, programs))
    await what_opens_in_a_browser_is_printed_and_nowhere_else(ended.out, kept)

    async with running(*DEMO, "--run", settings=kept) as demo:
        programs = await up(demo)
        timeline = await run("starter.py", "timeline", "A17", "--json", settings=temporal)
        assert json.loads(timeline.out)["status"] == "PLACED"
        psutil.Process(demo.pid).send_signal(signal.SIGINT)
        assert (await demo.ends()).code == 0
    assert all(map(is_gone, programs))


async def test_a_run_that_is_killed_takes_its_programs_along(tmp_path: Path) -> None:
    async with running(*DEMO, "--run", settings=settings(tmp_path, DATA_DIR=str(tmp_path))) as demo:
        programs = await up(demo)
        await demo.kill()
    await eventually(lambda: all(map(is_gone, programs)))


async def test_a_program_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    async with running(*DEMO, "--run", settings=settings(tmp_path, DATA_DIR=str(tmp_path))) as demo:
        temporal, worker, _ = await up(demo)
        worker.kill()
        ended = await demo.ends()

    assert ended.code == 1
    assert "demo: worker ended by itself, killed by SIGKILL; the end of worker.log:" in ended.err
    assert "  worker: ready" in ended.err
    assert is_gone(temporal)


async def test_a_start_that_is_stopped_half_way_leaves_nothing(tmp_path: Path) -> None:
    async with running(*DEMO, settings=settings(tmp_path)) as demo:
        await demo.says("Temporal dev server")
        programs = children(demo)
        demo.terminate()
        ended = await demo.ends()

    assert ended.code == 128 + signal.SIGTERM
    assert programs
    assert all(map(is_gone, programs))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "setting",
    [
        "TEMPORAL_PORT",
        "TEMPORAL_UI_PORT",
        "SIMULATOR_SMTP_PORT",
        "SIMULATOR_APNS_PORT",
        "API_PORT",
        "METRICS_PORT",
    ],
)
async def test_a_taken_port_is_one_line_that_names_the_setting(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await run(*DEMO, settings=settings(tmp_path, **{setting: port}))

    assert ended.code == 1
    assert ended.problem == f"demo: {setting}={port} is taken, choose another"


async def test_half_a_provider_is_told_by_the_worker_and_not_simulated_over(tmp_path: Path) -> None:
    ended = await run(*DEMO, settings=settings(tmp_path, TWILIO_BASE_URL="https://sms.example.org"))

    assert ended.code == 1
    assert "worker: TWILIO_ACCOUNT_SID: missing" in ended.err


async def test_the_demo_tells_three_orders_as_it_has_to_and_ends_by_itself(
    demo: "asyncio.Task[Played]",
) -> None:
    played = await demo

    assert (played.ended.code, played.ended.err) == (0, "")
    assert "Burger Barn has accepted and prepared your order, and it is ready to go." in played.ended.out
    assert "Tu pedido de Burger Barn va en camino. Llega en unos 12 minutos." in played.ended.out
    assert "Your order from Burger Barn has been cancelled." in played.ended.out
    assert "Every order was told exactly as it had to be." in played.ended.out
    assert "/board" in played.ended.out
    assert "Open in your browser:" not in played.ended.out, "it ends before anybody could"
    assert len(played.programs) == 3
    assert all(map(is_gone, played.programs))
    assert os.listdir(played.folder) == [], "the temporary folder is removed"


async def test_the_demo_tells_the_same_by_way_of_a_broker(by_nats: "asyncio.Task[Ended]") -> None:
    ended = await by_nats

    assert (ended.code, ended.err) == (0, "")
    assert "events go by NATS" in ended.out
    assert "Every order was told exactly as it had to be." in ended.out


async def test_a_way_that_nobody_knows_is_one_line(tmp_path: Path) -> None:
    ended = await run(*DEMO, settings=settings(tmp_path, VIA="pigeon"))

    assert (ended.code, ended.problem) == (
        1,
        "demo: VIA: pigeon is no way that we know, use nats or leave it out",
    )


async def test_a_stack_lets_its_programs_be_killed_and_started_again(tmp_path: Path) -> None:
    async with Stack.start(tmp_path, environ=environment({})) as stack:
        await stack["worker"].kill()
        await stack["worker"].start()
        second = await stack.start_worker("worker-2", "--queues", "send-sms")
        await second.kill()

        assert await stack.with_everything_up(asyncio.sleep(0, "done")) == "done", (
            "killing on purpose is no loss"
        )
        worker = stack["worker"].pid
    assert worker
    assert not psutil.pid_exists(worker)


def test_two_settings_with_one_port_are_told_apart() -> None:
    with pytest.raises(
        PortTakenError, match=r"^SIMULATOR_PORT=7999 is TEMPORAL_PORT as well, choose another$"
    ):
        dataclasses.replace(Ports.free(), temporal=7999, simulator=7999).check()


def test_a_port_is_given_once_however_many_look_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = a_free_port()
    monkeypatch.setattr(simulator.ports, "_NOT_HANDED_OUT", range(first, first + 1))

    with pytest.raises(PortTakenError, match=f"^no port from {first} to {first} is free$"):
        a_free_port()


def test_a_sentence_told_twice_is_a_difference() -> None:
    def pushes(count: int) -> list[Received]:
        text, now = f"Prepared and ready to go\n{BURST.sentence}", datetime.now(UTC)
        return [Received(n, now, "push", "fcm", "tok", text, "", Raw({}, "")) for n in range(count)]

    once, twice = (people_received(pushes(count), {"tok": "c-42"}, [BURST]) for count in (1, 2))
    assert differences(once, once) == []
    assert len(differences(once, twice)) == 4, "how often it was read, and how many pushes there were"


def test_an_order_told_otherwise_is_a_difference_that_shows_both() -> None:
    told = timelines_had_to_say(STORIES)
    missing = Told(Role.CUSTOMER, (Status.NEARBY,), (Channel.PUSH, Channel.IN_APP))
    assert differences(told, reversed(told)) == []
    assert f"- order A: {missing}" in differences(told, [line for line in told if str(missing) not in line])
