"""Runs the simulator by itself until it is told to stop: ``python -m simulator``.

With Temporal's settings in the environment it has the order board as well, over the server that they name.
"""

import asyncio
import os
import signal
import sys

from leaving import DONE, FAILED, leave
from simulator.board import NoBoardError
from simulator.server import APNS_PORT, PORT, SMTP_PORT, PortTakenError, Simulator


async def run(port: int, smtp_port: int, apns_port: int) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator.start(port, smtp_port, apns_port) as simulator:
        smtp = f"127.0.0.1:{simulator.smtp_port}"
        apns = f"https://127.0.0.1:{simulator.apns_port} by {simulator.apns_ca}"
        board = await board_of(simulator)
        print(f"simulator: ready on {simulator.url}, smtp {smtp}, apns {apns}, {board}", flush=True)  # noqa: T201 - whoever started us waits for it
        await stop.wait()


async def board_of(simulator: Simulator) -> str:
    """Open the board where there is a Temporal server to place orders with, and say so."""
    if not os.environ.get("TEMPORAL_ADDRESS"):
        return "no board without TEMPORAL_ADDRESS"
    from simulator.board.alone import open_by_settings  # noqa: PLC0415 a second that few need

    return f"board {await open_by_settings(simulator)}"


def port_of(setting: str, default: int) -> int:
    """Read a port from the environment. Ends the program with one line if it is none."""
    value = os.environ.get(setting, "") or str(default)
    if not (value.isascii() and value.isdigit() and int(value) <= 65535):
        sys.exit(f"{setting}={value} is not a port: a number from 0 to 65535, where 0 takes a free one")
    return int(value)


def main() -> None:
    """Read the settings and run."""
    try:
        asyncio.run(
            run(
                port_of("SIMULATOR_PORT", PORT),
                port_of("SIMULATOR_SMTP_PORT", SMTP_PORT),
                port_of("SIMULATOR_APNS_PORT", APNS_PORT),
            )
        )
    except (PortTakenError, NoBoardError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 whoever started us reads it
        leave(FAILED)
    leave(DONE)


if __name__ == "__main__":
    main()
