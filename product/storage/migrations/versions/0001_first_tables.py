"""The first tables: predictions, feedback with its history, versions with what they learned, attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LABELS = "label IN ('negative', 'neutral', 'positive')"
STATUSES = "status IN ('pending', 'accepted', 'quarantined', 'learned', 'rejected', 'erased')"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("negative", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("positive", sa.Double(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("route", sa.String(16), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.CheckConstraint(LABELS, name=op.f("ck_predictions_label")),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
    )
    op.create_index("ix_predictions_created_at", "predictions", ["created_at"])
    op.create_table(
        "versions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["versions.id"], name="fk_versions_parent_versions"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_activations_version_id_versions"),
        sa.PrimaryKeyConstraint("id", name="pk_activations"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version_id", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_attempts_version_id_versions"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("prediction_id", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(LABELS, name=op.f("ck_feedback_label")),
        sa.CheckConstraint(STATUSES, name=op.f("ck_feedback_status")),
        sa.ForeignKeyConstraint(["prediction_id"], ["predictions.id"], name="fk_feedback_prediction_id_predictions"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("prediction_id", "actor", name="uq_feedback_prediction_id_actor"),
    )
    op.create_index("ix_feedback_created_at", "feedback", ["created_at"])
    op.create_table(
        "feedback_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback.id"], name="fk_feedback_events_feedback_id_feedback"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback_events"),
    )
    op.create_index("ix_feedback_events_feedback_id", "feedback_events", ["feedback_id"])
    op.create_table(
        "learned",
        sa.Column("version_id", sa.String(64), nullable=False),
        sa.Column("feedback_id", sa.String(32), nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback.id"], name="fk_learned_feedback_id_feedback"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_learned_version_id_versions"),
        sa.PrimaryKeyConstraint("version_id", "feedback_id", name="pk_learned"),
    )
    op.create_index("ix_learned_feedback_id", "learned", ["feedback_id"])


def downgrade() -> None:
    tables = ["learned", "feedback_events", "feedback", "attempts", "activations", "versions", "predictions"]
    for table in tables:
        op.drop_table(table)
