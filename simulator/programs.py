"""A named program in a process of its own: started, waited for until it is ready, stopped or killed."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START = 60.0
GRACE = 10.0
TAIL = 15
_LOOK_EVERY = 0.02
_LAUNCHER = Path(__file__).with_name("bound.py")


class ProgramError(Exception):
    """A program did not start, or ended though nobody asked it to. The text shows the end of its log."""


class Program:
    """One program. It dies with us, even if we are killed; a Ctrl-C in the terminal reaches only us.

    Start it from the main thread: to the kernel, the thread that started it is its parent.
    """

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path, *, ready: str
    ) -> None:
        self.name, self.log = name, log
        self.lost = asyncio.Event()
        self._command, self._environ, self._ready = command, environ, ready
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._is_wanted = False
        log.unlink(missing_ok=True)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it, for the first time or again, and wait until its log says that it is ready.

        Raises ProgramError when it ends instead or takes longer than ``START`` seconds.
        """
        written = self._size()
        self._is_wanted = True
        self._process = await self._spawn()
        try:
            async with asyncio.timeout(START):
                while self._ready not in self._written_since(written):  # noqa: ASYNC110 - another process says it
                    if self._process.returncode is not None:
                        raise self.as_error("did not start")
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise self.as_error(f"was not ready after {START:.0f} s") from None
        self._watch = asyncio.create_task(self._notice_its_end(self._process))

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it when it takes longer than ``GRACE`` seconds."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await self._wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Kill it with -9 and wait until it is gone."""
        self._send(signal.SIGKILL)
        await self._wait()

    def as_error(self, what: str = "ended by itself") -> ProgramError:
        """Say what went wrong with it, and show the end of its log."""
        code = self._process.returncode if self._process else None
        how = "" if code is None else f" (killed by {signal.Signals(-code).name})" if code < 0 else f" ({code=})"
        tail = "\n".join(f"  {line}" for line in self._written_since(0).splitlines()[-TAIL:])
        return ProgramError(f"{self.name} {what}{how}, the end of {self.log}:\n{tail or '  (empty)'}")

    async def _spawn(self) -> Process:
        with self._open() as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())),
                *self._command,
                env=dict(self._environ),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )

    def _send(self, number: signal.Signals) -> None:
        self._is_wanted = False
        if self.pid is not None and self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _wait(self) -> None:
        if self._process:
            await self._process.wait()
        if self._watch:
            await self._watch

    async def _notice_its_end(self, process: Process) -> None:
        await process.wait()
        if self._is_wanted:
            self.lost.set()
