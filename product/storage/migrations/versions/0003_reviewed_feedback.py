"""A person's decision on a correction is told from what an automatic rule made of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feedback", sa.Column("reviewed_by", sa.String(128), nullable=True))


def downgrade() -> None:
    op.drop_column("feedback", "reviewed_by")
