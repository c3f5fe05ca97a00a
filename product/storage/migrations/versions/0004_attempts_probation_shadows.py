"""Attempts count by number, not by the clock; activations on probation; challengers that run in the shadow."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LABELS = "label IN ('negative', 'neutral', 'positive')"


def upgrade() -> None:
    # The defaults stay: an app of the release before may be writing still.
    op.add_column("attempts", sa.Column("up_to", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE attempts SET up_to = coalesce("
        "(SELECT max(id) FROM feedback_events WHERE feedback_events.at <= attempts.started_at), 0)"
    )
    op.add_column("activations", sa.Column("probation", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "shadows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(64), nullable=False),
        sa.Column("champion", sa.String(64), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("read_to", MOMENT, nullable=False),
        sa.Column("read_id", sa.String(32), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("differed", sa.Integer(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_shadows_version_id_versions"),
        sa.ForeignKeyConstraint(["champion"], ["versions.id"], name="fk_shadows_champion_versions"),
        sa.PrimaryKeyConstraint("id", name="pk_shadows"),
    )
    op.create_table(
        "shadow_disagreements",
        sa.Column("shadow_id", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.String(32), nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.CheckConstraint(LABELS, name=op.f("ck_shadow_disagreements_label")),
        sa.ForeignKeyConstraint(["shadow_id"], ["shadows.id"], name="fk_shadow_disagreements_shadow_id_shadows"),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name="fk_shadow_disagreements_prediction_id_predictions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shadow_id", "prediction_id", name="pk_shadow_disagreements"),
    )
    op.create_index("ix_shadow_disagreements_prediction_id", "shadow_disagreements", ["prediction_id"])


def downgrade() -> None:
    op.drop_table("shadow_disagreements")
    op.drop_table("shadows")
    op.drop_column("activations", "probation")
    op.drop_column("attempts", "up_to")
