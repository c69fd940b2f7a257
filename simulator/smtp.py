"""Stands in for a mail relay: takes mail with or without a login, and without TLS.

A fault is drawn for each recipient. Those of _AT_RCPT are told when the recipient is named, so that nothing
was sent; the others come after the final dot.
"""

import asyncio
from typing import Any, Never, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from simulator.faults import KINDS, Fault
from simulator.letters import opened
from simulator.world import World

_AT_RCPT = frozenset({"error", "dead", "credentials", "cut_before"})


class Mail(Envelope):
    """One mail on its way in, with the fault that will hit it after the final dot."""

    fault: Fault | None = None


class Visit(Session):
    """One client's session."""

    # aiosmtpd sets this at each login, and logs a warning that nobody should.
    login_data = None


class Relay(SMTP):
    """One connection to the relay, known to ``connections`` while it is open."""

    def __init__(self, world: World, connections: set["Relay"]) -> None:
        super().__init__(
            Steps(world),
            hostname="simulator",
            ident="ESMTP",
            enable_SMTPUTF8=True,
            # aiosmtpd would offer a login over TLS only.
            auth_require_tls=False,
            authenticator=Login(world),
            # One is enough: clients try all there are, and each try would be another draw.
            auth_exclude_mechanism=["LOGIN"],
            loop=asyncio.get_running_loop(),
        )
        self._connections = connections

    def _create_session(self) -> Session:
        return Visit(self.loop)

    def _create_envelope(self) -> Envelope:
        return Mail()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be known to whoever ends the simulator."""
        super().connection_made(transport)
        self._connections.add(self)
        # aiosmtpd leaves a reset connection as an exception that nobody looks at.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    def connection_lost(self, error: Exception | None) -> None:
        """Be forgotten."""
        super().connection_lost(error)
        self._connections.discard(self)

    @property
    def task(self) -> "asyncio.Task[None]":
        """What talks to the client. It is cancelled when the connection is lost."""
        return cast("asyncio.Task[None]", self._handler_coroutine)

    async def cut(self) -> Never:
        """Close without another byte, and never come back: the task is cancelled with the connection."""
        self.abort()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a cut connection went on")

    def abort(self) -> None:
        """Close without another byte."""
        cast("asyncio.Transport", self.transport).abort()


class Login:
    """Any name and password will do, unless a fault that names no address says otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(
        self, _server: SMTP, _session: Session, _mail: Envelope, _how: str, _with: Any
    ) -> AuthResult:
        """Let a client in, or not."""
        fault = self._world.faults.draw("smtp", None, kinds={"credentials"})
        if fault is None:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=_reply(fault, logging_in=True))


class Steps:
    """What happens at each step of a mail. aiosmtpd finds these by their names."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Relay, session: Session, mail: Mail, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        # Who has logged in already had their draw.
        kinds = KINDS - {"credentials"} if session.authenticated else KINDS
        fault = self._world.faults.draw("smtp", address, kinds=kinds)
        if fault and fault.kind == "cut_before":
            await server.cut()
        if fault and fault.kind in _AT_RCPT:
            return _reply(fault)
        mail.fault = mail.fault or fault
        mail.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Relay, _session: Session, mail: Mail) -> str:  # noqa: N802 - aiosmtpd's name
        """Take the mail itself, or not."""
        fault = mail.fault
        if fault and fault.kind in {"throttle", "refuse"}:
            return _reply(fault)
        self._deliver(mail)
        if fault and fault.kind == "cut_after":
            await server.cut()
        if fault and fault.kind == "slow":
            await self._world.faults.hold(fault)
        return "250 2.0.0 OK"

    def _deliver(self, mail: Mail) -> None:
        letter = opened(cast("bytes", mail.content))
        for address in mail.rcpt_tos:
            self._world.receive("smtp", address, text=letter.text, key=letter.key, raw=letter.raw)


def _reply(fault: Fault, *, logging_in: bool = False) -> str:
    # A fault for every provider speaks HTTP in its status; only one for us alone means ours.
    status = fault.status if fault.provider == "smtp" else None
    match fault.kind:
        case "throttle":
            return "454 4.7.0 Throttling failure: Maximum sending rate exceeded."
        case "dead":
            return f"{fault.code or '550 5.1.1'} User unknown"
        case "refuse":
            return f"{fault.code or '554 5.7.1'} Message refused"
        case "credentials" if logging_in:
            return f"{fault.code or '535 5.7.8'} Authentication credentials invalid"
        case "credentials":
            return f"{fault.code or '530 5.7.0'} Authentication required"
        case _:
            code = status or 451
            return f"{code} {code // 100}.3.0 The simulator answers {code}"
