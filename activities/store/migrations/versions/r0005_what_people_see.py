"""What people see and choose: consents, keys of callers, changes of inboxes, and variants of wording."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
# What is in an inbox already gets its numbers in the order in which it came.
_NUMBER_CHANGES = sa.text(
    "UPDATE inbox SET change = (SELECT count(*) FROM inbox AS other "
    "WHERE other.recipient_id = inbox.recipient_id AND (other.created_at < inbox.created_at "
    "OR (other.created_at = inbox.created_at AND other.message_id <= inbox.message_id)))"
)
_ARE_NEW = sa.text("UPDATE inbox SET number = change")
_PLACES = {
    "shown": "archived_at IS NULL",
    "archived": "archived_at IS NOT NULL",
    "unread": "read_at IS NULL AND archived_at IS NULL",
}
_COUNT_CHANGES = sa.text(
    "INSERT INTO inbox_heads (recipient_id, changes) "
    "SELECT recipient_id, count(*) FROM inbox GROUP BY recipient_id"
)
# What would pass for a change is refused already here; the chain shows the rest.
_FOR_EVER = {
    "postgresql": (
        "CREATE FUNCTION consents_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'consents are never changed or deleted'; END $$",
        "CREATE TRIGGER consents_stay BEFORE UPDATE OR DELETE ON consents "
        "FOR EACH ROW EXECUTE FUNCTION consents_are_for_ever()",
    ),
    "sqlite": tuple(
        f"CREATE TRIGGER consents_are_not_{name} BEFORE {event} ON consents "
        "BEGIN SELECT RAISE(ABORT, 'consents are never changed or deleted'); END"
        for event, name in (("UPDATE", "updated"), ("DELETE", "deleted"))
    ),
}


def upgrade() -> None:
    """Columns, indexes and four tables more."""
    op.add_column("recipients", sa.Column("caps", sa.JSON()))
    _explanations()
    _consents()
    _inbox_changes()
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )


def downgrade() -> None:
    """Consents and keys are lost."""
    for index in ("recipient_id_change", "recipient_id_order_id_number", *_PLACES):
        op.drop_index(f"ix_inbox_{index}", "inbox")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("change")
        inbox.drop_column("number")
    op.create_index("ix_inbox_recipient_id_created_at", "inbox", ["recipient_id", "created_at"])
    for table in ("api_keys", "inbox_heads", "consent_heads", "consents"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consents_are_for_ever()")
    op.drop_index("ix_dead_letters_order_id", "dead_letters")
    op.drop_index("ix_notifications_variant", "notifications")
    with op.batch_alter_table("notifications") as notifications:
        notifications.drop_column("choices")
        notifications.drop_column("variant")
    with op.batch_alter_table("recipients") as recipients:
        recipients.drop_column("caps")


def _explanations() -> None:
    op.add_column("notifications", sa.Column("variant", sa.String()))
    op.add_column("notifications", sa.Column("choices", sa.JSON()))
    is_there = sa.text("variant IS NOT NULL")
    op.create_index(
        "ix_notifications_variant",
        "notifications",
        ["variant"],
        sqlite_where=is_there,
        postgresql_where=is_there,
    )
    op.create_index("ix_dead_letters_order_id", "dead_letters", ["order_id"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("recipient_id", sa.String()),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON()),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_consents"),
    )
    op.create_index("ix_consents_recipient_id_number", "consents", ["recipient_id", "number"])
    op.create_index("ix_consents_address_number", "consents", ["address", "number"])
    for statement in _FOR_EVER[op.get_context().dialect.name]:
        op.execute(statement)
    op.create_table(
        "consent_heads",
        sa.Column("chain", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_consent_heads"),
    )


def _inbox_changes() -> None:
    op.create_table(
        "inbox_heads",
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipient_id", name="pk_inbox_heads"),
    )
    for name in ("number", "change"):
        op.add_column("inbox", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.execute(_NUMBER_CHANGES)
    op.execute(_ARE_NEW)
    op.drop_index("ix_inbox_recipient_id_created_at", "inbox")
    op.create_index("ix_inbox_recipient_id_change", "inbox", ["recipient_id", "change"])
    op.create_index("ix_inbox_recipient_id_order_id_number", "inbox", ["recipient_id", "order_id", "number"])
    for name, only in _PLACES.items():
        where = sa.text(only)
        op.create_index(
            f"ix_inbox_{name}",
            "inbox",
            ["recipient_id", "number"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.execute(_COUNT_CHANGES)
