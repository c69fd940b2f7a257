"""Our commands, loaded once and forked for each run: ``python -m tests.warm SOCKET``.

Loading is most of what a short command does, and tests run hundreds of them. A run is a process of its own
all the same, with its own arguments, environment, streams and exit code, and it reads its file anew. That one
which starts from nothing does the same is for test_exit_codes.py and test_readme.py to show.

A caller connects, sends two descriptors for the streams and one line, and hears the process id and the exit
code.
"""

import gc
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any, NoReturn

# By name, for what it loads: everything that a command may need.
LOADED = ("worker", "starter", "api.app")


def main() -> None:
    """Wait for callers, and fork for each."""
    for module in LOADED:
        __import__(module)
    gc.freeze()
    # Nobody here waits for those who wait for a run.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(sys.argv[1])
        door.listen(100)
        print("warm: ready", flush=True)  # noqa: T201 whoever started us waits for it
        while True:
            caller, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _run_for(caller)
            caller.close()


def _run_for(caller: socket.socket) -> None:
    """Run what a caller asks for, and say how it ended; in the process that is to run it, return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams = _heard(caller)
    if process := os.fork():
        caller.sendall(f"{process}\n".encode())
        _, status = os.waitpid(process, 0)
        caller.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    caller.close()
    _become(asked, streams)


def _become(asked: dict[str, Any], streams: list[int]) -> NoReturn:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, standard in ((nothing, 0), (streams[0], 1), (streams[1], 2)):
        os.dup2(ours, standard)
        os.close(ours)
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = asked["command"]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()


def _heard(caller: socket.socket) -> tuple[dict[str, Any], list[int]]:
    said, streams, *_ = socket.recv_fds(caller, 65536, 2)
    while not said.endswith(b"\n"):
        said += caller.recv(65536)
    return json.loads(said), streams


if __name__ == "__main__":
    main()
