"""The tables. A text is stored once, with its prediction; a correction points at it."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator):
    """SQLite drops the zone of a timestamp: store UTC, give back UTC with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect):
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect):
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime, dict: JSON, list: JSON}


LABEL_CHECK = "label IN ('negative', 'neutral', 'positive')"
STATUS_CHECK = "status IN ('pending', 'accepted', 'quarantined', 'learned', 'rejected', 'erased')"


class PredictionRow(Table):
    """One answer, as it was shown."""

    __tablename__ = "predictions"
    __table_args__ = (CheckConstraint(LABEL_CHECK, name="label"), Index("ix_predictions_created_at", "created_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    text: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(8))
    negative: Mapped[float]
    neutral: Mapped[float]
    positive: Mapped[float]
    language: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(16))
    truncated: Mapped[bool]
    model_version: Mapped[str] = mapped_column(String(64))
    imported: Mapped[bool] = mapped_column(default=False)
    """Asked for a label from a file: no message that came in, so the traffic is not judged by it."""


class FeedbackRow(Table):
    """What a person said of a prediction: one row per actor and prediction."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("prediction_id", "actor", name="uq_feedback_prediction_id_actor"),
        CheckConstraint(LABEL_CHECK, name="label"),
        CheckConstraint(STATUS_CHECK, name="status"),
        Index("ix_feedback_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id"))
    actor: Mapped[str] = mapped_column(String(128))
    label: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    reviewed_by: Mapped[str | None] = mapped_column(String(128))
    """Who, with the lead role, decided that it is accepted or rejected: no automatic rule changes that."""

    prediction: Mapped[PredictionRow] = relationship()
    history: Mapped[list["FeedbackEventRow"]] = relationship(order_by="FeedbackEventRow.id")


class FeedbackEventRow(Table):
    """Every change of a correction's status, with the reason."""

    __tablename__ = "feedback_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[str] = mapped_column(ForeignKey("feedback.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(default=now)
    who: Mapped[str] = mapped_column(String(128))
    why: Mapped[str] = mapped_column(Text)


class VersionRow(Table):
    """A model version that has a folder in the versions store."""

    __tablename__ = "versions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    corrections: Mapped[int] = mapped_column(default=0)
    metrics: Mapped[dict]
    verdict: Mapped[dict]


class ActivationRow(Table):
    """A log that is only appended to; its last row names the active version."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    why: Mapped[str] = mapped_column(Text)
    probation: Mapped[bool] = mapped_column(default=False)
    """Made active by no person: people's corrections may still take it back."""


class LearnedRow(Table):
    """A correction that is in a version's training data, with the label it had then."""

    __tablename__ = "learned"

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    feedback_id: Mapped[str] = mapped_column(ForeignKey("feedback.id"), primary_key=True, index=True)
    label: Mapped[str] = mapped_column(String(8))


class AttemptRow(Table):
    """One run of the loop and what it decided."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")
    version_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    up_to: Mapped[int] = mapped_column(default=0)
    """The newest feedback event that it knew of. Not the time: a clock that is set back would hide what came since."""
    publishes: Mapped[str | None] = mapped_column(String(64))
    """The version whose folder it is about to put in its place; of a run that was killed, what nobody recorded."""
    verdict: Mapped[dict | None]


class ShadowRow(Table):
    """A challenger that reads what the champion answered, unseen, until its time is over."""

    __tablename__ = "shadows"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    champion: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    started_at: Mapped[datetime] = mapped_column(default=now)
    until: Mapped[datetime]
    read_to: Mapped[datetime]
    """With `read_id`: the last answer that it has read, by when it was given."""
    read_id: Mapped[str] = mapped_column(String(32), default="")
    read: Mapped[int] = mapped_column(default=0)
    differed: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")


class ShadowDisagreementRow(Table):
    """An answer to which the challenger would have given another label: this one."""

    __tablename__ = "shadow_disagreements"
    __table_args__ = (CheckConstraint(LABEL_CHECK, name="label"),)

    shadow_id: Mapped[int] = mapped_column(ForeignKey("shadows.id"), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    label: Mapped[str] = mapped_column(String(8))
