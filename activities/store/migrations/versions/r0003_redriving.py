"""What it takes to redrive a dead letter: its batch, its group, and a mark on the rows opened again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_CHANNELS = ("push", "sms", "email", "in_app")
_letters = sa.table(
    "dead_letters",
    *(sa.column(name) for name in ("dead_letter_id", "source", "reason", "field", "reason_group")),
)


def upgrade() -> None:
    """Three columns more. Letters kept so far get their group; their batch is not known any more."""
    op.add_column("notifications", sa.Column("redriven_by", sa.String(36)))
    op.add_column("dead_letters", sa.Column("content", sa.JSON()))
    op.add_column(
        "dead_letters", sa.Column("reason_group", sa.String(), nullable=False, server_default=sa.text("''"))
    )
    _group_what_is_there()


def downgrade() -> None:
    """Letters can be read and discarded, not redriven."""
    op.drop_column("dead_letters", "reason_group")
    op.drop_column("dead_letters", "content")
    op.drop_column("notifications", "redriven_by")


def _group_what_is_there() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(_letters)).all():
        one = _letters.c.dead_letter_id == row.dead_letter_id
        group = _group(row.source, row.reason, row.field)
        connection.execute(sa.update(_letters).where(one).values(reason_group=group))


# As domain.redriving.reason_group was in this version: a migration does not change with the code.
def _group(source: str, reason: str, field: str | None) -> str:
    if field:
        return f"unreadable: {field}"
    if source != "delivery":
        return source
    phrases = reason.partition(" on no channel: ")[2].split("; ")
    channels = [phrase for phrase in phrases if phrase.partition(": ")[0] in _CHANNELS]
    return "unreachable: " + ", ".join(phrase.replace(": ", " ", 1) for phrase in channels)
