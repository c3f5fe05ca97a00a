"""Answers that were asked for labels from a file are told from those to messages that came in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # All that is there came in. The default stays: an app of the release before may be writing still.
    op.add_column("predictions", sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("predictions", "imported")
