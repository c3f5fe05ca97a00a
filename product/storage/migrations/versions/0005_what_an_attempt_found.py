"""An attempt says which version it is about to publish, and keeps the verdict on what it did not."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("publishes", sa.String(64), nullable=True))
    op.add_column("attempts", sa.Column("verdict", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "verdict")
    op.drop_column("attempts", "publishes")
