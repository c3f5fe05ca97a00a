"""Queries that read many corrections with their predictions: for training, review and export."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from product.codes import FeedbackCode
from product.identity import ActorKind
from product.sentiment import Correction, Status
from product.storage.attempts import last_event_read
from product.storage.feedback import CURRENT_STATUS, WITHDRAWN_STATUSES
from product.storage.tables import FeedbackEventRow, FeedbackRow, PredictionRow


def all_corrections(session: Session) -> list[Correction]:
    """Every correction that is not erased, oldest first. Rejected ones are included: they count against trust."""
    rows = session.execute(_with_predictions().where(FeedbackRow.status != Status.erased.value))
    return [_correction(feedback, prediction) for feedback, prediction in rows]


def _with_predictions() -> Select[FeedbackRow, PredictionRow]:
    return (
        select(FeedbackRow, PredictionRow)
        .join(PredictionRow, FeedbackRow.prediction_id == PredictionRow.id)
        .order_by(FeedbackRow.created_at, FeedbackRow.id)
    )


def _correction(feedback: FeedbackRow, prediction: PredictionRow) -> Correction:
    return Correction(
        id=feedback.id,
        prediction_id=prediction.id,
        text=prediction.text,
        label=feedback.label,
        predicted=prediction.label,
        actor=feedback.actor,
        status=feedback.status,
        model_version=prediction.model_version,
        created_at=feedback.created_at,
        reviewed=feedback.reviewer_kind is not None,
        imported=prediction.imported,
    )


def corrections_with_code(session: Session, code: FeedbackCode) -> set[str]:
    """The ids of corrections with this code anywhere in their history."""
    return set(session.scalars(select(FeedbackEventRow.feedback_id).where(FeedbackEventRow.code == str(code))))


def corrections_to_review(session: Session, *, limit: int) -> list[tuple[FeedbackRow, PredictionRow]]:
    """Up to `limit` corrections that are neither rejected nor erased, with their predictions, oldest first.

    If there are more, quarantined corrections come first, then those changed last.
    """
    quarantined = FeedbackRow.status == Status.quarantined.value
    chosen = select(FeedbackRow.id).where(FeedbackRow.status.not_in(WITHDRAWN_STATUSES))
    chosen = chosen.order_by(quarantined.desc(), FeedbackRow.updated_at.desc(), FeedbackRow.id).limit(limit)
    rows = session.execute(_with_predictions().where(FeedbackRow.id.in_(chosen)))
    return [(feedback, prediction) for feedback, prediction in rows]


def unproven_corrections(session: Session) -> set[str]:
    """The ids of pending corrections that a run has read and left pending: their contributors are not yet trusted."""
    # The history of pending corrections only: opening the queue must not read the whole history.
    pending = select(FeedbackRow.id).where(FeedbackRow.status == Status.pending.value)
    newest = select(func.max(FeedbackEventRow.id)).where(FeedbackEventRow.feedback_id.in_(pending))
    unproven = select(FeedbackEventRow.feedback_id).where(
        FeedbackEventRow.id.in_(newest.group_by(FeedbackEventRow.feedback_id)),
        or_(FeedbackEventRow.id <= last_event_read(session), FeedbackEventRow.actor_kind == ActorKind.product),
    )
    return set(session.scalars(unproven))


def stream_corrections(
    session: Session, *, at_once: int, since: datetime | None = None, statuses: Sequence[str] = ()
) -> Iterator[Sequence[Row[Any]]]:
    """Every correction that is not erased, oldest first, `at_once` at a time, with the status that people see.

    `since`: only corrections given or changed then or later. `statuses`: only corrections with one of these.
    """
    feedback, prediction = FeedbackRow, PredictionRow
    wanted = [feedback.updated_at >= since] if since else []
    wanted += [CURRENT_STATUS.in_(statuses)] if statuses else []
    given = (feedback.id.label("feedback_id"), feedback.label, feedback.actor, CURRENT_STATUS.label("status"))
    predicted = (prediction.text, prediction.label.label("predicted"), prediction.language, prediction.model_version)
    rows = session.execute(
        select(*given, *predicted, feedback.created_at, feedback.updated_at, feedback.comment)
        .join(prediction, feedback.prediction_id == prediction.id)
        .where(feedback.status != Status.erased.value, *wanted)
        .order_by(feedback.created_at, feedback.id)
        .execution_options(yield_per=at_once)
    )
    return rows.partitions()
