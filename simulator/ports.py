"""The ports that demo and run listen on: the setting that names each, and whether it is free."""

import dataclasses
import errno
import itertools
import random
import socket
from collections.abc import Iterator, Mapping
from typing import Self

from domain.orders import BadInput
from simulator.server import APNS_PORT, HOST, PORT, SMTP_PORT, PortTakenError

API_PORT = 8085
# Below those that Linux and macOS give to whoever asks for any, above those of well-known programs.
_NOT_HANDED_OUT = range(10_240, 32_000)
# The UDP ports of those that we gave. Nothing here uses UDP: each is a mark that all processes of a machine
# see, that none of them can set twice, and that goes when we do.
_marks: list[socket.socket] = []


@dataclasses.dataclass(frozen=True)
class Ports:
    """Each is set by its upper-case name with ``_PORT``, such as ``TEMPORAL_UI_PORT``."""

    temporal: int = 7233
    temporal_ui: int = 8233
    simulator: int = PORT
    simulator_smtp: int = SMTP_PORT
    simulator_apns: int = APNS_PORT
    api: int = API_PORT
    metrics: int | None = None
    nats: int | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings. Raises BadInput for one that is no port."""
        given = {name: environ.get(_setting(name), "").strip() for name in _names()}
        return cls(**{name: _port(_setting(name), value) for name, value in given.items() if value})

    @classmethod
    def free(cls) -> Self:
        """Take ports that nobody uses, and that neither we nor the system give to another as long as we run.

        Raises PortTakenError where there are no six.
        """
        return cls(*(a_free_port() for _ in range(6)))

    def check(self) -> None:
        """Make sure that every port can be had. Raises PortTakenError, whose text names the setting."""
        seen: dict[int, str] = {}
        for setting, port in self._settings():
            if port in seen:
                raise PortTakenError(f"{setting}={port} is {seen[port]} as well, choose another")
            seen[port] = setting
            _check(setting, port)

    def _settings(self) -> Iterator[tuple[str, int]]:
        for name in _names():
            port: int | None = getattr(self, name)
            if port is not None:
                yield _setting(name), port


def a_free_port() -> int:
    """One such port."""
    start = random.SystemRandom().randrange(len(_NOT_HANDED_OUT))
    for port in itertools.chain(_NOT_HANDED_OUT[start:], _NOT_HANDED_OUT[:start]):
        # Marked first: to look whether it is free is to listen on it for a moment.
        if _is_marked_as_ours(port) and _is_free(port):
            return port
    raise PortTakenError(f"no port from {_NOT_HANDED_OUT.start} to {_NOT_HANDED_OUT.stop - 1} is free")


def _names() -> list[str]:
    return [field.name for field in dataclasses.fields(Ports)]


def _setting(name: str) -> str:
    return f"{name.upper()}_PORT"


def _port(setting: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise BadInput(setting, f"{value} is not a port, give a number from 1 to 65535")
    return int(value)


def _is_free(port: int) -> bool:
    try:
        _check("", port)
    except PortTakenError:
        return False
    return True


def _is_marked_as_ours(port: int) -> bool:
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
    except OSError:
        mark.close()
        return False
    _marks.append(mark)
    return True


def _check(setting: str, port: int) -> None:
    with socket.socket() as listener:
        # As the programs themselves do: a port in TIME_WAIT is free to them.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            # A bind alone succeeds beside another socket that is bound and does not listen yet.
            listener.listen()
        except OSError as wrong:
            why = "is taken" if wrong.errno == errno.EADDRINUSE else f"cannot be used: {wrong.strerror}"
            raise PortTakenError(f"{setting}={port} {why}, choose another") from None
