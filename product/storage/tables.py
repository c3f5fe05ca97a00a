"""The tables. A text is stored once, with its prediction; corrections refer to it.

People are three columns (product/identity.py), and reasons are codes with values (product/codes.py).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

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
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column, relationship

from product.codes import Reason
from product.identity import Actor, ActorKind

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """SQLite drops the zone of a timestamp: stores UTC and returns UTC with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class ReasonList(TypeDecorator[list[Reason]]):
    """A list of {code, values}."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[Reason] | None, dialect: Any) -> list[dict[str, Any]]:
        return [reason.as_dict() for reason in value or ()]

    def process_result_value(self, value: list[dict[str, Any]] | None, dialect: Any) -> list[Reason]:
        return [Reason.from_dict(content) for content in value or ()]


class ActorKindName(TypeDecorator[ActorKind]):
    """An ActorKind, stored as its name."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: ActorKind | None, dialect: Any) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Any) -> ActorKind | None:
        return None if value is None else ActorKind(value)


def now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Reason]: ReasonList,
        ActorKind: ActorKindName,
    }


MAX_NAME = 128
"""Characters in the key and in the name of an actor."""
LABEL_CHECK = "label IN ('negative', 'neutral', 'positive')"
STATUS_CHECK = "status IN ('pending', 'accepted', 'quarantined', 'learned', 'rejected', 'erased')"


class PredictionRow(Table):
    """A prediction as it was returned."""

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
    """Made for a label from a file. It is not traffic: statistics of incoming messages leave it out."""


class FeedbackRow(Table):
    """A correction or confirmation: one row per contributor and prediction."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint(
            "prediction_id", "actor_kind", "actor_key", "actor_name", name="uq_feedback_prediction_id_actor"
        ),
        CheckConstraint(LABEL_CHECK, name="label"),
        CheckConstraint(STATUS_CHECK, name="status"),
        Index("ix_feedback_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id"))
    actor_kind: Mapped[ActorKind]
    actor_key: Mapped[str] = mapped_column(String(MAX_NAME))
    actor_name: Mapped[str] = mapped_column(String(MAX_NAME))
    label: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    reviewer_kind: Mapped[ActorKind | None]
    reviewer_key: Mapped[str | None] = mapped_column(String(MAX_NAME))
    reviewer_name: Mapped[str | None] = mapped_column(String(MAX_NAME))

    actor: Mapped[Actor] = composite(Actor, "actor_kind", "actor_key", "actor_name")
    reviewer: Mapped[Actor | None] = composite(
        Actor, "reviewer_kind", "reviewer_key", "reviewer_name", return_none_on=lambda kind, key, name: kind is None
    )
    """Who decided that it is accepted or rejected. No automatic rule changes such a decision."""

    prediction: Mapped[PredictionRow] = relationship()
    history: Mapped[list["FeedbackEventRow"]] = relationship(order_by="FeedbackEventRow.id")


class FeedbackEventRow(Table):
    """A change of a correction's status, with its reason."""

    __tablename__ = "feedback_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[str] = mapped_column(ForeignKey("feedback.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(default=now)
    actor_kind: Mapped[ActorKind]
    actor_key: Mapped[str] = mapped_column(String(MAX_NAME))
    actor_name: Mapped[str] = mapped_column(String(MAX_NAME))
    code: Mapped[str] = mapped_column(String(32))
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(Text, default="")
    """The reason that a reviewer wrote."""

    actor: Mapped[Actor] = composite(Actor, "actor_kind", "actor_key", "actor_name")

    @property
    def reason(self) -> Reason:
        return Reason(self.code, self.values)


class VersionRow(Table):
    """A model version with a folder in the versions store."""

    __tablename__ = "versions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    corrections: Mapped[int] = mapped_column(default=0)
    metrics: Mapped[dict[str, Any]]
    verdict: Mapped[dict[str, Any]]


class ActivationRow(Table):
    """An append-only log; its last row names the active version."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    reasons: Mapped[list[Reason]]
    note: Mapped[str] = mapped_column(Text, default="")
    """The reason that a person wrote."""
    actor_kind: Mapped[ActorKind]
    actor_key: Mapped[str] = mapped_column(String(MAX_NAME))
    actor_name: Mapped[str] = mapped_column(String(MAX_NAME))
    probation: Mapped[bool] = mapped_column(default=False)
    """Promoted automatically: it may be rolled back automatically as well."""

    actor: Mapped[Actor] = composite(Actor, "actor_kind", "actor_key", "actor_name")


class LearnedRow(Table):
    """A correction in a version's training data, with the label it had then."""

    __tablename__ = "learned"

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    feedback_id: Mapped[str] = mapped_column(ForeignKey("feedback.id"), primary_key=True, index=True)
    label: Mapped[str] = mapped_column(String(8))


class AttemptRow(Table):
    """A retraining run and its outcome."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    reasons: Mapped[list[Reason]] = mapped_column(default=list)
    version_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    last_event_id: Mapped[int] = mapped_column(default=0)
    """The newest feedback event that the run has read. Not a time: a clock that is set back would hide later events."""
    publishing_version: Mapped[str | None] = mapped_column(String(64))
    """The version whose folder the run is about to publish. If the run is killed, that folder may exist unrecorded."""
    verdict: Mapped[dict[str, Any] | None]


class ShadowRow(Table):
    """A challenger in shadow mode: it labels the champion's messages, and its labels are not shown."""

    __tablename__ = "shadows"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    champion: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    started_at: Mapped[datetime] = mapped_column(default=now)
    ends_at: Mapped[datetime]
    position_at: Mapped[datetime]
    """When the last prediction that it scored was made; `position_id` is that prediction's id."""
    position_id: Mapped[str] = mapped_column(String(32), default="")
    predictions_read: Mapped[int] = mapped_column(default=0)
    predictions_differing: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    reasons: Mapped[list[Reason]] = mapped_column(default=list)


class ShadowDisagreementRow(Table):
    """A prediction that the challenger labels differently, with its label."""

    __tablename__ = "shadow_disagreements"
    __table_args__ = (CheckConstraint(LABEL_CHECK, name="label"),)

    shadow_id: Mapped[int] = mapped_column(ForeignKey("shadows.id"), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    label: Mapped[str] = mapped_column(String(8))
