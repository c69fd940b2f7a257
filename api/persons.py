"""What the doors to recipients answer: people, what they chose, and what was changed of that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel, Reach
from domain.consents import Consent
from domain.editing import Grid
from domain.recipients import OptOut, QuietHours, Recipient
from domain.status import Role, Status
from domain.wishes import masked


def _for_example(**example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]}, from_attributes=True)


class Loaded(BaseModel):
    """How many recipients a list had."""

    model_config = _for_example(loaded=2)

    loaded: int


_KEPT = (
    "the ledgers, without a contact detail; what was opted out of, by the address; "
    "for minutes, what it takes to clear lock screens"
)


class Erased(BaseModel):
    """What became of a recipient, and what is kept of them."""

    model_config = _for_example(
        recipient_id="c-42",
        erased=True,
        kept=_KEPT,
    )

    recipient_id: str
    erased: bool = Field(description="False where there was nothing to erase")
    kept: str = _KEPT


class Entrance(BaseModel):
    """What lets somebody in to their own inbox and preferences, for a while."""

    model_config = _for_example(
        token="ImMtNDIi.aSampleOnly.signature",  # noqa: S106 it opens nothing
        expires_in=3600,
        url="https://notifications.example.org/enter/ImMtNDIi.aSampleOnly.signature",
    )

    token: str = Field(description="For an app, as `Authorization: Bearer`")
    expires_in: int = Field(description="Seconds")
    url: str = Field(description="For a browser: signs it in and shows the inbox")


_ROW: dict[str, Any] = {
    "number": 12,
    "at": "2026-11-22T12:00:00Z",
    "subject": "preferences",
    "address": None,
    "actor": "recipient",
    "source": "preference centre",
    "before": None,
    "after": {"PREPARING": {"push": "off"}},
    "previous": "9f2c" * 16,
    "digest": "1b7e" * 16,
}


class ConsentRow(BaseModel):
    """One row of the consent ledger. Addresses are masked; ``address`` tells one from another."""

    model_config = _for_example(**_ROW)

    number: int
    at: datetime
    subject: str
    address: str | None
    actor: str
    source: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    previous: str
    digest: str


class ConsentPage(BaseModel):
    """Rows about one recipient and about addresses that are or were theirs, oldest first."""

    model_config = _for_example(consents=[_ROW], next=None)

    consents: list[ConsentRow]
    next: int | None = Field(description="The `after` of the next page; null on the last")

    @classmethod
    def of(cls, rows: tuple[Consent, ...], limit: int) -> "ConsentPage":
        """The page that begins ``rows``, one more than it may hold where another follows."""
        shown = [ConsentRow.model_validate(row) for row in rows[:limit]]
        return cls(consents=shown, next=shown[-1].number if len(rows) > limit else None)


class Wishes(BaseModel):
    """What somebody chose, and what that comes to: opted out counts, defaults fill what was not chosen."""

    model_config = _for_example(
        preferences={"PREPARING": {"push": "off"}},
        in_force={"PREPARING": {"push": "off", "sms": "off", "email": "fallback", "in_app": "on"}},
        opted_out={"sms": "everything"},
    )

    preferences: Grid
    in_force: Mapping[Status, Mapping[Channel, Reach]]
    opted_out: Mapping[Channel, OptOut]

    @classmethod
    def of(cls, person: Recipient) -> "Wishes":
        """The wishes of a recipient, in force for what their role is told."""
        told = [status for status in Status if person.role in status.rule.told]
        in_force = {
            status: {channel: person.reach(status, channel, person.role) for channel in Channel}
            for status in told
        }
        return cls(preferences=person.preferences, in_force=in_force, opted_out=person.opted_out)


class Me(BaseModel):
    """A recipient as they see themselves: addresses can be recognised and not used."""

    model_config = _for_example(
        recipient_id="c-42",
        role="customer",
        locale="en",
        time_zone="America/New_York",
        quiet_hours={"start": "22:00:00", "end": "07:00:00"},
        email="a…@example.org",
        phone="+1555…00",
        devices=["android …ok-1"],
        opted_out={"sms": "everything"},
    )

    recipient_id: str
    role: Role
    locale: str
    time_zone: str
    quiet_hours: QuietHours | None
    email: str | None
    phone: str | None
    devices: list[str]
    opted_out: Mapping[Channel, OptOut]

    @classmethod
    def of(cls, person: Recipient) -> "Me":
        """A recipient, masked."""
        shown = {channel: [masked(one) for one in person.addresses(channel)] for channel in Channel}
        return cls(
            recipient_id=person.recipient_id,
            role=person.role,
            locale=person.locale,
            time_zone=person.time_zone,
            quiet_hours=person.quiet_hours,
            email=next(iter(shown[Channel.EMAIL]), None),
            phone=next(iter(shown[Channel.SMS]), None),
            devices=shown[Channel.PUSH],
            opted_out=person.opted_out,
        )
