"""People: recipients, their addresses, what they opted out of, what they consented to, and who may call."""

from datetime import datetime, time
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from activities.store.columns import OutsideText, one_of
from activities.store.tables.base import Base
from domain.channels import Channel
from domain.recipients import Kind, OptOut
from domain.status import Role


class RecipientRow(Base):
    """Somebody who hears about orders, without their contact details."""

    __tablename__ = "recipients"

    recipient_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    locale: Mapped[str]
    time_zone: Mapped[str]
    preferences: Mapped[dict[str, Any]]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    caps: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class AddressRow(Base):
    """One contact detail. ``gone_at``: a provider told us that it is dead or opted out.

    ``registered_at``: when a device last said that this is its own; None where only a list had it.
    The key is the place in the list it was given in: a push token may be too long for PostgreSQL to index.
    """

    __tablename__ = "addresses"

    recipient_id: Mapped[str] = mapped_column(
        ForeignKey(RecipientRow.recipient_id, ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    platform: Mapped[str]
    value: Mapped[str] = mapped_column(OutsideText)
    environment: Mapped[str]
    gone_at: Mapped[datetime | None]
    gone_reason: Mapped[str | None] = mapped_column(OutsideText)
    kind: Mapped[Kind] = mapped_column(one_of(Kind, "kind"), server_default=text("'plain'"))
    live_activity_token: Mapped[str | None] = mapped_column(OutsideText)
    registered_at: Mapped[datetime | None]


class OptOutRow(Base):
    """What the owner of a phone number or a mailbox does not want there, whoever gives us that address."""

    __tablename__ = "opt_outs"

    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"), primary_key=True)
    value: Mapped[str] = mapped_column(OutsideText, primary_key=True)
    covers: Mapped[OptOut] = mapped_column(one_of(OptOut, "covers"))
    source: Mapped[str]
    at: Mapped[datetime]


class ConsentRow(Base):
    """One change of what somebody gets, or where, for ever: never updated, never deleted.

    ``subject`` says what changed, such as ``preferences`` or ``address sms``; ``actor`` who changed it and
    ``source`` by what. ``address`` is the keyed digest of the address it is about: contact details are here
    only in a form that cannot be read. ``digest`` covers the row and ``previous``, the digest of the row
    before it. Triggers refuse to update or delete a row.
    """

    __tablename__ = "consents"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    recipient_id: Mapped[str | None]
    subject: Mapped[str]
    address: Mapped[str | None] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(OutsideText)
    source: Mapped[str] = mapped_column(OutsideText)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index(None, "recipient_id", "number"), Index(None, "address", "number"))


class ConsentHeadRow(Base):
    """Where the chain of consents ends: one row, held by whoever adds to the chain until they are done."""

    __tablename__ = "consent_heads"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))


class ApiKeyRow(Base):
    """A key that an order service or an operator calls the API with. The key itself is not kept."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(OutsideText)
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SigningKeyRow(Base):
    """A secret that our own links are signed with. The newest signs; older ones are still good to read."""

    __tablename__ = "signing_keys"

    key_id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime]


recipients = cast("Table", RecipientRow.__table__)
addresses = cast("Table", AddressRow.__table__)
opt_outs = cast("Table", OptOutRow.__table__)
consents = cast("Table", ConsentRow.__table__)
consent_heads = cast("Table", ConsentHeadRow.__table__)
api_keys = cast("Table", ApiKeyRow.__table__)
signing_keys = cast("Table", SigningKeyRow.__table__)
