"""How our short-lived commands leave: the one place that ends a process without interpreter teardown.

After a Temporal client or worker ran, the interpreter can abort at exit (PyGILState_Release, exit code 134),
which would replace the exit code that the caller relies on. So: finish, flush, then leave at once.
"""

import logging
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process with ``code``, everything written so far flushed."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader went away: its loss must not change our exit code
            continue
    os._exit(code)
