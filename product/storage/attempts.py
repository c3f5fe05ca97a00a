"""Queries on retraining attempts, and on the feedback that has come in since."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from product.codes import Reason
from product.identity import ActorKind
from product.sentiment import NotFound
from product.storage.feedback import ACTIVE_VERSION, TRAINABLE_STATUSES, WITHDRAWN_STATUSES
from product.storage.tables import AttemptRow, FeedbackEventRow, FeedbackRow, LearnedRow, VersionRow, now


def start_attempt(session: Session, *, last_event_id: int | None = None) -> int:
    """Record that an attempt begins. `last_event_id`: the newest event when it read the corrections; by default now."""
    row = AttemptRow(last_event_id=latest_event_id(session) if last_event_id is None else last_event_id)
    session.add(row)
    session.flush()
    return row.id


def get_attempt(session: Session, *, id: int) -> AttemptRow:
    """Raises NotFound for an attempt that was never started."""
    row = session.get(AttemptRow, id)
    if row is None:
        raise NotFound(f"no retraining run {id}; `python -m product versions` lists the latest")
    return row


def announce_version(session: Session, *, id: int, version_id: str) -> None:
    """Record that the attempt is about to publish this version's folder."""
    get_attempt(session, id=id).publishing_version = version_id


def finish_attempt(
    session: Session,
    *,
    id: int,
    outcome: str,
    reasons: Sequence[Reason],
    version_id: str | None = None,
    verdict: dict[str, Any] | None = None,
) -> None:
    """Record what an attempt decided. Raises NotFound for an attempt that was never started."""
    row = get_attempt(session, id=id)
    row.finished_at, row.outcome, row.reasons = now(), str(outcome), list(reasons)
    row.version_id, row.verdict = version_id, verdict


def attempt_that_made(session: Session, *, version_id: str) -> int | None:
    """The id of the attempt that made the version; None for a version that came with the product."""
    return session.scalar(select(func.max(AttemptRow.id)).where(AttemptRow.version_id == version_id))


def latest_attempts(session: Session, *, limit: int) -> list[AttemptRow]:
    """Newest first."""
    return list(session.scalars(select(AttemptRow).order_by(AttemptRow.id.desc()).limit(limit)))


def latest_attempt_id(session: Session) -> int:
    """0 before the first attempt."""
    return session.scalar(select(func.max(AttemptRow.id))) or 0


def count_attempts_by_outcome(session: Session) -> dict[str, int]:
    """Finished attempts only."""
    finished = select(AttemptRow.outcome, func.count()).where(AttemptRow.outcome.is_not(None))
    rows = session.execute(finished.group_by(AttemptRow.outcome))
    return {outcome: count for outcome, count in rows if outcome}


def unrecorded_versions(session: Session) -> list[str]:
    """Versions announced by attempts that were killed before they recorded them: their folders may exist."""
    announced = AttemptRow.publishing_version.is_not(None), AttemptRow.finished_at.is_(None)
    recorded = exists().where(VersionRow.id == AttemptRow.publishing_version)
    return list(session.scalars(select(AttemptRow.publishing_version).where(*announced, ~recorded).distinct()))


def latest_event_id(session: Session) -> int:
    """The id of the newest change to any correction; 0 before the first."""
    return session.scalar(select(func.max(FeedbackEventRow.id))) or 0


def last_event_read(session: Session) -> int:
    """The id of the newest event that a finished attempt has read; 0 before the first."""
    return session.scalar(select(func.max(AttemptRow.last_event_id)).where(AttemptRow.finished_at.is_not(None))) or 0


def count_feedback_since_last_attempt(session: Session) -> int:
    """How many corrections the next attempt would act on.

    These are the corrections that people gave, changed or accepted since the last finished attempt, and those that the
    active version learned and that were rejected or erased since. A killed attempt decided nothing, so it is ignored.
    """
    changed = (
        select(func.count(FeedbackEventRow.feedback_id.distinct()))
        .join(FeedbackRow, FeedbackEventRow.feedback_id == FeedbackRow.id)
        .where(
            FeedbackEventRow.id > last_event_read(session),
            or_(
                and_(FeedbackEventRow.actor_kind != ActorKind.product, FeedbackRow.status.in_(TRAINABLE_STATUSES)),
                and_(
                    FeedbackEventRow.status.in_(WITHDRAWN_STATUSES),
                    FeedbackRow.id.in_(_withdrawn().where(LearnedRow.version_id == ACTIVE_VERSION)),
                ),
            ),
        )
    )
    return session.scalar(changed) or 0


def count_withdrawn(session: Session, *, version_id: str) -> int:
    """How many of the corrections that the version learned have been rejected or erased."""
    learned = _withdrawn().where(LearnedRow.version_id == version_id)
    return session.scalar(select(func.count()).select_from(learned.subquery())) or 0


def _withdrawn() -> Select[str]:
    return (
        select(FeedbackRow.id)
        .join(LearnedRow, LearnedRow.feedback_id == FeedbackRow.id)
        .where(FeedbackRow.status.in_(WITHDRAWN_STATUSES))
    )
