"""Becomes a program that cannot outlive the process that started it: ``python bound.py PARENT COMMAND...``.

A launcher rather than subprocess's ``preexec_fn``, which may deadlock in a process with threads, and a
Temporal client has threads. Linux only: elsewhere a program does outlive a parent killed with -9.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel to kill us with our parent, then become the command: the request survives the exec."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming another program is what this file is for


if __name__ == "__main__":
    main()
