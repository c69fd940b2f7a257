"""A mail relay that answers as it is told: aiosmtpd on loopback, and a certificate of our own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from activities.channels.smtp import Config

CUT = "cut"
SILENCE = "silence"


@dataclass
class Relay:
    """``replies`` by step: MAIL, RCPT, DATA (before the mail), DOT (after it). CUT and SILENCE too."""

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    was_ascii: bool = True
    was_encrypted: bool = False
    connections: int = 0

    async def handle_MAIL(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self.reply(server, "MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self.reply(server, "RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 as above
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        self.mails.append(mail)
        self.was_ascii = envelope.content.isascii()
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.was_encrypted = session.ssl is not None
        return await self.reply(server, "DOT", "250 2.0.0 queued as 4F2")

    async def reply(self, server: SMTP, step: str, usual: str) -> str:
        reply = self.replies.get(step, usual)
        if reply == CUT:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if reply == SILENCE:
            # Until the client leaves: the task goes with the connection.
            await asyncio.get_running_loop().create_future()
        return reply

    def log_in(self, _: Any, __: Any, ___: Any, mechanism: str, login: LoginPassword) -> AuthResult:
        self.logins.append(f"{mechanism} {login.login.decode()}")
        return AuthResult(success=login.password == b"right", handled=False)


class _Server(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 aiosmtpd's name
        if "DATA" in self.event_handler.replies:
            await self.push(await self.event_handler.reply(self, "DATA", "354 go ahead"))
        else:
            await super().smtp_DATA(arg)


@asynccontextmanager
async def a_relay(tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> AsyncIterator[Relay]:
    relay, loop = Relay(), asyncio.get_running_loop()

    def one_connection() -> SMTP:
        relay.connections += 1
        starttls = None if implicit else tls
        return _Server(
            relay,
            hostname="relay.example.org",
            loop=loop,
            tls_context=starttls,
            authenticator=relay.log_in,
            auth_require_tls=not implicit,
        )

    server = await loop.create_server(one_connection, "127.0.0.1", 0, ssl=tls if implicit else None)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        await asyncio.sleep(0.01)


def patient(config: Config, replies: Mapping[str, str] | None = None) -> Config:
    """Time enough on any machine, but for a step at which silence is kept."""
    silent = {step for step, reply in (replies or {}).items() if reply == SILENCE}
    return replace(
        config,
        timeout=0.3 if silent - {"DOT"} else 60,
        last_timeout=0.3 if "DOT" in silent else 60,
    )


@asynccontextmanager
async def a_port_that_says(*lines: bytes) -> AsyncIterator[int]:
    """Says one thing at once and one after each command, then hangs up: what no SMTP server would."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line)
            if not await reader.readline():
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.01)


def a_certificate(folder: Path, key: rsa.RSAPrivateKey) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1, signed by itself: the file to trust it by, and a server that has it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public, both = folder / "ca.pem", folder / "relay.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(private + public.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context
