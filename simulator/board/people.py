"""The people on the board: the sample people, by names that fit on a phone. Nobody else is ever shown."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from domain.channels import Channel
from domain.recipients import Recipient, read_recipients
from domain.status import Role
from simulator.board.iphone import owner_of

SAMPLE_PEOPLE = Path(__file__).parent.with_name("people.json")
_NAMES = {"c-42": "Ana", "c-43": "Luis", "m-7": "Burger Barn", "d-3": "Courier"}
_LANGUAGES = {"en": "English", "es": "Spanish"}


@dataclass(frozen=True, slots=True)
class Person:
    """One of the sample people. ``recipient_id`` may be of one run alone, ``name`` never is."""

    recipient_id: str
    name: str
    recipient: Recipient = field(repr=False)

    @property
    def role(self) -> Role:
        """In what capacity they hear about orders."""
        return self.recipient.role

    @property
    def is_on_iphone(self) -> bool:
        """Whether their first device is an iPhone."""
        return bool(self.recipient.devices) and self.recipient.devices[0].platform == "ios"

    @property
    def reads(self) -> str:
        """In which language they are told."""
        return _LANGUAGES.get(self.recipient.locale, self.recipient.locale)

    def has(self, channel: Channel) -> bool:
        """Whether there is anywhere to send to."""
        return bool(self.recipient.addresses(channel))


class People:
    """Everybody on the board, by id and by address."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = {person.recipient_id: person for person in people}
        self._at = {address: person for person in self for address in _addresses(person.recipient)}

    @classmethod
    def of_the_sample(cls, id_of: Callable[[str], str] = str) -> Self:
        """The sample people, by the ids that they have in this run."""
        recipients = read_recipients(json.dumps(sample_people(str)))
        return cls(Person(id_of(one.recipient_id), _NAMES[one.recipient_id], one) for one in recipients)

    def __iter__(self) -> Iterator[Person]:
        """Everybody, as they stand in the file."""
        return iter(self._people.values())

    def find(self, recipient_id: str) -> Person | None:
        """Somebody by their id, None for whom the board does not know."""
        return self._people.get(recipient_id)

    def at(self, address: str) -> Person | None:
        """Whose address or Live Activity it is, None for a stranger's."""
        return self._at.get(address) or self._people.get(owner_of(address) or "")

    def in_role(self, role: Role) -> Sequence[Person]:
        """Everybody of one role."""
        return [person for person in self if person.role is role]

    def with_live_activities(self) -> Mapping[str, str]:
        """The ids of those whose app shows orders on the lock screen, by their push-to-start tokens."""
        return {
            token: person.recipient_id
            for person in self
            for device in person.recipient.devices
            if (token := device.live_activity_token)
        }


def sample_people(id_of: Callable[[str], str], *, with_live_activities: bool = True) -> list[dict[str, Any]]:
    """The sample people as they are loaded, by the ids that they have in this run.

    ``with_live_activities``: those with an iPhone have their orders on its lock screen.
    """
    people: list[dict[str, Any]] = json.loads(SAMPLE_PEOPLE.read_text())
    for person in people:
        for device in person["devices"]:
            if device["platform"] == "ios" and with_live_activities:
                device["live_activity_token"] = f"start of {person['recipient_id']}".encode().hex()
        person["recipient_id"] = id_of(person["recipient_id"])
    return people


def _addresses(recipient: Recipient) -> Iterator[str]:
    for channel in Channel:
        yield from (address.value for address in recipient.addresses(channel))
    yield from (token for device in recipient.devices if (token := device.live_activity_token))
