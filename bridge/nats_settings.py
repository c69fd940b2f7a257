"""The settings of NATS, by the names that its own command has for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from bridge.reading import both_or_none, file, optional, required
from domain.orders import BadInput

_NO_NAME = set(".*> /\\")


@dataclass(frozen=True)
class NatsSettings:
    """Where the events are, and where those go that nobody can read. By the names of the ``nats`` command."""

    url: str = field(repr=False)
    subject: str
    durable: str
    dead_letters: str
    stream: str | None = None
    creds: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read them, or BadInput naming the one that is wrong or missing."""
        user, password = both_or_none(environ, "NATS_USER", "NATS_PASSWORD")
        durable = optional(environ, "NATS_DURABLE") or "order-notifications"
        if set(durable) & _NO_NAME:
            raise BadInput("NATS_DURABLE", f"{durable} is no consumer's name, use letters, digits and -")
        return cls(
            url=required(environ, "NATS_URL", "nats://127.0.0.1:4222"),
            subject=required(environ, "NATS_SUBJECT", "orders.events.>"),
            durable=durable,
            dead_letters=required(environ, "NATS_DEAD_LETTER_SUBJECT", "orders.dead-letters"),
            stream=optional(environ, "NATS_STREAM"),
            creds=file(environ, "NATS_CREDS"),
            user=user,
            password=password,
            ca=file(environ, "NATS_CA"),
        )
