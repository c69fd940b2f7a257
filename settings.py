"""Every knob, read once from the environment. A wrong one is one clear line that names it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from activities import channels
from domain.orders import BadInput

API_PORT = 8085
# By key: events, and whatever else a key opens. By recipient. By address: without a key or token, and with
# one that is none.
API_RATES: Mapping[str, str] = {
    "events": "6000/minute",
    "calls": "600/minute",
    "recipients": "240/minute",
    "strangers": "300/minute",
    "attempts": "20/minute",
}
# Open orders that a worker process keeps in memory, at 60 to 160 KiB each.
ORDERS_CACHED = 2_000
QUEUES = ("order-notifications", "send-push", "send-sms", "send-email")


@dataclass(frozen=True)
class Build:
    """Which version of our code a worker is, to Temporal: a build of a deployment."""

    deployment: str
    build_id: str

    def __str__(self) -> str:
        """For people."""
        return f"build {self.build_id} of {self.deployment}"


@dataclass(frozen=True)
class Settings:
    """What a process of ours needs to know. Temporal's own settings are read by Temporal's own reader.

    ``migrates``: it makes and changes the tables as it starts, or only looks whether somebody did. ``rates``:
    calls a second to each provider by its upper-case name, for the whole fleet. ``orders_cached``:
    how many open orders a worker process keeps in memory. ``public_url``:
    where the world reaches our HTTP API, None where it does not. ``sns_topic``: where SES's events come from.
    ``temporal_ui``: where operators find Temporal's own pages, None where there are none.
    ``api_rates``: how often each kind of caller may call it; ``api_origins``: whose web apps may;
    ``api_proxies``: whose word is believed on where a call comes from. ``is_sandboxed``: workflows run in
    Temporal's sandbox, which finds what is not deterministic in them and takes a third of a worker's time.
    ``build``: which version of our code a worker is, None where workers are not told apart.
    """

    database_url: str = field(repr=False)
    migrates: bool = True
    providers: Sequence[channels.Config] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    api_metrics_port: int | None = None
    orders_cached: int = ORDERS_CACHED
    public_url: str | None = None
    api_host: str = "127.0.0.1"
    api_port: int = API_PORT
    sns_topic: str | None = None
    temporal_ui: str | None = None
    api_rates: Mapping[str, str] = field(default_factory=lambda: API_RATES)
    api_origins: Sequence[str] = ()
    api_proxies: str | None = None
    is_sandboxed: bool = False
    build: Build | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read everything; :class:`BadInput` names what is wrong and the remedy."""
        environ = with_secrets(environ)
        return cls(
            database_url=database_url(environ),
            migrates=migrates(environ),
            providers=channels.configured(environ),
            rates={
                name.removeprefix(_RATE): _positive(name, value)
                for name, value in environ.items()
                if name.startswith(_RATE) and value
            },
            metrics_host=environ.get("METRICS_HOST", "").strip() or "127.0.0.1",
            metrics_port=port(environ, "METRICS_PORT"),
            api_metrics_port=port(environ, "API_METRICS_PORT"),
            orders_cached=_count(environ, "ORDERS_CACHED", ORDERS_CACHED),
            public_url=public_url(environ),
            api_host=environ.get("API_HOST", "").strip() or "127.0.0.1",
            api_port=port(environ, "API_PORT", API_PORT) or API_PORT,
            sns_topic=_topic(environ, "SES_SNS_TOPIC_ARN"),
            temporal_ui=_temporal_ui(environ, "TEMPORAL_UI_URL"),
            api_rates=_api_rates(environ, "API_RATE"),
            api_origins=_origins(environ, "API_CORS_ORIGINS"),
            api_proxies=_proxies(environ, "API_FORWARDED_ALLOW_IPS", "FORWARDED_ALLOW_IPS"),
            is_sandboxed=_switch(environ, "WORKFLOW_SANDBOX"),
            build=_build(environ, "TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"),
        )

    def rate_of(self, provider: str) -> float | None:
        """The provider's own limit, if it has one."""
        return self.rates.get(provider.upper())


