"""How our commands leave: the one place that ends a process without interpreter teardown.

After a Temporal client or worker ran, the interpreter can abort at exit (PyGILState_Release, exit code 134),
which would replace the exit code that the caller relies on. So: finish, flush, then leave at once.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from typer.exceptions import TyperException

from logs import say, say_our_bug

DONE, FAILED = 0, 1
INTERRUPTED = 128 + 2


def leave_after(
    command: Callable[[], object], program: str, problems: Mapping[type[Exception], int]
) -> NoReturn:
    """Run a command line and leave with its exit code.

    Each of ``problems`` is said in one line and leaves with its code, the first that fits; so is a command
    line that cannot be read. Anything else is our bug: its traceback, and :data:`FAILED`.
    """
    try:
        code = command()
    except KeyboardInterrupt:
        leave(INTERRUPTED)
    except TyperException as problem:
        _say(program, problem.format_message())
        leave(problem.exit_code)
    except Exception as problem:  # noqa: BLE001 the last handler there is
        known = (code for kind, code in problems.items() if isinstance(problem, kind))
        if (own_code := next(known, None)) is not None:
            _say(program, problem)
            leave(own_code)
        say_our_bug(program)
        leave(FAILED)
    leave(code if isinstance(code, int) else DONE)


def leave(code: int) -> NoReturn:
    """End this process with ``code``, everything written so far flushed."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader went away: its loss must not change our exit code
            continue
    os._exit(code)


def _say(program: str, problem: object) -> None:
    if line := " ".join(str(problem).split()):  # empty when the help said it all
        say(program, line, is_problem=True)
