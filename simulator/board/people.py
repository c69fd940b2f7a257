"""The people on the board: the sample people, by names that fit on a phone. Nobody else is ever shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from domain.channels import Channel
from domain.recipients import Recipient, read_recipients
from domain.status import Role

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
    """Everybody on the board, by id and by address. ``id_of``: what they are called in this run."""

    def __init__(self, id_of: Callable[[str], str] = str) -> None:
        recipients = read_recipients(SAMPLE_PEOPLE.read_bytes())
        self._people = {
            id_of(one.recipient_id): Person(id_of(one.recipient_id), _NAMES[one.recipient_id], one)
            for one in recipients
        }
        self._at = {
            address.value: person
            for person in self
            for channel in Channel
            for address in person.recipient.addresses(channel)
        }

    @classmethod
    def of(cls, *people: Person) -> Self:
        """Other people than the sample's, for tests that share a stage."""
        found = cls.__new__(cls)
        found._people = {person.recipient_id: person for person in people}
        found._at = {
            address.value: person
            for person in people
            for channel in Channel
            for address in person.recipient.addresses(channel)
        }
        return found

    def __iter__(self) -> Iterator[Person]:
        """Everybody, as they stand in the file."""
        return iter(self._people.values())

    def find(self, recipient_id: str) -> Person | None:
        """Somebody by their id, None for whom the board does not know."""
        return self._people.get(recipient_id)

    def at(self, address: str) -> Person | None:
        """Whose address it is, None for a stranger's."""
        return self._at.get(address)

    def in_role(self, role: Role) -> Sequence[Person]:
        """Everybody of one role."""
        return [person for person in self if person.role is role]