def with_secrets(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with secrets read from files: ``DATABASE_URL_FILE`` names one with a ``DATABASE_URL``.

    An empty file is as if there were none, so that one deployment fits those with and without a provider.
    """
    files = {name: environ.get(f"{name}_FILE", "").strip() for name in _SECRETS}
    found = {name: _secret(name, file) for name, file in files.items() if file}
    return {**environ, **{name: value for name, value in found.items() if value}}


def _secret(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{name}_FILE", f"{file} cannot be read, name a file that holds {name}") from None


_SECRETS = (
    "DATABASE_URL",
    "TWILIO_AUTH_TOKEN",
    "SMTP_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "KAFKA_SASL_PASSWORD",
    "NATS_PASSWORD",
)
_RATE = "PROVIDER_RATE_"
_DATABASES = ("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+psycopg")


def database_url(environ: Mapping[str, str]) -> str:
    """Where the ledger is: a file in ``DATA_DIR`` unless ``DATABASE_URL`` says otherwise."""
    environ = with_secrets(environ)
    if given := environ.get("DATABASE_URL"):
        if given.partition("://")[0] not in _DATABASES:
            # The URL holds a password as often as not: it is not repeated.
            raise BadInput(
                "DATABASE_URL", "is no database of ours, write for example postgresql://user@host/name"
            )
        return given
    folder = data_dir(environ)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput("DATA_DIR", f"{folder} cannot be made: {error.strerror}") from None
    return f"sqlite:///{folder.absolute()}/order-notifications.db"


def migrates(environ: Mapping[str, str]) -> bool:
    """Whether a program makes and changes the tables as it starts, or only sees that somebody did."""
    return _switch(environ, "DATABASE_MIGRATE", default="on")


def data_dir(environ: Mapping[str, str]) -> Path:
    """Where embedded parts keep their files."""
    return Path(environ.get("DATA_DIR") or ".data")


def port(environ: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    """A port to listen on, from 1 to 65535."""
    value = environ.get(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise BadInput(name, f"{value} is not a port, give a number from 1 to 65535")
    return int(value)


def public_url(environ: Mapping[str, str]) -> str | None:
    """Where providers and recipients reach us, without a trailing slash: an https URL, unless on loopback."""
    if not environ.get("PUBLIC_URL", "").strip():
        return None
    url = channels.base_url(environ, "PUBLIC_URL", "https://notifications.example.org")
    if url.startswith("http:") and urlsplit(url).hostname not in _LOOPBACK:
        raise BadInput("PUBLIC_URL", "is not https, which links in e-mails and webhooks need")
    return url


def _build(environ: Mapping[str, str], *names: str) -> Build | None:
    """The names that Temporal's own controller of workers sets."""
    given = [environ.get(name, "").strip() for name in names]
    if not any(given):
        return None
    for name, value in zip(names, given, strict=True):
        if not _PART_OF_A_VERSION.fullmatch(value):
            raise BadInput(
                name,
                f"{value!r} is no name, write letters, digits, - and _, or set none of {', '.join(names)}",
            )
    return Build(*given)


def _temporal_ui(environ: Mapping[str, str], name: str) -> str | None:
    if not environ.get(name, "").strip():
        return None
    return channels.base_url(environ, name, "https://temporal.example.org")


def _topic(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "").strip()
    if value and not _TOPIC.fullmatch(value):
        raise BadInput(name, "is no topic, write for example arn:aws:sns:eu-west-1:123456789012:ses-events")
    return value or None


def _api_rates(environ: Mapping[str, str], name: str) -> Mapping[str, str]:
    value = environ.get(name, "").strip()
    if value == "off":
        return {}
    rates = dict(API_RATES)
    for part in filter(None, (part.strip() for part in value.split(","))):
        kind, _, rate = (word.strip() for word in part.partition("="))
        if kind not in API_RATES or not _RATE_OF_CALLS.fullmatch(rate):
            known = ", ".join(API_RATES)
            raise BadInput(
                name, f"{part} is no rate, write off or for example strangers=300/minute; there are {known}"
            )
        rates[kind] = rate
    return rates


def _origins(environ: Mapping[str, str], name: str) -> Sequence[str]:
    found = _listed(environ.get(name, ""))
    for origin in found:
        parts = urlsplit(origin)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not (is_safe and parts.hostname and origin == f"{parts.scheme}://{parts.netloc}"):
            raise BadInput(name, f"{origin} is no origin, write for example https://app.example.org")
    return found


def _proxies(environ: Mapping[str, str], *names: str) -> str | None:
    name = next((name for name in names if environ.get(name, "").strip()), None)
    if name is None:
        return None
    found = _listed(environ[name])
    for address in found:
        try:
            address == "*" or ip_network(address)
        except ValueError:
            raise BadInput(
                name, f"{address} is no address, write for example 10.0.0.7 or 10.0.0.0/8"
            ) from None
    return ",".join(found)


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


_RATE_OF_CALLS = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour)")
# Temporal puts a version together from its two parts, by a dot or a colon.
_PART_OF_A_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]{3,}:[0-9]{12}:[a-zA-Z0-9_-]{1,256}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _switch(environ: Mapping[str, str], name: str, default: str = "off") -> bool:
    value = environ.get(name, "").strip() or default
    if value not in {"on", "off"}:
        raise BadInput(name, f"{value} is neither, write on or off")
    return value == "on"


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit() and int(value) < 10_000_000):
        raise BadInput(name, "is not a number of orders, give 0 or more")
    return int(value)


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise BadInput(name, "is not a number of calls a second above 0")
    return number
