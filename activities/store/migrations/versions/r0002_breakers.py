"""The providers' breakers, and the calls they go by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Two tables more."""
    op.create_table(
        "breakers",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("probing_until", _MOMENT),
        sa.PrimaryKeyConstraint("provider", name="pk_breakers"),
        sa.CheckConstraint(
            "state IN ('closed', 'open', 'forced open', 'forced closed')", name="ck_breakers_state"
        ),
    )
    op.create_table(
        "calls",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("begins_at", _MOMENT, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "begins_at", name="pk_calls"),
    )


def downgrade() -> None:
    """The counts are lost, and every provider is called again."""
    op.drop_table("calls")
    op.drop_table("breakers")
