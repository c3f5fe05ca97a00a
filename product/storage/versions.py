"""Queries on model versions: what each has learned, which one is active, and which one runs in shadow mode."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from product.codes import FeedbackCode, Outcome, Reason, RunCode
from product.identity import PRODUCT, Actor
from product.sentiment import NotFound, Status
from product.storage.feedback import TRAINABLE_STATUSES, current_statuses, product_event
from product.storage.tables import (
    ActivationRow,
    AttemptRow,
    FeedbackRow,
    LearnedRow,
    PredictionRow,
    ShadowDisagreementRow,
    ShadowRow,
    VersionRow,
    now,
)


@dataclass(frozen=True)
class NewVersion:
    """A version whose folder is complete. `learned`: feedback id to the label that the version was trained with."""

    id: str
    parent: str | None = None
    corrections: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    verdict: dict[str, Any] = field(default_factory=dict)
    learned: Mapping[str, str] = field(default_factory=dict)


def add_version(session: Session, version: NewVersion) -> None:
    session.add(
        VersionRow(
            id=version.id,
            parent=version.parent,
            corrections=version.corrections,
            metrics=version.metrics,
            verdict=version.verdict,
        )
    )
    session.flush()
    session.add_all(
        LearnedRow(version_id=version.id, feedback_id=id, label=label) for id, label in version.learned.items()
    )


def get_version(session: Session, *, id: str) -> VersionRow | None:
    return session.get(VersionRow, id)


def all_versions(session: Session) -> list[VersionRow]:
    """Newest first."""
    return list(session.scalars(select(VersionRow).order_by(VersionRow.created_at.desc(), VersionRow.id.desc())))


def count_versions(session: Session) -> int:
    return session.scalar(select(func.count(VersionRow.id))) or 0


def learned_labels(session: Session, *, version_id: str) -> dict[str, str]:
    """What a version has learned: feedback id to the label it was trained with."""
    rows = select(LearnedRow.feedback_id, LearnedRow.label).where(LearnedRow.version_id == version_id)
    return dict(session.execute(rows).tuples().all())


def learned_in(session: Session, *, feedback_id: str, label: str, active_version: str | None) -> str | None:
    """The earliest version ever active that learned the correction with this label.

    None unless the active version learned it too: after a rollback it is no longer learned.
    """
    learned = select(LearnedRow.version_id).where(LearnedRow.feedback_id == feedback_id, LearnedRow.label == label)
    if active_version not in session.scalars(learned).all():
        return None
    return session.scalar(
        select(VersionRow.id)
        .where(VersionRow.id.in_(learned), exists().where(ActivationRow.version_id == VersionRow.id))
        .order_by(VersionRow.created_at, VersionRow.id)
        .limit(1)
    )


# Activations


@dataclass(frozen=True)
class Activation:
    """Why a version becomes active, and who decided it. `note` is the reason that a person wrote.

    `probation`: it becomes active automatically, so it may be rolled back automatically.
    """

    reasons: Sequence[Reason]
    actor: Actor = PRODUCT
    note: str = ""
    probation: bool = False


def activate_version(session: Session, version_id: str, activation: Activation) -> None:
    """Make a version the active one, and add to the history of each correction that becomes learned or unlearned.

    Raises NotFound for an unknown version.
    """
    if get_version(session, id=version_id) is None:
        raise NotFound(f"No model version is called {version_id}.")
    before = _trainable_learned_by(session, version_id=active_version(session))
    after = _trainable_learned_by(session, version_id=version_id)
    session.add(
        ActivationRow(
            version_id=version_id,
            reasons=list(activation.reasons),
            actor=activation.actor,
            note=activation.note,
            probation=activation.probation,
        )
    )
    session.flush()
    learned = Reason(FeedbackCode.learned, {"version": version_id})
    not_learned = Reason(FeedbackCode.not_learned, {"version": version_id})
    session.add_all(product_event(id, Status.learned.value, learned) for id in sorted(after - before))
    statuses = current_statuses(session, sorted(before - after))
    session.add_all(product_event(id, status, not_learned) for id, status in statuses.items())


def _trainable_learned_by(session: Session, *, version_id: str | None) -> set[str]:
    """The ids of corrections that the version learned, and that still have that label and a trainable status."""
    rows = session.scalars(
        select(FeedbackRow.id)
        .join(LearnedRow, LearnedRow.feedback_id == FeedbackRow.id)
        .where(LearnedRow.version_id == version_id, LearnedRow.label == FeedbackRow.label)
        .where(FeedbackRow.status.in_(TRAINABLE_STATUSES))
    )
    return set(rows)


def active_version(session: Session) -> str | None:
    return session.scalar(select(ActivationRow.version_id).order_by(ActivationRow.id.desc()).limit(1))


def latest_activation(session: Session, *, lock: bool = False) -> ActivationRow | None:
    """The activation of the active version. `lock`: other transactions wait here until this one ends."""
    latest = select(ActivationRow).order_by(ActivationRow.id.desc()).limit(1)
    found = session.scalar(latest.with_for_update() if lock else latest)
    # After waiting for the lock, the row returned may no longer be the latest.
    return session.scalar(latest) if lock else found


def versions_by_activation(session: Session) -> list[str]:
    """The active version, then those active before it, most recent first, each once."""
    latest = func.max(ActivationRow.id)
    return list(
        session.scalars(select(ActivationRow.version_id).group_by(ActivationRow.version_id).order_by(latest.desc()))
    )


# Shadow mode


def start_shadow(session: Session, *, version_id: str, champion: str, ends_at: datetime) -> None:
    """Start shadow mode for a version, ending that of another."""
    earlier = open_shadow(session, lock=True)
    if earlier:
        replaced = Reason(RunCode.shadow_replaced, {"version": version_id})
        finish_shadow(session, earlier, outcome=Outcome.awaiting_approval, reasons=[replaced])
    start = now()
    session.add(
        ShadowRow(version_id=version_id, champion=champion, started_at=start, ends_at=ends_at, position_at=start)
    )


def open_shadow(session: Session, *, lock: bool = False) -> ShadowRow | None:
    """The shadow that has not finished. `lock`: other transactions wait here until this one ends."""
    unfinished = select(ShadowRow).where(ShadowRow.finished_at.is_(None)).order_by(ShadowRow.id.desc()).limit(1)
    return session.scalar(unfinished.with_for_update() if lock else unfinished)


def latest_shadows(session: Session) -> dict[str, ShadowRow]:
    """Version id to its latest shadow."""
    return {row.version_id: row for row in session.scalars(select(ShadowRow).order_by(ShadowRow.id))}


def next_shadow_predictions(session: Session, shadow: ShadowRow, *, before: datetime, limit: int) -> list[Row[Any]]:
    """The champion's next predictions for incoming messages, oldest first: id, created_at, text, label."""
    made, position = PredictionRow.created_at, shadow.position_at
    further = or_(made > position, and_(made == position, PredictionRow.id > shadow.position_id))
    wanted = (
        select(PredictionRow.id, made, PredictionRow.text, PredictionRow.label)
        .where(further, made < before, PredictionRow.text != "", ~PredictionRow.imported)
        .where(PredictionRow.model_version == shadow.champion)
        .order_by(made, PredictionRow.id)
        .limit(limit)
    )
    return list(session.execute(wanted))


