"""TLS in front of a server that has none: an authority of our own, and a door that asks for certificates."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hpack import Decoder
from hyperframe.frame import Frame, HeadersFrame

HOST = "127.0.0.1"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEADER = 9


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for programs on this machine."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        signed = self._certificate(self._name, self._key, is_authority=True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(signed.public_bytes(Encoding.PEM))

    def issue(self, name: str) -> Identity:
        """A certificate for one program."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._certificate(_named(name), key, is_authority=False)
        made = Identity(self._folder / f"{name}.pem", self._folder / f"{name}-key.pem")
        made.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        made.key.touch(mode=0o600)
        made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        here = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
        return (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(here, critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Door:
    """Terminates TLS in front of a server, and remembers what clients said through it."""

    target: str
    address: str = ""
    said: list[bytearray] = field(default_factory=list)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, target: str, identity: Identity | None, admits: Authority | None = None
    ) -> AsyncIterator[Self]:
        """Until the block ends. ``admits``: whose certificates clients must have; none need one without.

        Without an ``identity`` it is a door that everybody on the way can look through.
        """
        door = cls(target)
        tls = terminating(identity, admits) if identity else None
        async with await asyncio.start_server(door._let_in, HOST, 0, ssl=tls) as server:
            door.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
            yield door

    def calls(self) -> list[Mapping[str, str]]:
        """The headers of every call that came in."""
        return [headers for connection in self.said for headers in _calls_in(bytes(connection))]

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        self.said.append(said := bytearray())
        await asyncio.gather(_pass_on(reader, back, said), _pass_on(there, writer, bytearray()))


def terminating(identity: Identity, admits: Authority | None = None) -> ssl.SSLContext:
    """How a server with this certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    context.set_alpn_protocols(["h2"])
    if admits:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(admits.certificate)
    return context


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, copy: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            copy += data
            writer.write(data)
            await writer.drain()
    writer.close()


def _calls_in(said: bytes) -> Iterator[Mapping[str, str]]:
    """The headers of the calls in what one client said over HTTP/2."""
    rest, headers = memoryview(said.removeprefix(_PREFACE)), Decoder()
    while len(rest) >= _FRAME_HEADER:
        frame, length = Frame.parse_frame_header(rest[:_FRAME_HEADER])
        body, rest = rest[_FRAME_HEADER : _FRAME_HEADER + length], rest[_FRAME_HEADER + length :]
        if isinstance(frame, HeadersFrame):
            frame.parse_body(body)
            yield {str(name): str(value) for name, value in headers.decode(frame.data)}
