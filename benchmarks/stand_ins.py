"""The providers' stand-ins as a program of their own, so that they cost what is measured nothing."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.programs import HOME, Program
from simulator.providers import provider_settings

_PORTS = ("SIMULATOR_PORT", "SIMULATOR_SMTP_PORT", "SIMULATOR_APNS_PORT")
_READY = re.compile(r"ready on (http://\S+:(\d+)), smtp \S+:(\d+), apns \S+:(\d+) by ([^,\s]+)")


@asynccontextmanager
async def stand_ins(folder: Path) -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    """Run them until the block ends: where they are, and the settings for all of them."""
    program = Program(
        "simulator",
        (sys.executable, "-m", "simulator"),
        environ={**os.environ, "PYTHONPATH": str(HOME), **dict.fromkeys(_PORTS, "0")},
        log=folder / "simulator.log",
        ready="apns ",
        on_loss=lambda _: None,
    )
    try:
        await program.start()
        said = _READY.search(program.log.read_text())
        if not said:
            raise program.error("did not say its ports")
        url, port, smtp_port, apns_port, ca = said.groups()
        yield (
            url,
            provider_settings(int(port), int(smtp_port), folder, apns_port=int(apns_port), apns_ca=Path(ca)),
        )
    finally:
        await program.stop()
