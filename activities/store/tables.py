"""The tables: recipients and what they opted out of, the ledger, the inbox, dead letters, and providers."""

from datetime import datetime, time
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, MetaData, String, Table, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from activities.store.columns import OutsideText, Path, UtcDateTime, one_of
from domain.breaker import BreakerState
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.recipients import Kind, OptOut
from domain.status import Role, Status
from domain.telling import Verdict

_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Every constraint has a name, so that a migration can change it on both databases."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {
        datetime: UtcDateTime(),
        tuple[Status, ...]: Path(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
    }


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


class AddressRow(Base):
    """One contact detail. ``gone_at``: a provider told us that it is dead or opted out.

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


class OptOutRow(Base):
    """What the owner of a phone number or a mailbox does not want there, whoever gives us that address."""

    __tablename__ = "opt_outs"

    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"), primary_key=True)
    value: Mapped[str] = mapped_column(OutsideText, primary_key=True)
    covers: Mapped[OptOut] = mapped_column(one_of(OptOut, "covers"))
    source: Mapped[str]
    at: Mapped[datetime]


class LiveActivityRow(Base):
    """One order on the lock screen of one device, named by the device's token. Its own token comes later."""

    __tablename__ = "live_activities"

    activity_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str]
    recipient_id: Mapped[str]
    device: Mapped[str] = mapped_column(OutsideText)
    environment: Mapped[str]
    token: Mapped[str | None] = mapped_column(OutsideText)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "order_id", "recipient_id"),
        Index(
            "ix_live_activities_shown",
            "started_at",
            sqlite_where=text("ended_at IS NULL AND token IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND token IS NOT NULL"),
        ),
    )


class ReceiptRow(Base):
    """One message of a provider's about a notification, by the provider's own id of it: each counts once."""

    __tablename__ = "receipts"

    receipt_id: Mapped[str] = mapped_column(OutsideText, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36))
    provider: Mapped[str]
    state: Mapped[str]
    code: Mapped[str | None] = mapped_column(OutsideText)
    at: Mapped[datetime]

    __table_args__ = (Index(None, "message_id"),)


class SigningKeyRow(Base):
    """A secret that our own links are signed with. The newest signs; older ones are still good to read."""

    __tablename__ = "signing_keys"

    key_id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime]


class NotificationRow(Base):
    """One row of the ledger: one batch for one recipient on one channel, for ever.

    ``verdict`` is what was decided when the row was written and ``held`` the channels, with their paths,
    that were to wait for their turn: together they are the plan, whatever became of the row since.
    ``instead_of`` is the failed channel that this one took over from. ``is_in_doubt``: an attempt was made
    that may have arrived, although we heard no answer. ``events``, ``newest_status`` and
    ``newest_at`` are of the batch's own news, not of what it carries for older ones. ``redriven_by`` is the
    run of the redrive that opened it again, or for the first time.
    """

    __tablename__ = "notifications"

    message_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str]
    recipient_id: Mapped[str]
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"))
    statuses: Mapped[tuple[Status, ...]]
    batch: Mapped[int]
    status: Mapped[NotificationStatus] = mapped_column(one_of(NotificationStatus, "status"))
    reason: Mapped[str | None] = mapped_column(OutsideText)
    retry_count: Mapped[int] = mapped_column(default=0)
    provider: Mapped[str | None]
    provider_reference: Mapped[str | None] = mapped_column(OutsideText)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    deadline: Mapped[datetime]
    events: Mapped[list[str]]
    newest_status: Mapped[str]
    newest_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    priority: Mapped[int]
    failing_since: Mapped[datetime | None]
    is_in_doubt: Mapped[bool]
    superseded_by: Mapped[str | None] = mapped_column(String(36))
    verdict: Mapped[Verdict] = mapped_column(one_of(Verdict, "verdict"))
    held: Mapped[dict[str, Any]]
    instead_of: Mapped[Channel | None] = mapped_column(one_of(Channel, "instead_of"))
    redriven_by: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (
        Index(None, "order_id"),
        Index(None, "recipient_id", "channel", "created_at"),
        Index(
            "ix_notifications_unsettled",
            "updated_at",
            sqlite_where=text("status IN ('PENDING', 'RETRYING')"),
            postgresql_where=text("status IN ('PENDING', 'RETRYING')"),
        ),
    )


class InboxRow(Base):
    """In-app news, in the words it was told in."""

    __tablename__ = "inbox"

    message_id: Mapped[str] = mapped_column(ForeignKey(NotificationRow.message_id), primary_key=True)
    recipient_id: Mapped[str]
    order_id: Mapped[str]
    title: Mapped[str] = mapped_column(OutsideText)
    text: Mapped[str] = mapped_column(OutsideText)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "recipient_id", "created_at"),)


class DeadLetterRow(Base):
    """Something kept for a person to decide on. ``raw`` is as it came: it may hold anything.

    ``content`` is the whole batch of one that reached nobody; those of the first versions have none.
    """

    __tablename__ = "dead_letters"

    dead_letter_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(OutsideText)
    source: Mapped[str] = mapped_column(OutsideText)
    reason: Mapped[str] = mapped_column(OutsideText)
    field: Mapped[str | None] = mapped_column(OutsideText)
    raw: Mapped[str | None] = mapped_column(OutsideText)
    recipient_id: Mapped[str | None]
    batch: Mapped[int | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason_group: Mapped[str] = mapped_column(OutsideText, server_default=text("''"))
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(OutsideText)

    __table_args__ = (Index(None, "resolved_at", "created_at"),)


class BreakerRow(Base):
    """Whether the fleet calls a provider, and until when somebody is probing it."""

    __tablename__ = "breakers"

    provider: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[BreakerState] = mapped_column(one_of(BreakerState, "state"))
    since: Mapped[datetime]
    reason: Mapped[str]
    probing_until: Mapped[datetime | None]


class CallsRow(Base):
    """Calls to a provider in one stretch of time, from all workers together."""

    __tablename__ = "calls"

    provider: Mapped[str] = mapped_column(primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failures: Mapped[int]


recipients = cast("Table", RecipientRow.__table__)
addresses = cast("Table", AddressRow.__table__)
opt_outs = cast("Table", OptOutRow.__table__)
live_activities = cast("Table", LiveActivityRow.__table__)
receipts = cast("Table", ReceiptRow.__table__)
signing_keys = cast("Table", SigningKeyRow.__table__)
notifications = cast("Table", NotificationRow.__table__)
inbox = cast("Table", InboxRow.__table__)
dead_letters = cast("Table", DeadLetterRow.__table__)
breakers = cast("Table", BreakerRow.__table__)
calls = cast("Table", CallsRow.__table__)