def record_shadow_predictions(
    session: Session, shadow: ShadowRow, *, predictions: list[Row[Any]], differing: dict[str, str]
) -> None:
    """Store how far the shadow has read. `differing`: prediction id to the challenger's label, where it differs."""
    shadow.position_at, shadow.position_id = predictions[-1].created_at, predictions[-1].id
    shadow.predictions_read += len(predictions)
    shadow.predictions_differing += len(differing)
    # A message may have been deleted since it was read.
    existing = session.scalars(select(PredictionRow.id).where(PredictionRow.id.in_(differing)))
    session.add_all(
        ShadowDisagreementRow(shadow_id=shadow.id, prediction_id=id, label=differing[id]) for id in existing
    )


def finish_shadow(session: Session, shadow: ShadowRow, *, outcome: str, reasons: Sequence[Reason]) -> None:
    """Record the outcome, also with the attempt that made the version."""
    shadow.finished_at, shadow.outcome, shadow.reasons = now(), str(outcome), list(reasons)
    attempt = session.scalar(select(AttemptRow).where(AttemptRow.version_id == shadow.version_id))
    if attempt:
        attempt.outcome, attempt.reasons = str(outcome), list(reasons)


def shadow_disagreements(session: Session, limit: int) -> list[Row[Any]]:
    """Uncorrected predictions that the latest shadow's challenger labels differently, newest first:
    prediction_id, label (the challenger's)."""
    latest = select(func.max(ShadowRow.id)).scalar_subquery()
    row = ShadowDisagreementRow
    wanted = (
        select(row.prediction_id, row.label)
        .join(PredictionRow, row.prediction_id == PredictionRow.id)
        .where(row.shadow_id == latest, PredictionRow.text != "")
        .where(~exists().where(FeedbackRow.prediction_id == row.prediction_id))
        .order_by(PredictionRow.created_at.desc(), row.prediction_id)
        .limit(limit)
    )
    return list(session.execute(wanted))
