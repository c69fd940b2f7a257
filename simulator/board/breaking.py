"""Breaks providers and mends them, in words that say what to expect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.orders import BadInput
from simulator.faults import Fault, FaultPlan, Faults, Kind, Provider

PROVIDERS: Mapping[Provider, str] = {
    "fcm": "FCM, push to Android",
    "apns": "APNs, push to iPhones",
    "twilio": "Twilio, texts",
    "smtp": "SMTP, e-mail",
    "ses": "Amazon SES, e-mail",
}
# The demo leaves e-mail to SMTP.
ON_THE_BOARD: Sequence[Provider] = ("fcm", "apns", "twilio", "smtp")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break a provider: what it does meanwhile, and what that leads to."""

    kind: Kind
    does: str
    so: str


# "dead" is left out: a phone that is gone stays gone until its owner is loaded anew.
WAYS: Sequence[Way] = (
    Way("refuse", "refuses every message", "the next channel takes over at once"),
    Way("error", "is down", "tried again, then the next channel"),
    Way("credentials", "rejects our credentials", "tried again, and an operator is called"),
    Way("throttle", "is overloaded", "tried again when it says so"),
    Way("slow", "answers after 10 seconds", "awaited"),
    Way("cut_after", "takes it and hangs up", "nobody knows whether it arrived"),
    Way("undelivered", "takes it and does not deliver", "its receipt makes the next channel take over"),
)
DURATIONS: Mapping[str, str] = {"60": "1 minute", "20": "20 seconds", "300": "5 minutes", "": "until mended"}

_WAYS = {way.kind: way for way in WAYS}
_DETAILS: Mapping[Kind, Mapping[str, float]] = {"slow": {"seconds": 10}, "error": {"status": 503}}


@dataclass(frozen=True, slots=True)
class Broken:
    """A provider that is broken now. ``until`` is None where only mending helps."""

    provider: Provider
    does: str
    so: str
    until: datetime | None


def break_one(faults: Faults, provider: str, kind: str, seconds: str) -> None:
    """Break a provider in one way from now on, beside whatever else is broken. Raises BadInput."""
    if provider not in PROVIDERS:
        raise BadInput("provider", f"use one of {', '.join(PROVIDERS)}")
    if kind not in _WAYS:
        raise BadInput("kind", f"use one of {', '.join(_WAYS)}")
    if seconds not in DURATIONS:
        raise BadInput("seconds", f"use one of {', '.join(filter(None, DURATIONS))}, or none")
    if kind == "undelivered" and provider != "twilio":
        raise BadInput("kind", "only Twilio tells us later that a message was not delivered")
    fault = Fault.model_validate(
        {"kind": kind, "provider": provider, **_DETAILS.get(kind, {}), "for_s": seconds or None}
    )
    _set(faults, [*_others(faults, provider), fault])


def mend(faults: Faults, provider: str) -> None:
    """Mend a provider; none that is named means all of them."""
    _set(faults, _others(faults, provider) if provider else [])


def broken(faults: Faults) -> Mapping[str, Broken]:
    """Which providers are broken now, by name. A fault of every provider is one of each."""
    now = datetime.now(UTC)
    return {
        provider: Broken(provider, *_words(fault), _until(fault, now))
        for fault in reversed(faults.left())
        for provider in PROVIDERS
        if fault.from_s == 0 and fault.provider in (None, provider)
    }


def _others(faults: Faults, provider: str) -> list[Fault]:
    return [fault for fault in faults.left() if fault.provider != provider]


def _set(faults: Faults, wanted: Sequence[Fault]) -> None:
    faults.set(FaultPlan(seed=faults.plan.seed, faults=wanted))


def _words(fault: Fault) -> tuple[str, str]:
    way = _WAYS.get(fault.kind)
    return (way.does, way.so) if way else ("fails", str(fault.kind))


def _until(fault: Fault, now: datetime) -> datetime | None:
    return None if fault.for_s is None else now + timedelta(seconds=fault.for_s)
