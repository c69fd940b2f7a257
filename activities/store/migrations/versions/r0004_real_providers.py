"""What real providers need: kinds of addresses, opt-outs, Live Activities, receipts, keys for our links."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_WORD = sa.String(16)
_CHANNELS = "('push', 'sms', 'email', 'in_app')"
_SHOWN = sa.text("ended_at IS NULL AND token IS NOT NULL")


def upgrade() -> None:
    """Two columns and four tables more. Every address known so far is a plain one."""
    with op.batch_alter_table("addresses") as addresses:
        addresses.add_column(sa.Column("kind", _WORD, nullable=False, server_default=sa.text("'plain'")))
        addresses.add_column(sa.Column("live_activity_token", sa.String()))
        addresses.create_check_constraint(
            op.f("ck_addresses_kind"), "kind IN ('plain', 'fid', 'live_start', 'live')"
        )
    _opt_outs()
    _live_activities()
    _receipts()
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )


def downgrade() -> None:
    """Opt-outs are lost, and links in e-mails sent so far lead nowhere."""
    for table in ("signing_keys", "receipts", "live_activities", "opt_outs"):
        op.drop_table(table)
    with op.batch_alter_table("addresses") as addresses:
        addresses.drop_constraint(op.f("ck_addresses_kind"), type_="check")
        addresses.drop_column("live_activity_token")
        addresses.drop_column("kind")


def _opt_outs() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("covers", _WORD, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "value", name="pk_opt_outs"),
        sa.CheckConstraint(f"channel IN {_CHANNELS}", name="ck_opt_outs_channel"),
        sa.CheckConstraint("covers IN ('everything', 'optional')", name="ck_opt_outs_covers"),
    )


def _live_activities() -> None:
    op.create_table(
        "live_activities",
        sa.Column("activity_id", sa.String(36), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("token", sa.String()),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.PrimaryKeyConstraint("activity_id", name="pk_live_activities"),
    )
    op.create_index(
        "ix_live_activities_order_id_recipient_id", "live_activities", ["order_id", "recipient_id"]
    )
    op.create_index(
        "ix_live_activities_shown",
        "live_activities",
        ["started_at"],
        sqlite_where=_SHOWN,
        postgresql_where=_SHOWN,
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipts"),
    )
    op.create_index("ix_receipts_message_id", "receipts", ["message_id"])
