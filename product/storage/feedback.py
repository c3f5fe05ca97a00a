"""Queries on single corrections: their status, what contributors give, what reviewers and trust rules decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from product.codes import FeedbackCode, Reason
from product.identity import PRODUCT, Actor
from product.sentiment import SHOWN_OF_ID, NotFound, Status, new_id
from product.storage.tables import ActivationRow, FeedbackEventRow, FeedbackRow, LearnedRow, PredictionRow, now

TRAINABLE_STATUSES = (Status.pending.value, Status.accepted.value, Status.learned.value)
"""Corrections with these statuses may become training data."""
WITHDRAWN_STATUSES = (Status.rejected.value, Status.erased.value)
"""Corrections with these statuses are trained out of the model."""
MAX_IDS = 500
"""Ids in one statement: databases limit how many values a statement may carry."""

ACTIVE_VERSION = select(ActivationRow.version_id).order_by(ActivationRow.id.desc()).limit(1).scalar_subquery()
LEARNED_BY_ACTIVE_VERSION = exists().where(
    LearnedRow.feedback_id == FeedbackRow.id,
    LearnedRow.label == FeedbackRow.label,
    LearnedRow.version_id == ACTIVE_VERSION,
)
CURRENT_STATUS = case(
    (FeedbackRow.status.not_in(TRAINABLE_STATUSES), FeedbackRow.status),
    (LEARNED_BY_ACTIVE_VERSION, Status.learned.value),
    (FeedbackRow.status == Status.learned.value, Status.accepted.value),
    else_=FeedbackRow.status,
)
"""The status that people see. `learned` depends on the active version, so it is computed and not stored."""


def current_status(session: Session, row: FeedbackRow) -> str:
    return current_statuses(session, [row.id])[row.id]


def current_statuses(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """CURRENT_STATUS by feedback id."""
    statuses: dict[str, str] = {}
    for start in range(0, len(ids), MAX_IDS):
        wanted = FeedbackRow.id.in_(ids[start : start + MAX_IDS])
        statuses |= dict(session.execute(select(FeedbackRow.id, CURRENT_STATUS).where(wanted)).tuples().all())
    return statuses


def count_feedback_by_status(session: Session) -> dict[str, int]:
    """Corrections by CURRENT_STATUS."""
    return dict(session.execute(select(CURRENT_STATUS, func.count()).group_by(CURRENT_STATUS)).tuples().all())


def save_feedback(
    session: Session, *, prediction_id: str, label: str, actor: Actor, comment: str, code: FeedbackCode
) -> tuple[str, str]:
    """Store a contributor's label for a prediction, replacing their earlier one; returns feedback id and status.

    The status is `pending`, or `learned` if the active version was trained with this label.
    Raises NotFound for an unknown prediction, and for an erased one: without its text there is nothing to learn from.
    """
    # The row lock makes two simultaneous corrections by one contributor end up in one row.
    prediction = session.get(PredictionRow, prediction_id, with_for_update=True)
    if prediction is None or not prediction.text:
        raise NotFound("prediction_id: no prediction has this id.")
    given = FeedbackRow.prediction_id == prediction_id, FeedbackRow.actor == actor
    row, at = session.scalar(select(FeedbackRow).where(*given)), now()
    if row is None:
        row = FeedbackRow(id=new_id(), prediction_id=prediction_id, actor=actor, created_at=at)
        session.add(row)
    row.label, row.comment, row.status, row.updated_at = label, comment, Status.pending.value, at
    row.reviewer = None  # a decision on the earlier label does not carry over
    session.flush()
    status = current_status(session, row)
    session.add(FeedbackEventRow(feedback_id=row.id, status=status, actor=actor, code=str(code)))
    return row.id, status


def get_feedback(session: Session, *, id: str) -> FeedbackRow | None:
    return session.get(FeedbackRow, id)


def find_feedback(session: Session, *, id_or_prefix: str) -> FeedbackRow | None:
    """The correction with this id, or the only one whose id starts with it: pages show shortened ids.

    Raises NotFound if several ids start with the prefix.
    """
    if len(id_or_prefix) < SHOWN_OF_ID:
        return None
    matching = select(FeedbackRow).where(FeedbackRow.id.startswith(id_or_prefix, autoescape=True)).limit(2)
    found = list(session.scalars(matching))
    if len(found) > 1:
        raise NotFound(f"{id_or_prefix}: several corrections have ids that start with this; give more characters.")
    return found[0] if found else None


def feedback_of_actor(session: Session, *, actor: Actor, ids: Sequence[str]) -> list[FeedbackRow]:
    """The corrections among `ids` that this contributor gave and that are not erased, last changed first."""
    rows = select(FeedbackRow).where(FeedbackRow.actor == actor, FeedbackRow.id.in_(ids))
    rows = rows.where(FeedbackRow.status != Status.erased.value)
    return list(session.scalars(rows.order_by(FeedbackRow.updated_at.desc(), FeedbackRow.id)))


@dataclass(frozen=True)
class Decision:
    """A reviewer's decision on a correction. `note` is the reason that they wrote."""

    accept: bool
    by: Actor
    note: str = ""
    code: FeedbackCode = FeedbackCode.decided_by_lead


