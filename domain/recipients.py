"""The person behind a recipient id: contact details, preferences, quiet hours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from domain.channels import DEFAULT_GRID, Channel, Reach
from domain.orders import BadInput, Identifier
from domain.status import Role, Status

# It looks through many folders, and what it finds does not change.
_time_zones = cache(available_timezones)


def is_time_zone(value: str) -> bool:
    """Whether there is such a time zone."""
    return value in _time_zones()


def _known_time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError("unknown time zone, write for example America/New_York")
    return value


def _on_ones_own_clock(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("is on the recipient's own clock and has no time zone, write for example 22:00")
    return value


class Personal(BaseModel):
    """Typed strictly, unlike the wire: a misspelt preference must be refused, not ignored.

    Contact details are hidden from ``repr``, so that neither a log line nor a traceback shows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [(name, value) for name, value in super().__repr_args__() if name not in _CONTACT]


_CONTACT = {"email", "phone", "token", "fid", "live_activity_token", "devices"}
Token = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
WrittenLocale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class Kind(StrEnum):
    """What an address is: plain, a device's Firebase installation id, or one of a Live Activity.

    ``LIVE_START`` starts a Live Activity on the device, ``LIVE`` is the token of one that is there.
    """

    PLAIN = "plain"
    FID = "fid"
    LIVE_START = "live_start"
    LIVE = "live"


class Device(Personal):
    """Something that shows push notifications, by its ``token`` or, on Android, its ``fid``.

    ``environment`` is APNs' own, iOS only, and so is ``live_activity_token``: the push-to-start token of a
    device that wants its orders as Live Activities.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"platform": "android", "token": "tok-1"}]})

    platform: Literal["android", "ios"]
    token: Token | None = None
    fid: Token | None = None
    environment: Literal["production", "sandbox"] = "production"
    live_activity_token: Token | None = None

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.token is None) == (self.fid is None):
            raise ValueError("needs either a token or, on Android, a fid")
        if self.platform == "android" and self.live_activity_token:
            raise ValueError("live_activity_token is for iOS alone, remove it")
        if self.platform == "ios" and self.fid:
            raise ValueError("fid is for Android alone, give the token")
        return self

    @property
    def address(self) -> "Address":
        """Where its alerts go."""
        kind, value = (Kind.FID, self.fid) if self.fid else (Kind.PLAIN, self.token)
        return Address(Channel.PUSH, value or "", self.platform, self.environment, kind)


@dataclass(frozen=True, slots=True)
class Address:
    """One place to send to. The value is a contact detail: ``repr`` does not show it."""

    channel: Channel
    value: str = field(repr=False)
    platform: str = ""
    environment: str = ""
    kind: Kind = Kind.PLAIN


# JSON Schema's own "time" has a time zone.
_OWN_CLOCK = {
    "type": "string",
    "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$",
    "examples": ["22:00"],
}
_OwnTime = Annotated[time, AfterValidator(_on_ones_own_clock), WithJsonSchema(_OWN_CLOCK)]


class QuietHours(Personal):
    """From ``start`` until ``end`` on the recipient's own clock; may pass midnight.

    The clock on the wall decides, also where it is changed: what it shows twice is quiet twice, and hours
    that begin at a time it leaves out begin where it jumps.
    """

    start: _OwnTime
    end: _OwnTime

    def cover(self, moment: time) -> bool:
        """Whether ``moment``, on the recipient's clock, is quiet. Equal ends mean never."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


OPTED_OUT = "opted out"


class OptOut(StrEnum):
    """What the owner of an address does not want there any more: everything, or all that is no record."""

    EVERYTHING = "everything"
    OPTIONAL = "optional"

    def covers(self, status: Status) -> bool:
        """Whether news of this status is not wanted."""
        return self is OptOut.EVERYTHING or not status.rule.record


