"""The settings of Kafka, by the names that its own tools have for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bridge.reading import both_or_none, file, number, optional, required
from domain.orders import BadInput

# What a killed bridge held goes to the others after this.
SESSION_MS = 10_000
_SECURE = {"SASL_PLAINTEXT", "SASL_SSL"}


@dataclass(frozen=True)
class KafkaSettings:
    """Where the events are, where those go that nobody can read, and who we are to the brokers."""

    servers: str
    topics: tuple[str, ...]
    group: str
    dead_letters: str
    session_ms: int = SESSION_MS
    security: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read them, or BadInput naming the one that is wrong or missing."""
        given = required(environ, "KAFKA_TOPIC", "order-events")
        topics = tuple(filter(None, (topic.strip() for topic in given.split(","))))
        return cls(
            servers=required(environ, "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
            topics=topics,
            group=optional(environ, "KAFKA_GROUP_ID") or "order-notifications",
            dead_letters=optional(environ, "KAFKA_DEAD_LETTER_TOPIC") or f"{topics[0]}.dead-letters",
            session_ms=number(environ, "KAFKA_SESSION_TIMEOUT_MS", SESSION_MS, most=300_000),
            security=_security(environ),
        )

    @property
    def consuming(self) -> dict[str, Any]:
        """A member of the group: what it stores is committed twice a second, and when partitions leave it."""
        return {
            **self._common,
            "group.id": self.group,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": self.session_ms,
            "heartbeat.interval.ms": self.session_ms // 4,
            "enable.auto.offset.store": False,
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 500,
            "partition.assignment.strategy": "cooperative-sticky",
            # It fetches ahead of what we take: so much memory a partition, not its default of 64 MiB.
            "queued.max.messages.kbytes": 4_096,
        }

    @property
    def parking(self) -> dict[str, Any]:
        """Who writes dead letters: all replicas have them before we go on."""
        return {**self._common, "enable.idempotence": True, "message.timeout.ms": 10_000}

    @property
    def _common(self) -> dict[str, Any]:
        # What it would log we say ourselves, once.
        return {"bootstrap.servers": self.servers, "log_level": 0, **self.security}


def _security(environ: Mapping[str, str]) -> dict[str, str]:
    user, password = both_or_none(environ, "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD")
    given = {
        "security.protocol": optional(environ, "KAFKA_SECURITY_PROTOCOL"),
        "sasl.mechanism": optional(environ, "KAFKA_SASL_MECHANISM"),
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": file(environ, "KAFKA_SSL_CA_LOCATION"),
    }
    if user and (given["security.protocol"] or "").upper() not in _SECURE:
        raise BadInput("KAFKA_SECURITY_PROTOCOL", "has no use for a user, set SASL_SSL or SASL_PLAINTEXT")
    return {name: value for name, value in given.items() if value}