def record_decision(session: Session, feedback_id: str, decision: Decision) -> FeedbackRow:
    """Store a reviewer's decision. It overrules every automatic rule until the contributor changes the label.

    Raises NotFound for an unknown or an erased correction.
    """
    row = session.get(FeedbackRow, feedback_id, with_for_update=True)
    if row is None or row.status == Status.erased:
        raise NotFound("feedback_id: no correction has this id.")
    status = Status.accepted if decision.accept else Status.rejected
    row.status, row.reviewer, row.updated_at = status.value, decision.by, now()
    session.add(
        FeedbackEventRow(
            feedback_id=row.id,
            status=status.value,
            actor=decision.by,
            code=str(decision.code),
            note=decision.note,
        )
    )
    return row


def apply_trust_decisions(
    session: Session, changes: Mapping[str, tuple[Status, Reason]], *, as_of: datetime | None = None
) -> int:
    """Store what the trust rules decided, feedback id to status and reason; returns how many corrections changed.

    Decisions of reviewers and erased corrections are left alone, and so is what a contributor changed after `as_of`:
    the rules decided on an earlier label. The history only gets changes that people can see.
    """
    changed, ids = 0, sorted(changes)
    for start in range(0, len(ids), MAX_IDS):
        rows = _undecided(session, ids[start : start + MAX_IDS], as_of)
        rows = [row for row in rows if row.status != changes[row.id][0]]
        before = current_statuses(session, [row.id for row in rows])
        for row in rows:
            row.status = Status(changes[row.id][0]).value
        session.flush()
        after = current_statuses(session, [row.id for row in rows])
        session.add_all(
            product_event(row.id, after[row.id], changes[row.id][1]) for row in rows if after[row.id] != before[row.id]
        )
        changed += len(rows)
    return changed


def _undecided(session: Session, ids: list[str], as_of: datetime | None) -> list[FeedbackRow]:
    """The corrections among `ids` that no reviewer has decided and that are not erased."""
    rows = select(FeedbackRow).where(FeedbackRow.id.in_(ids), FeedbackRow.reviewer_kind.is_(None))
    rows = rows.where(FeedbackRow.status != Status.erased.value)
    if as_of:
        rows = rows.where(FeedbackRow.updated_at <= as_of)
    return list(session.scalars(rows.order_by(FeedbackRow.id).with_for_update()))


def product_event(feedback_id: str, status: str, reason: Reason) -> FeedbackEventRow:
    """A change of status that no person made."""
    return FeedbackEventRow(
        feedback_id=feedback_id, status=status, actor=PRODUCT, code=str(reason.code), values=dict(reason.values)
    )