_SAMPLE: dict[str, Any] = {
    "recipient_id": "c-42",
    "role": "customer",
    "locale": "en",
    "time_zone": "America/New_York",
    "email": "ana@example.org",
    "phone": "+15550100",
    "devices": [{"platform": "android", "token": "tok-1"}, {"platform": "ios", "token": "a1b2"}],
    "preferences": {"OUT_FOR_DELIVERY": {"sms": "on"}, "PREPARING": {"push": "off"}},
    "quiet_hours": {"start": "22:00", "end": "07:00"},
}


class Recipient(Personal):
    """Somebody who hears about orders, as loaded by ``starter.py recipients load``.

    ``caps``: messages an hour on a channel where the usual does not suit them; 0 is none of what can wait.
    ``opted_out`` is their own word, by STOP or by an e-mail's link. It is not loaded: no list overrules it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_SAMPLE]})

    recipient_id: Identifier
    role: Role
    locale: WrittenLocale = "en"
    time_zone: TimeZone = "UTC"
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$", max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    devices: tuple[Device, ...] = ()
    preferences: Mapping[Status, Mapping[Channel, Reach]] = {}
    quiet_hours: QuietHours | None = None
    caps: Mapping[Channel, Annotated[int, Field(strict=True, ge=0, le=1000)]] = {}
    opted_out: Mapping[Channel, OptOut] = Field(default={}, exclude=True)

    @field_validator("caps")
    @classmethod
    def _are_of_loud_channels(cls, caps: Mapping[Channel, int]) -> Mapping[Channel, int]:
        if Channel.IN_APP in caps:
            raise ValueError("in_app has no cap, switch it off by preferences")
        return caps

    @field_validator("opted_out", mode="before")
    @classmethod
    def _is_not_loaded(cls, _: object) -> object:
        raise ValueError("is the recipient's own word and cannot be loaded, remove it")

    def reach(self, status: Status, channel: Channel, role: Role) -> Reach:
        """What this recipient wants of a channel for a status; a cell not set takes the role's default."""
        if (out := self.opted_out.get(channel)) and out.covers(status):
            return Reach.OFF
        return self.preferences.get(status, {}).get(channel, DEFAULT_GRID[role][channel][status])

    def own_choice(self, status: Status, channel: Channel) -> str | None:
        """What they said themselves of a channel for a status; None where the role's default counts."""
        if (out := self.opted_out.get(channel)) and out.covers(status):
            return OPTED_OUT
        return self.preferences.get(status, {}).get(channel)

    def addresses(self, channel: Channel) -> tuple[Address, ...]:
        """Everywhere to send to on ``channel``; the inbox needs none."""
        if channel is Channel.PUSH:
            return tuple(device.address for device in self.devices)
        value = {Channel.SMS: self.phone, Channel.EMAIL: self.email}.get(channel)
        return (Address(channel, value),) if value else ()

    def is_quiet_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) falls into the quiet hours in the recipient's time zone."""
        if self.quiet_hours is None:
            return False
        return self.quiet_hours.cover(moment.astimezone(ZoneInfo(self.time_zone)).time())


def unknown_recipient(recipient_id: str, role: Role) -> Recipient:
    """Stands for an id that nobody loaded: reachable in-app by the id alone, nowhere else."""
    return Recipient(recipient_id=recipient_id, role=role)


_RECIPIENTS = TypeAdapter(list[Recipient])


def read_recipients(text: str | bytes) -> list[Recipient]:
    """The recipients in a JSON list, or :class:`BadInput` naming the entry and field, never its value."""
    return _checked(_RECIPIENTS.validate_json, text)


def check_recipients(raw: Sequence[object]) -> list[Recipient]:
    """The same for a JSON list that was read already."""
    return _checked(_RECIPIENTS.validate_python, raw)


def _checked(validate: Callable[..., list[Recipient]], given: object) -> list[Recipient]:
    try:
        return validate(given)
    except ValidationError as error:
        raise BadInput.first_of(error, "recipients") from None
