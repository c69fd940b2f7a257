"""Our programs and the Temporal CLI as real processes: what they are given, what they say, how they end."""

import asyncio
import atexit
import contextlib
import functools
import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from simulator import bound
from simulator.providers import settings_for
from tests.stage import Stage

HOME = Path(__file__).parent.parent
# Real seconds that anything may take on a busy machine before it is called failed.
PATIENCE = 90
# What is ours in the environment of whoever runs the tests must not reach the programs under test.
_OURS = (
    "TEMPORAL_",
    "DATABASE_",
    "DATA_",
    "FCM_",
    "APNS_",
    "TWILIO_",
    "SMTP_",
    "SES_",
    "EMAIL_",
    "PROVIDER_",
    "METRICS_",
    "PAYLOAD_",
    "PUBLIC_",
    "API_",
    "FORWARDED_",
    "LOG_",
    "OTEL_",
    "BRIDGE_",
    "KAFKA_",
    "NATS_",
    "SQS_",
    "AWS_",
)
# What ends by itself, and soon.
_SHORT = ("starter.py", "worker.py")
_WIDE_AND_PLAIN = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """The one line it complained with; nothing else was said, least of all a traceback."""
        (line,) = self.err.splitlines()
        assert not self.out, self.out
        return line


class Process:
    """A process under way."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self._said = process, ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def says(self, text: str) -> None:
        """Wait until it has said so on its standard output."""
        async with asyncio.timeout(PATIENCE):
            while text not in self._said:
                line = await _out_of(self._process).readline()
                assert line, f"it never said {text!r}: {(await self.ends()).err}"
                self._said += line.decode()

    def terminate(self) -> None:
        """Ask it to end, as a deploy does."""
        self._process.send_signal(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def ends(self) -> Ended:
        """Wait for its end."""
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await self._process.communicate()
        except TimeoutError:
            await self.kill()
            raise
        assert self._process.returncode is not None
        return Ended(self._process.returncode, self._said + out.decode(), err.decode())

    async def kill(self) -> None:
        """Leave nothing behind."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that has these settings of ours, and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**inherited, **_WIDE_AND_PLAIN, **settings}


@contextlib.asynccontextmanager
async def running(program: str, *arguments: str, settings: Mapping[str, str]) -> AsyncIterator[Process]:
    """One of our programs, for as long as the block lasts at most."""
    process = Process(await _start(sys.executable, program, *arguments, settings=settings))
    try:
        yield process
    finally:
        await process.kill()


async def run(program: str, *arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run one of our programs to its end: a short one without the time it takes to load."""
    if program in _SHORT:
        return await _run_warm(program, *arguments, settings=settings)
    return await run_from_nothing(program, *arguments, settings=settings)


async def run_from_nothing(program: str, *arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run one of our programs to its end, as people start it."""
    async with running(program, *arguments, settings=settings) as process:
        return await process.ends()


async def _run_warm(*command: str, settings: Mapping[str, str]) -> Ended:
    asked = json.dumps({"command": command, "environ": environment(settings)})
    file = tempfile.TemporaryFile
    with file() as out, file() as err, socket.socket(socket.AF_UNIX) as warm:
        warm.connect(str(_warm()))
        socket.send_fds(warm, [asked.encode(), b"\n"], [out.fileno(), err.fileno()])
        reader, writer = await asyncio.open_unix_connection(sock=warm)
        process = int(await reader.readline())
        try:
            async with asyncio.timeout(PATIENCE):
                code = int(await reader.readline())
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise
        finally:
            writer.close()
        return Ended(code, _all_of(out), _all_of(err))


@functools.cache
def _warm() -> Path:
    """Where our commands wait, loaded: from the first that is run until this process ends."""
    where = Path(tempfile.mkdtemp(prefix="warm-")) / "socket"
    command = (sys.executable, "-I", "-S", bound.__file__, str(os.getpid()), sys.executable)
    waiting = subprocess.Popen(
        [*command, "-m", "tests.warm", str(where)],
        cwd=HOME,
        env=environment({}),
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        waiting.kill()
        waiting.communicate()
        shutil.rmtree(where.parent)

    atexit.register(end)
    assert waiting.stdout
    assert waiting.stdout.readline() == b"warm: ready\n"
    return where


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


async def temporal(*arguments: str) -> Ended:
    """Run the Temporal CLI to its end."""
    process = Process(await _start(shutil.which("temporal") or "temporal", *arguments, settings={}))
    return await process.ends()


async def in_shell(commands: str, settings: Mapping[str, str]) -> Ended:
    """Run what somebody types into a shell."""
    return await Process(await _start("bash", "-euo", "pipefail", "-c", commands, settings=settings)).ends()


async def eventually(is_so: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not await _answer(is_so()):  # noqa: ASYNC110 other processes set no event of ours
            await asyncio.sleep(0.02)


def is_gone(child: psutil.Process) -> bool:
    """Whether it ended. One whose parent was killed may stay as a zombie until somebody counts it out."""
    try:
        return child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def address(stage: Stage) -> str:
    """Where the stage's Temporal server is."""
    return stage.client.service_client.config.target_host


def settings_of(stage: Stage) -> dict[str, str]:
    """The settings of a program that works together with the stage's own workers."""
    return {"TEMPORAL_ADDRESS": address(stage), "DATABASE_URL": stage.settings.database_url}


async def settings_apart(stage: Stage, namespace: str, folder: Path) -> dict[str, str]:
    """The settings of workers of a namespace of their own, so that the stage's take nothing of theirs."""
    made = await temporal("operator", "namespace", "create", "-n", namespace, "--address", address(stage))
    assert made.code == 0, made.err
    return {
        "TEMPORAL_ADDRESS": address(stage),
        "TEMPORAL_NAMESPACE": namespace,
        "DATABASE_URL": f"sqlite:///{folder}/{namespace}.db",
        **settings_for(stage.simulator, folder),
    }


async def _answer(answer: bool | Awaitable[bool]) -> bool:
    return await answer if inspect.isawaitable(answer) else bool(answer)


async def _start(*command: str, settings: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=HOME,
        env=environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def _out_of(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout
    return process.stdout
