"""A named program in a process of its own: started, waited for until it is ready, stopped or killed."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START = 60.0
GRACE = 10.0
TAIL = 15
HOME = Path(__file__).parent.parent
_LOOK_EVERY = 0.02
_LAUNCHER = Path(__file__).with_name("bound.py")


class ProgramError(Exception):
    """A program did not start, failed, or ended unasked. The text is a line and the end of its log."""


class Program:
    """One program, which dies with us even if we are killed. A Ctrl-C in the terminal reaches only us.

    ``ready`` is what its log says when it is; ``on_loss`` is called when it ends though nobody asked it to.
    Start it from the main thread: to the kernel, the thread that starts it is its parent.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        log: Path,
        ready: str,
        on_loss: Callable[["Program"], None],
    ) -> None:
        self.name, self.log = name, log
        self._command, self._environ, self._ready = command, environ, ready
        self._on_loss = on_loss
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        # Not a flag: when it is started again at once, that would be up before this one's end is seen.
        self._wanted: Process | None = None
        log.write_text("")

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it, for the first time or again, and wait until it is ready. Raises ProgramError."""
        written = len(self._said())
        self._process = self._wanted = await self._spawn()
        try:
            async with asyncio.timeout(START):
                while self._ready not in self._said()[written:]:
                    if self.pid is None:
                        raise self.error("did not start")
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise self.error(f"was not ready after {START:.0f} s") from None
        self._watch = asyncio.create_task(self._notice_its_end(self._process))

    async def finish(self) -> None:
        """Run it to its end. Raises ProgramError when it fails."""
        self._process = await self._spawn()
        try:
            code = await self._process.wait()
        finally:
            await self.kill()
        if code:
            raise self.error("failed")

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it when it takes too long."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await self._is_gone()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Kill it with -9 and wait until it is gone."""
        self._send(signal.SIGKILL)
        await self._is_gone()

    def error(self, what: str) -> ProgramError:
        """Say what went wrong with it, and show the end of its log."""
        code = self._process.returncode if self._process else None
        how = "" if code is None else f", killed by {_name(-code)}" if code < 0 else f", exit code {code}"
        tail = [f"  {line}" for line in self._said().splitlines()[-TAIL:]] or ["  (nothing)"]
        return ProgramError("\n".join([f"{self.name} {what}{how}; the end of {self.log.name}:", *tail]))

    async def _spawn(self) -> Process:
        with self.log.open("ab") as log:
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
        self._wanted = None
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _is_gone(self) -> None:
        if self._process:
            await self._process.wait()

    async def _notice_its_end(self, process: Process) -> None:
        await process.wait()
        if process is self._wanted:
            self._on_loss(self)

    def _said(self) -> str:
        return self.log.read_text(errors="replace")


async def said_by_starter(environ: Mapping[str, str], *arguments: str) -> str:
    """What one of our commands says. It may be a secret: it goes into no log. Raises ProgramError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())),
        *(sys.executable, str(HOME / "starter.py"), *arguments),
        env=dict(environ),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    try:
        said, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ProgramError(f"starter.py {' '.join(arguments[:2])}: {complaint.decode(errors='replace')}")
    return said.decode()


def _name(number: int) -> str:
    # Real-time signals have no name of their own.
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
