"""What the preference centre shows of a recipient, and what its form says they want."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from activities.store.opt_outs import Said
from activities.wording import FluentWording
from activities.wording.places import time_zones
from api.reading import Form
from domain.channels import DEFAULT_GRID, Channel, Reach
from domain.editing import Edit
from domain.recipients import OptOut, QuietHours, Recipient, is_time_zone
from domain.status import Status
from domain.wishes import keyed, masked

# What the inbox keeps costs nobody anything: no other way can fail it.
_CHOICES: Mapping[Channel, Sequence[Reach]] = {Channel.IN_APP: (Reach.ON, Reach.OFF)}
_USUAL = (time(22), time(7))
# An owner who said so by these may take it back here; a STOP to a provider is taken back at the provider.
_TAKEN_BACK_HERE = ("preference page", "one-click")


class Unclear(ValueError):
    """The form says something that its page cannot."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One channel of one step. ``is_overruled``: the owner of the address wants nothing of it there."""

    name: str
    channel: Channel
    reach: Reach
    choices: Sequence[Reach]
    is_overruled: bool
    is_heard: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to an order, in the words in which it is told."""

    title: str
    example: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Device:
    """A device as its owner recognises it. ``key`` names it without saying what it is."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is reached on a channel; ``said`` is the phrase for what its owner said of it."""

    channel: Channel
    address: str | None
    devices: Sequence[Device]
    said: str | None


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet hours as the form has them."""

    wanted: bool
    start: str
    end: str

    @classmethod
    def of(cls, quiet: QuietHours | None) -> "Hours":
        """As they are, or as people usually want them."""
        start, end = (quiet.start, quiet.end) if quiet else _USUAL
        return cls(quiet is not None, f"{start:%H:%M}", f"{end:%H:%M}")


class Centre:
    """What the page shows. ``hours``: as they were sent, when they cannot be used."""

    def __init__(
        self,
        person: Recipient,
        said: Mapping[Channel, Said],
        wording: FluentWording,
        secret: str,
        hours: Hours | None = None,
    ) -> None:
        self._person, self._said, self._wording, self._secret = person, said, wording, secret
        self.unclear = hours is not None
        shown = hours or Hours.of(person.quiet_hours)
        self.is_quiet, self.quiet_from, self.quiet_until = shown.wanted, shown.start, shown.end
        self.zone, self.languages = person.time_zone, wording.languages

    @property
    def zones(self) -> Mapping[str, str]:
        """Every time zone there is to choose, and the one that is chosen."""
        known = time_zones(self._wording.phrases(self._person.locale).tag)
        return known if self.zone in known else {self.zone: self.zone, **known}

    @property
    def places(self) -> Sequence[Place]:
        """Where they are reached."""
        return [self._place(channel) for channel in (Channel.PUSH, Channel.SMS, Channel.EMAIL)]

    @property
    def steps(self) -> Iterable[Step]:
        """What they are told of, by what their role is told."""
        role, locale = self._person.role, self._person.locale
        for status in Status:
            if role in status.rule.told:
                words = self._wording.words(locale, role, Channel.IN_APP, (status,), {})
                yield Step(words.title, words.text, [self._cell(status, channel) for channel in Channel])

    def _cell(self, status: Status, channel: Channel) -> Cell:
        person = self._person
        reach, in_force = chosen(person, status, channel), person.reach(status, channel, person.role)
        is_reached = channel is Channel.IN_APP or bool(person.addresses(channel))
        choices = _CHOICES.get(channel, tuple(Reach))
        return Cell(
            name=f"{status}.{channel}",
            channel=channel,
            reach=reach,
            choices=choices if reach in choices else (*choices, reach),
            is_overruled=in_force is not reach,
            is_heard=is_reached and in_force is not Reach.OFF,
        )

    def _place(self, channel: Channel) -> Place:
        addresses = self._person.addresses(channel)
        if channel is Channel.PUSH:
            devices = [Device(masked(one), keyed(self._secret, one)) for one in addresses]
            return Place(channel, None, devices, None)
        address = masked(addresses[0]) if addresses else None
        return Place(channel, address, (), _phrase(self._said.get(channel)))


def chosen(person: Recipient, status: Status, channel: Channel) -> Reach:
    """What somebody chose, or the default: without regard to what they opted out of."""
    default = DEFAULT_GRID[person.role][channel][status]
    return person.preferences.get(status, {}).get(channel, default)


def may_be_taken_back(said: Said) -> bool:
    """Whether a word on an address can be taken back on the page."""
    return said.channel is Channel.EMAIL or said.source in _TAKEN_BACK_HERE


def _phrase(said: Said | None) -> str | None:
    if said is None:
        return None
    if not may_be_taken_back(said):
        return "stop"
    return "records-here" if said.covers is OptOut.OPTIONAL else "nothing-here"


def hours_in(form: Form) -> Hours:
    """The quiet hours in a form, as they were sent."""
    given = dict(form)
    return Hours(given.get("quiet") == "on", given.get("quiet_from", ""), given.get("quiet_until", ""))


def wanted(form: Form, wording: FluentWording) -> Edit:
    """What a form says, as an edit; quiet hours that cannot be read stay. Raises :class:`Unclear`."""
    given = dict(form)
    cells = {name: _reach(value) for name, value in form if "." in name}
    zone, locale = given.get("time_zone"), given.get("locale")
    if (zone and not is_time_zone(zone)) or (locale and locale not in wording.languages):
        raise Unclear
    hours = hours_in(form)

    def edit(person: Recipient) -> Recipient:
        update: dict[str, object] = {"preferences": _grid(person, cells)}
        if zone:
            update["time_zone"] = zone
        if locale and wording.phrases(person.locale).tag != locale:
            update["locale"] = locale
        if is_clear(hours):
            update["quiet_hours"] = _quiet(hours)
        return person.model_copy(update=update)

    return edit


def is_clear(hours: Hours) -> bool:
    """Whether quiet hours can be used."""
    try:
        _quiet(hours)
    except ValueError:
        return False
    return True


def _quiet(hours: Hours) -> QuietHours | None:
    if not hours.wanted:
        return None
    return QuietHours(start=time.fromisoformat(hours.start), end=time.fromisoformat(hours.end))


def _reach(value: str) -> Reach:
    try:
        return Reach(value)
    except ValueError:
        raise Unclear from None


def _grid(person: Recipient, cells: Mapping[str, Reach]) -> dict[Status, dict[Channel, Reach]]:
    """The grid with what was changed in it: what was left as it is stays a default if it was one."""
    grid = {status: dict(reaches) for status, reaches in person.preferences.items()}
    for status in Status:
        for channel in Channel:
            reach = cells.get(f"{status}.{channel}")
            if reach and reach is not chosen(person, status, channel):
                grid.setdefault(status, {})[channel] = reach
    return grid
