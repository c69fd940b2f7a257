"""What others may change of a recipient, and how: by a patch, a grid, or one device at a time."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ConfigDict, ValidationError

from domain.channels import Channel, Reach
from domain.orders import BadInput
from domain.recipients import Device, Personal, QuietHours, Recipient, TimeZone, Token, WrittenLocale
from domain.status import Status

# Each is sent to: no app of one person registers more.
MOST_DEVICES = 20
# As deep as a recipient goes: preferences, status, channel.
_DEPTH = 3

Grid = Mapping[Status, Mapping[Channel, Reach]]
Edit = Callable[[Recipient], Recipient]


class NewGrid(Personal):
    """Preferences in place of those there are. A cell left out takes the default of the role."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"preferences": {"PREPARING": {"push": "off"}}}]}
    )

    preferences: Grid


class OwnWishes(Personal):
    """What recipients may say of themselves. What is left out stays; quiet hours of null are none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"time_zone": "America/New_York", "quiet_hours": {"start": "22:00", "end": "07:00"}}]
        }
    )

    locale: WrittenLocale | None = None
    time_zone: TimeZone | None = None
    quiet_hours: QuietHours | None = None

    def applied_to(self, person: Recipient) -> Recipient:
        """The recipient with what was said."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        kept = {name: value for name, value in said.items() if value is not None or name == "quiet_hours"}
        return person.model_copy(update=kept)


class NamedDevice(Personal):
    """A device by what it is reached by: its token or, on Android, its fid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "tok-1"}]})

    token: Token | None = None
    fid: Token | None = None

    def is_it(self, device: Device) -> bool:
        """Whether a device is the one that is meant."""
        return (device.token, device.fid) == (self.token, self.fid)


def patching(patch: Mapping[str, Any]) -> Edit:
    """A JSON merge patch (RFC 7396): null takes away, lists are replaced. The edit may raise BadInput."""

    def edit(person: Recipient) -> Recipient:
        merged = _merged(person.model_dump(mode="json", exclude_none=True), patch, _DEPTH)
        if merged.get("recipient_id") != person.recipient_id:
            raise BadInput("recipient_id", "cannot be changed, leave it out")
        try:
            return Recipient.model_validate(merged).model_copy(update={"opted_out": person.opted_out})
        except ValidationError as error:
            raise BadInput.first_of(error, "body") from None

    return edit


def adding(device: Device) -> Edit:
    """A device more, or in place of what was said of the same one before. The edit may raise BadInput."""
    named = NamedDevice(token=device.token, fid=device.fid)

    def edit(person: Recipient) -> Recipient:
        devices = [device if named.is_it(one) else one for one in person.devices]
        if device not in devices:
            devices.append(device)
        if len(devices) > MOST_DEVICES and len(devices) > len(person.devices):
            raise BadInput("devices", f"{MOST_DEVICES} are there already, remove one that is not in use")
        return person.model_copy(update={"devices": tuple(devices)})

    return edit


def removing(named: NamedDevice) -> Edit:
    """A device less. One that is not there changes nothing."""

    def edit(person: Recipient) -> Recipient:
        return person.model_copy(
            update={"devices": tuple(one for one in person.devices if not named.is_it(one))}
        )

    return edit


def choosing(grid: Grid) -> Edit:
    """Other preferences in place of all there are."""
    return lambda person: person.model_copy(update={"preferences": grid})


def _merged(now: Mapping[str, Any], patch: Mapping[str, Any], depth: int) -> dict[str, Any]:
    merged = dict(now)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and depth > 1:
            inner = merged.get(name)
            merged[name] = _merged(inner if isinstance(inner, dict) else {}, value, depth - 1)
        else:
            merged[name] = value
    return merged
