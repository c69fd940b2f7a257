"""Several worker processes from one command: workflow code is bound to one core a process.

A process that dies after it was ready is started again; its orders go on elsewhere in the meantime. One that
dies before has something wrong that starting it again does not help: then all end.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence

import typer

import logs
from leaving import DONE, FAILED

READY = "worker: ready"
LAST_PORT = 65_535
# Started at once again and again, one that cannot live would take a core for itself.
_AGAIN_AFTER = 1.0


class Fleet:
    """The processes of one command, each with a number from 0 on."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], size: int) -> None:
        self._command, self._environ, self._size = command, environ, size
        self._processes: dict[int, Process] = {}
        self._ready: set[int] = set()
        self._first_is_ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._codes: list[int] = []
        self._told: set[int] = set()

    async def run(self) -> int:
        """Keep all of them at work until SIGTERM or SIGINT; answers 0 if each finished its work then."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end)
        await asyncio.gather(*(self._keep(number) for number in range(self._size)))
        return DONE if all(code == DONE for code in self._codes) else FAILED

    async def _keep(self, number: int) -> None:
        if number:
            # The first brings the database and the server's search attributes up to date for all.
            await self._first_is_ready.wait()
        while not self._stop.is_set():
            code = await self._live(number)
            if self._stop.is_set() or number not in self._ready:
                self._codes.append(code)
                return self._end()
            why = f"process {number} ended with code {code}, starting it again"
            logs.say("worker", why, is_problem=True)
            await asyncio.sleep(_AGAIN_AFTER)
        return None

    async def _live(self, number: int) -> int:
        """One life of a process, from its start to its exit code."""
        self._ready.discard(number)
        process = await asyncio.create_subprocess_exec(
            *self._command, env=with_own_port(self._environ, number), stdin=PIPE, stdout=PIPE
        )
        self._processes[number] = process
        if self._stop.is_set():
            self._end()
        await self._pass_on(number, process)
        code = await process.wait()
        del self._processes[number]
        return code

    async def _pass_on(self, number: int, process: Process) -> None:
        """Pass on what it says; that it is ready counts when all are."""
        while process.stdout and (line := (await process.stdout.readline()).decode(errors="replace")):
            if READY not in line:
                typer.echo(line.rstrip() if logs.is_json() else f"{line.rstrip()} (process {number})")
                continue
            self._ready.add(number)
            self._first_is_ready.set()
            if len(self._ready) == self._size:
                said = json.loads(line)["message"] if logs.is_json() else line.rstrip()
                logs.say("worker", f"{said.removeprefix('worker: ')}, with {self._size} processes")

    def _end(self) -> None:
        self._stop.set()
        self._first_is_ready.set()
        for pid in {process.pid for process in self._processes.values()} - self._told:
            self._told.add(pid)
            # Not by asyncio's own way, which looks whether it has ended, and takes its exit code away unseen.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def with_own_port(environ: Mapping[str, str], number: int) -> dict[str, str]:
    """The environment of a process: each has its metrics on the port after the one before."""
    first = environ.get("METRICS_PORT")
    return {**environ, "METRICS_PORT": str(int(first) + number)} if first else dict(environ)


async def until_left_alone(stop: asyncio.Event) -> None:
    """Set ``stop`` when our standard input ends, as it does with whoever started us, however they end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(sys.stdin.fileno()))
    )
    await reader.read()
    stop.set()
