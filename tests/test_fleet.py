"""Several worker processes from one command: ready when all are, started again, and ended together."""

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from domain.orders import BadInput
from fleet import with_own_port
from simulator.ports import Ports
from tests.processes import Process, eventually, is_gone, running, settings_apart
from tests.stage import Stage
from worker import in_several

# A fleet of something that starts faster than a worker, and counts its lives in a folder.
FLEET = """
import asyncio, os, sys
import logs
from fleet import Fleet
logs.set_up(os.environ)
sys.exit(asyncio.run(Fleet([sys.executable, "-S", "-c", sys.argv[1]], os.environ, 3).run()))
"""
WORKS = """
import os, select, signal, sys
told, tell = os.pipe()
os.set_blocking(tell, False)
signal.set_wakeup_fd(tell)  # one that comes before it waits is heard as well
signal.signal(signal.SIGTERM, lambda *_: None)
print("worker: ready, serving", flush=True)
ready, _, _ = select.select([told, sys.stdin], [], [])  # as a worker: it does not outlive the fleet
sys.exit(int(os.environ.get("ENDS_WITH", "0")) if told in ready else 0)
"""
FAILS = "import sys; sys.exit(7)"


@pytest.fixture
async def fleet() -> AsyncIterator[Process]:
    async with running("-c", FLEET, WORKS, settings={}) as started:
        yield started


def members(fleet: Process) -> list[psutil.Process]:
    """Its processes that live."""
    return [one for one in psutil.Process(fleet.pid).children() if not is_gone(one)]


async def test_a_fleet_is_ready_when_all_are_and_ends_when_told_to(fleet: Process) -> None:
    await fleet.says("worker: ready, serving, with 3 processes\n")
    assert len(members(fleet)) == 3

    fleet.terminate()
    ended = await fleet.ends()

    assert ended.code == 0
    assert ended.out.count("ready") == 1


async def test_a_fleet_that_logs_json_says_so_in_one_object() -> None:
    works = WORKS.replace('"worker: ready, serving"', """'{"message": "worker: ready, serving"}'""")
    async with running("-c", FLEET, works, settings={"LOG_FORMAT": "json"}) as fleet:
        await fleet.says("with 3 processes")
        fleet.terminate()
        ended = await fleet.ends()

    (ready,) = ended.out.splitlines()
    assert json.loads(ready)["message"] == "worker: ready, serving, with 3 processes"


async def test_one_that_dies_is_started_again(fleet: Process) -> None:
    await fleet.says("with 3 processes")
    lost, *others = members(fleet)

    lost.kill()
    await eventually(lambda: bool(set(members(fleet)) - {lost, *others}))

    assert set(others) < set(members(fleet)) - {lost}, "the others went on"
    fleet.terminate()
    assert "process 0 ended with code -9, starting it again" in (await fleet.ends()).err


async def test_one_that_cannot_start_ends_all_of_them() -> None:
    async with running("-c", FLEET, FAILS, settings={}) as fleet:
        ended = await fleet.ends()

    assert (ended.code, ended.out) == (1, "")


async def test_one_that_does_not_finish_its_work_is_told_by_the_exit_code() -> None:
    async with running("-c", FLEET, WORKS, settings={"ENDS_WITH": "3"}) as fleet:
        await fleet.says("with 3 processes")
        fleet.send(signal.SIGINT)
        ended = await fleet.ends()

    assert ended.code == 1


def test_each_process_has_its_metrics_on_a_port_of_its_own() -> None:
    ports = [with_own_port({"METRICS_PORT": "9464"}, number)["METRICS_PORT"] for number in range(3)]

    assert ports == ["9464", "9465", "9466"]
    assert "METRICS_PORT" not in with_own_port({}, 1)


def test_more_processes_than_ports_are_refused() -> None:
    with pytest.raises(BadInput, match="METRICS_PORT: 65530 leaves no ports for 9 processes after it"):
        in_several("send-push", 9, 65530)


async def test_two_workers_serve_and_neither_outlives_the_command(stage: Stage, tmp_path: Path) -> None:
    apart = await settings_apart(stage, "fleet", tmp_path)
    settings = {**apart, "METRICS_PORT": str(Ports.free().api)}

    async with running("worker.py", "--processes", "2", "--queues", "send-push", settings=settings) as fleet:
        await fleet.says("worker: ready, serving send-push, with 2 processes\n")
        ours = members(fleet)
        assert len(ours) == 2

        await fleet.kill()
        await eventually(lambda: not any(psutil.pid_exists(one.pid) for one in ours))
