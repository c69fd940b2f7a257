"""The first tables: recipients and addresses, the ledger, the inbox, dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_WORD = sa.String(16)
_CHANNELS = "('push', 'sms', 'email', 'in_app')"
_ROLES = "('customer', 'merchant', 'courier')"
_STATUSES = (
    "('PENDING', 'RETRYING', 'SENT', 'DELIVERED', 'READ', 'FAILED', "
    "'SUPERSEDED', 'SUPPRESSED', 'EXPIRED', 'UNKNOWN')"
)
_VERDICTS = "('send', 'told', 'held', 'off', 'refused', 'suppressed', 'expired')"
_UNSETTLED = sa.text("status IN ('PENDING', 'RETRYING')")


def upgrade() -> None:
    """From an empty database."""
    _recipients()
    _notifications()
    _inbox()
    _dead_letters()


def downgrade() -> None:
    """Back to an empty database: everything is lost."""
    for table in ("dead_letters", "inbox", "notifications", "addresses", "recipients"):
        op.drop_table(table)


def _recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("role", _WORD, nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Time()),
        sa.Column("quiet_until", sa.Time()),
        sa.PrimaryKeyConstraint("recipient_id", name="pk_recipients"),
        sa.CheckConstraint(f"role IN {_ROLES}", name="ck_recipients_role"),
    )
    op.create_table(
        "addresses",
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("gone_at", _MOMENT),
        sa.Column("gone_reason", sa.String()),
        sa.PrimaryKeyConstraint("recipient_id", "channel", "position", name="pk_addresses"),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["recipients.recipient_id"],
            name="fk_addresses_recipient_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(f"channel IN {_CHANNELS}", name="ck_addresses_channel"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("role", _WORD, nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("statuses", sa.JSON(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("status", _WORD, nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String()),
        sa.Column("provider_reference", sa.String()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT),
        sa.Column("delivered_at", _MOMENT),
        sa.Column("deadline", _MOMENT, nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("newest_status", sa.String(), nullable=False),
        sa.Column("newest_at", _MOMENT, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("failing_since", _MOMENT),
        sa.Column("is_in_doubt", sa.Boolean(), nullable=False),
        sa.Column("superseded_by", sa.String(36)),
        sa.Column("verdict", _WORD, nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("instead_of", _WORD),
        sa.PrimaryKeyConstraint("message_id", name="pk_notifications"),
        sa.CheckConstraint(f"role IN {_ROLES}", name="ck_notifications_role"),
        sa.CheckConstraint(f"channel IN {_CHANNELS}", name="ck_notifications_channel"),
        sa.CheckConstraint(f"status IN {_STATUSES}", name="ck_notifications_status"),
        sa.CheckConstraint(f"verdict IN {_VERDICTS}", name="ck_notifications_verdict"),
        sa.CheckConstraint(f"instead_of IN {_CHANNELS}", name="ck_notifications_instead_of"),
    )
    op.create_index("ix_notifications_order_id", "notifications", ["order_id"])
    op.create_index(
        "ix_notifications_recipient_id_channel_created_at",
        "notifications",
        ["recipient_id", "channel", "created_at"],
    )
    op.create_index(
        "ix_notifications_unsettled",
        "notifications",
        ["updated_at"],
        sqlite_where=_UNSETTLED,
        postgresql_where=_UNSETTLED,
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT),
        sa.Column("read_at", _MOMENT),
        sa.Column("archived_at", _MOMENT),
        sa.PrimaryKeyConstraint("message_id", name="pk_inbox"),
        sa.ForeignKeyConstraint(["message_id"], ["notifications.message_id"], name="fk_inbox_message_id"),
    )
    op.create_index("ix_inbox_recipient_id_created_at", "inbox", ["recipient_id", "created_at"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("dead_letter_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("field", sa.String()),
        sa.Column("raw", sa.String()),
        sa.Column("recipient_id", sa.String()),
        sa.Column("batch", sa.Integer()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("resolved_at", _MOMENT),
        sa.Column("resolution", sa.String()),
        sa.PrimaryKeyConstraint("dead_letter_id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_resolved_at_created_at", "dead_letters", ["resolved_at", "created_at"])
