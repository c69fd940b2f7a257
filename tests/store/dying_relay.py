"""A relay that is killed when its test says: ``python -m tests.store.dying_relay URL FILE MOMENT``.

Its broker is a file. MOMENT is ``before`` the first event is published, ``between`` the second and the third,
``after`` all are published and none is marked, or ``never``.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from examples.outbox.outbox import Relay

_PUBLISHED_THEN = {"before": 0, "between": 2, "after": 5}


class Broker:
    """Has what is published at once and for good."""

    def __init__(self, file: Path, moment: str) -> None:
        self._file, self._dies_at, self._published = file, _PUBLISHED_THEN.get(moment, -1), 0

    def publish(self, event: Mapping[str, Any]) -> None:
        if self._published == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._file.open("a") as log:
            log.write(json.dumps(event) + "\n")
        self._published += 1
        if self._published == self._dies_at == 5:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Relay(create_engine(sys.argv[1]), Broker(Path(sys.argv[2]), sys.argv[3])).run_once()
