"""What was told: the ledger, the inbox, Live Activities, receipts and dead letters."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from activities.store.columns import OutsideText, one_of
from activities.store.tables.base import Base
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Role, Status
from domain.telling import Verdict


class NotificationRow(Base):
    """One row of the ledger: one batch for one recipient on one channel, for ever.

    ``verdict`` is what was decided when the row was written and ``held`` the channels, with their paths,
    that were to wait for their turn: together they are the plan, whatever became of the row since.
    ``instead_of`` is the failed channel that this one took over from. ``is_in_doubt``: an attempt was made
    that may have arrived, although we heard no answer. ``events``, ``newest_status`` and
    ``newest_at`` are of the batch's own news, not of what it carries for older ones. ``redriven_by`` is the
    run of the redrive that opened it again, or for the first time. ``variant``: the wording it is told in,
    where several are being compared. ``choices`` are the recipient's own wishes that were decided by, where
    they differ from the defaults.
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
    variant: Mapped[str | None]
    choices: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        Index(None, "order_id"),
        Index(None, "recipient_id", "channel", "created_at"),
        Index(
            "ix_notifications_variant",
            "variant",
            sqlite_where=text("variant IS NOT NULL"),
            postgresql_where=text("variant IS NOT NULL"),
        ),
        Index(
            "ix_notifications_unsettled",
            "updated_at",
            sqlite_where=text("status IN ('PENDING', 'RETRYING')"),
            postgresql_where=text("status IN ('PENDING', 'RETRYING')"),
        ),
    )


def _index(name: str, only: str) -> Index:
    """The inbox of a recipient in its order, as far as ``only`` goes."""
    where = text(only)
    return Index(f"ix_inbox_{name}", "recipient_id", "number", sqlite_where=where, postgresql_where=where)


class InboxRow(Base):
    """In-app news, in the words it was told in.

    ``number`` is that of the change it came with, its place in the inbox for ever; ``change`` is the number
    of its newest change.
    """

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
    number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    change: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        Index(None, "recipient_id", "change"),
        Index(None, "recipient_id", "order_id", "number"),
        _index("shown", "archived_at IS NULL"),
        _index("archived", "archived_at IS NOT NULL"),
        _index("unread", "read_at IS NULL AND archived_at IS NULL"),
    )


class InboxHeadRow(Base):
    """How many changes a recipient's inbox had: whoever makes the next holds this row until it is there.

    So changes are seen in the order of their numbers, and what counts against a recipient's caps is counted
    by one plan at a time.
    """

    __tablename__ = "inbox_heads"

    recipient_id: Mapped[str] = mapped_column(primary_key=True)
    changes: Mapped[int] = mapped_column(BigInteger)


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

    __table_args__ = (Index(None, "resolved_at", "created_at"), Index(None, "order_id"))


notifications = cast("Table", NotificationRow.__table__)
inbox = cast("Table", InboxRow.__table__)
inbox_heads = cast("Table", InboxHeadRow.__table__)
live_activities = cast("Table", LiveActivityRow.__table__)
receipts = cast("Table", ReceiptRow.__table__)
dead_letters = cast("Table", DeadLetterRow.__table__)
