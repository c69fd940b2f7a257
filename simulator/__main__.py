"""Runs the simulator by itself until it is told to stop: ``python -m simulator``."""

import asyncio
import os
import signal
import sys

from simulator.server import APNS_PORT, PORT, SMTP_PORT, PortTakenError, Simulator


async def run(port: int, smtp_port: int, apns_port: int) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator.start(port, smtp_port, apns_port) as simulator:
        smtp = f"127.0.0.1:{simulator.smtp_port}"
        apns = f"https://127.0.0.1:{simulator.apns_port} by {simulator.apns_ca}"
        print(f"simulator: ready on {simulator.url}, smtp {smtp}, apns {apns}", flush=True)  # noqa: T201 - whoever started us waits for it
        await stop.wait()


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
    except PortTakenError as taken:
        sys.exit(str(taken))


if __name__ == "__main__":
    main()
