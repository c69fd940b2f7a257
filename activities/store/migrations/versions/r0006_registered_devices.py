"""Since when devices are registered: a provider may have found a token dead before that."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """One column. Of the devices there are, nobody knows."""
    op.add_column("addresses", sa.Column("registered_at", _MOMENT))


def downgrade() -> None:
    """What any provider says of a token counts again."""
    with op.batch_alter_table("addresses") as addresses:
        addresses.drop_column("registered_at")
