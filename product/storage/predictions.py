"""Queries on predictions: saving, sampling, counting and deleting them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Row, case, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from product.sentiment import LABELS, Prediction
from product.storage.feedback import TRAINABLE_STATUSES
from product.storage.tables import FeedbackRow, PredictionRow

ROWS_PER_FETCH = 500


def save_predictions(session: Session, predictions: list[Prediction], *, imported: bool = False) -> None:
    """Store predictions that already have ids. `imported`: made for labels from a file, not for incoming messages."""
    rows = [_column_values(prediction) | {"imported": imported} for prediction in predictions]
    session.execute(insert(PredictionRow), rows)


def _column_values(prediction: Prediction) -> dict[str, Any]:
    names = ("id", "text", "label", "language", "route", "truncated", "model_version")
    return {name: getattr(prediction, name) for name in names} | {label: prediction.scores[label] for label in LABELS}


def delete_uncorrected_predictions(session: Session, *, before: datetime, limit: int = 5000) -> int:
    """Delete up to `limit` predictions older than `before` without corrections; returns how many.

    The limit keeps the write lock short: call again while it returns `limit`.
    """
    old = select(PredictionRow.id).where(PredictionRow.created_at < before, ~_corrected()).limit(limit)
    deleted = session.execute(delete(PredictionRow).where(PredictionRow.id.in_(old)))
    return cast(CursorResult[Any], deleted).rowcount


def sample_predictions(
    session: Session, *, start: datetime, end: datetime, limit: int, uncorrected: bool = False
) -> Iterator[Row[Any]]:
    """Stream up to `limit` predictions made from `start` until before `end`: id, text, label, confidence, language.

    The sample has the lowest ids, in order: ids are random, so it is fair, and the same each time. It leaves out
    imported predictions and erased texts. `uncorrected`: only predictions without any correction.
    """
    chosen = select(PredictionRow.id).where(PredictionRow.created_at >= start, PredictionRow.created_at < end)
    chosen = chosen.where(PredictionRow.text != "", ~PredictionRow.imported)
    if uncorrected:
        chosen = chosen.where(~_corrected())
    scores = {label: getattr(PredictionRow, label) for label in LABELS}
    confidence = case(*((PredictionRow.label == label, score) for label, score in scores.items()))
    columns = (PredictionRow.id, PredictionRow.text, PredictionRow.label, PredictionRow.language)
    # The subquery sorts ids alone, without their texts.
    sample = (
        select(*columns, confidence.label("confidence"))
        .where(PredictionRow.id.in_(chosen.order_by(PredictionRow.id).limit(limit)))
        .order_by(PredictionRow.id)
    )
    yield from session.execute(sample.execution_options(yield_per=ROWS_PER_FETCH))


def uncorrected_predictions(session: Session, *, limit: int, ids: Sequence[str] | None = None) -> list[PredictionRow]:
    """The newest predictions for incoming messages without corrections; if `ids` is given, only these.

    Predictions whose text was erased are left out.
    """
    rows = select(PredictionRow).where(PredictionRow.text != "", ~PredictionRow.imported, ~_corrected())
    if ids is not None:
        rows = rows.where(PredictionRow.id.in_(ids))
    return list(session.scalars(rows.order_by(PredictionRow.created_at.desc(), PredictionRow.id).limit(limit)))


def first_prediction_at(session: Session) -> datetime | None:
    """When the oldest stored prediction for an incoming message was made."""
    return session.scalar(select(func.min(PredictionRow.created_at)).where(~PredictionRow.imported))


def count_predictions(session: Session, *, version: str, start: datetime, end: datetime) -> int:
    """How many predictions a version made for incoming messages from `start` until before `end`."""
    return session.scalar(select(func.count()).where(*_made_by(version, start, end))) or 0


def reported_mistakes(session: Session, *, version: str, start: datetime, end: datetime) -> list[tuple[str, str]]:
    """Pairs of prediction id and contributor source, for the predictions of `count_predictions` that were corrected
    to another label before `end`.

    Quarantined, rejected and erased corrections are left out.
    """
    corrected = (
        FeedbackRow.label != PredictionRow.label,
        FeedbackRow.status.in_(TRAINABLE_STATUSES),
        FeedbackRow.created_at < end,
    )
    pairs = (
        select(PredictionRow.id, FeedbackRow)
        .join(FeedbackRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(*_made_by(version, start, end), *corrected)
    )
    return [(id, feedback.actor.source) for id, feedback in session.execute(pairs)]


def _made_by(version: str, start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    within = PredictionRow.created_at >= start, PredictionRow.created_at < end
    return *within, PredictionRow.model_version == version, ~PredictionRow.imported


def _corrected() -> ColumnElement[bool]:
    return exists().where(FeedbackRow.prediction_id == PredictionRow.id)
