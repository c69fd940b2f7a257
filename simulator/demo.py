"""Starts everything on this machine, plays three orders, and shows what people receive.

python -m simulator.demo          plays, then stays up until Ctrl-C; with ONCE=1 it ends by itself
python -m simulator.demo --run    plays nothing and stays up until Ctrl-C or SIGTERM
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Never

import typer
from temporalio.exceptions import TemporalError

from domain.orders import BadInput
from leaving import DONE, FAILED, leave_after
from simulator.environ import data_folder
from simulator.orders import RULES, Announce, Run
from simulator.ports import Ports
from simulator.programs import ProgramError
from simulator.screen import Screen
from simulator.server import HOST, PortTakenError
from simulator.show import Show
from simulator.stack import Stack
from simulator.via import through_nats, wants_nats, with_nats

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    run: Annotated[
        bool, typer.Option("--run", help="Play nothing, stay up until Ctrl-C or SIGTERM.")
    ] = False,
) -> int:
    """Start everything on this machine, play three orders, and show what people receive.

    Then it stays up for orders of your own. With ONCE=1 in the environment it ends by itself, with exit code
    0 only if every order was told exactly as it had to be.
    """
    demo = Demo(Screen(), once=os.environ.get("ONCE", "") not in {"", "0"})
    try:
        return asyncio.run(until_stopped(demo.run() if run else demo.play(), lambda: demo.may_be_stopped))
    except ProgramError as problem:
        # More than the one line that other problems get: its log may be gone with the temporary folder.
        typer.echo(f"demo: {problem}", err=True)
        return FAILED


async def until_stopped(work: Coroutine[Any, Any, int], may_be_stopped: Callable[[], bool]) -> int:
    """Do the work until it is done, or Ctrl-C or SIGTERM ends it: no failure when it may be stopped."""
    doing = asyncio.create_task(work)
    stopped_by: list[int] = []

    def stop(number: int) -> None:
        # Once: a second would interrupt the stopping and leave programs to their fate.
        if not stopped_by:
            stopped_by.append(number)
            doing.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return await doing
    except asyncio.CancelledError:
        return DONE if may_be_stopped() else 128 + stopped_by[0]


class Demo:
    """The demo and the run. ``may_be_stopped``: everything is up, and only somebody's Ctrl-C will end it."""

    def __init__(self, screen: Screen, *, once: bool) -> None:
        self._screen, self._once, self._by_nats = screen, once, wants_nats(os.environ)
        self._began = time.monotonic()
        self.may_be_stopped = False

    async def play(self) -> int:
        """Play the stories. Ends by itself only with ONCE."""
        with data_folder(os.environ) as (folder, is_kept):
            # In a ledger that outlives the demo, people would come with what they were told before.
            run = Run.now(has_own_people=is_kept or _has_own_database())
            async with self._stack(folder, keep_orders=is_kept) as stack:
                show = Show(stack, self._screen, run)
                playing = self._play_on(show, ledger_is_kept=run.has_own_people)
                return await stack.with_everything_up(playing)

    async def run(self) -> int:
        """Play nothing, and stay up."""
        with data_folder(os.environ, ".data") as (folder, _):
            async with self._stack(folder, keep_orders=True) as stack:
                return await stack.with_everything_up(self._stay_up(stack, Show(stack, self._screen)))

    async def _play_on(self, show: Show, *, ledger_is_kept: bool) -> int:
        self._step(f"people to tell: {await show.load_people()}")
        self._step(f"the order board, to watch and to play on, at {await show.open_board()}")
        self.may_be_stopped = not self._once
        window, linger = RULES.window_seconds, RULES.linger_seconds
        self._screen.remark(
            f"Shortened for the demo: windows from 60 s to {window:.0f} s, and how long an order stays open "
            f"after its end from 30 min to {linger:.0f} s."
        )
        async with show.watched(), self._way(show) as announce:
            is_as_it_had_to_be = await show.play(announce)
            self._screen.remark(f"It took {time.monotonic() - self._began:.0f} s from nothing to here.")
            if self._once:
                return DONE if is_as_it_had_to_be else FAILED
            # Not before: the stories' iPhone shows plain notifications.
            await show.load_people(with_live_activities=True)
            show.say_how()
            async with show.pages(ledger_is_kept=ledger_is_kept):
                self._screen.heading("Up until Ctrl-C: what you announce is shown here and on the board.")
                return await for_ever()

    async def _stay_up(self, stack: Stack, show: Show) -> int:
        self._step(f"people to tell: {await show.load_people(with_live_activities=True)}")
        self._step(f"the order board, to watch and to play on, at {await show.open_board()}")
        self.may_be_stopped = True
        show.say_how()
        async with show.pages(ledger_is_kept=True):
            self._screen.plain(
                f"\nready: Temporal {stack.address}, its UI {stack.ui}, simulator {stack.simulator.url}, "
                f"SMTP {HOST}:{stack.simulator.smtp_port}, "
                f"API {stack.public_url or 'off without PUBLIC_URL'}, data in {stack.folder}"
            )
            return await for_ever()

    @asynccontextmanager
    async def _way(self, show: Show) -> AsyncIterator[Announce | None]:
        """How events get to Temporal: by a broker if it is wanted, else by the library."""
        if not self._by_nats:
            yield None
            return
        async with through_nats(show.stack) as announce:
            self._step(f"events go by NATS at {HOST}:{show.stack.ports.nats}, and the bridge")
            yield announce

    @asynccontextmanager
    async def _stack(self, folder: Path, *, keep_orders: bool) -> AsyncIterator[Stack]:
        ports = Ports.read(os.environ)
        ports = with_nats(ports) if self._by_nats else ports
        ports.check()
        self._screen.heading("Starting everything on this machine")
        starting = Stack.start(folder, ports, keep_orders=keep_orders, with_api=True, say=self._step)
        async with starting as stack:
            try:
                yield stack
            finally:
                self._screen.heading("Stopping everything")

    def _step(self, text: str) -> None:
        self._screen.step(time.monotonic() - self._began, text)


def _has_own_database() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


async def for_ever() -> Never:
    """Wait for somebody to stop us."""
    await asyncio.Event().wait()
    raise AssertionError("for ever is over")


if __name__ == "__main__":
    leave_after(
        lambda: app(standalone_mode=False),
        "demo",
        dict.fromkeys((BadInput, PortTakenError, TemporalError), FAILED),
    )
