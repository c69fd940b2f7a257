"""The bridge's settings: which source, how much at a time, and the rules of orders that it starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from bridge.kafka_settings import KafkaSettings
from bridge.nats_settings import NatsSettings
from bridge.reading import number, optional, seconds
from bridge.source import LetGo, Source
from bridge.sqs_settings import SqsSettings
from domain.orders import BadInput, Rules
from settings import port, with_secrets

SOURCES = ("kafka", "sqs", "nats")
IN_FLIGHT = 250
AT_ONCE = 50

# Opens a source that lets us hold so many messages, and says when a part of it is taken from us.
OpenSource = Callable[[int, LetGo], Source]


@dataclass(frozen=True)
class BridgeSettings:
    """``in_flight``: messages held at a time; ``at_once``: calls to Temporal side by side."""

    source: OpenSource
    in_flight: int = IN_FLIGHT
    at_once: int = AT_ONCE
    rules: Rules | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read everything; BadInput names what is wrong and the remedy."""
        environ = with_secrets(environ)
        in_flight = number(environ, "BRIDGE_IN_FLIGHT", IN_FLIGHT, most=10_000)
        return cls(
            source=_source(environ),
            in_flight=in_flight,
            at_once=min(number(environ, "BRIDGE_AT_ONCE", AT_ONCE, most=1_000), in_flight),
            rules=_rules(environ),
            metrics_host=optional(environ, "METRICS_HOST") or "127.0.0.1",
            metrics_port=port(environ, "METRICS_PORT"),
        )

    def open_source(self, let_go: LetGo) -> Source:
        """The source, not entered yet. ``let_go`` is called when a part of it is taken from us."""
        return self.source(self.in_flight, let_go)


def _source(environ: Mapping[str, str]) -> OpenSource:
    """What opens the chosen source. The library of that one alone is loaded."""
    chosen = optional(environ, "BRIDGE_SOURCE")
    try:
        match chosen:
            case "kafka":
                return _kafka(environ)
            case "nats":
                return _nats(environ)
            case "sqs":
                return _sqs(environ)
    except ImportError as missing:
        raise BadInput(
            "BRIDGE_SOURCE", f"{chosen} needs the package {missing.name}, install order-notifications[bridge]"
        ) from None
    known = ", ".join(SOURCES)
    problem = f"{chosen} is no source" if chosen else "missing"
    raise BadInput("BRIDGE_SOURCE", f"{problem}, use one of {known}")


def _kafka(environ: Mapping[str, str]) -> OpenSource:
    settings = KafkaSettings.read(environ)
    from bridge.kafka import KafkaSource  # noqa: PLC0415 see _source

    return lambda _, let_go: KafkaSource(settings, let_go)


def _nats(environ: Mapping[str, str]) -> OpenSource:
    settings = NatsSettings.read(environ)
    from bridge.nats import NatsSource  # noqa: PLC0415 see _source

    return lambda in_flight, _: NatsSource(settings, in_flight)


def _sqs(environ: Mapping[str, str]) -> OpenSource:
    settings = SqsSettings.read(environ)
    from bridge.sqs import SqsSource  # noqa: PLC0415 see _source

    return lambda _, __: SqsSource(settings)


def _rules(environ: Mapping[str, str]) -> Rules | None:
    usual = Rules()
    own = Rules(
        window_seconds=seconds(environ, "BRIDGE_WINDOW_SECONDS", usual.window_seconds, 3600),
        linger_seconds=seconds(environ, "BRIDGE_LINGER_SECONDS", usual.linger_seconds, 7 * 86400),
    )
    return None if own == usual else own
