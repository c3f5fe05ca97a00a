"""The queries of answers and corrections that everyone shares: short, handed a session, telling what they want by
keyword. Those of versions and attempts are in `lineage`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Row, and_, case, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from product.sentiment import LABELS, SHOWN_OF_ID, Correction, NotFound, Prediction, Status, new_id, source_of
from product.storage import lineage
from product.storage.tables import (
    FeedbackEventRow,
    FeedbackRow,
    LearnedRow,
    PredictionRow,
    now,
)

AT_ONCE = 500
"""Ids in one statement: databases limit how many values one may carry."""


# Predictions


def save_predictions(session: Session, predictions: list[Prediction], *, imported: bool = False) -> None:
    """Store answers that already have their ids. `imported`: asked for labels from a file, not by who wrote in."""
    rows = [_prediction_values(prediction) | {"imported": imported} for prediction in predictions]
    session.execute(insert(PredictionRow), rows)


def _prediction_values(prediction: Prediction) -> dict:
    names = ("id", "text", "label", "language", "route", "truncated", "model_version")
    return {name: getattr(prediction, name) for name in names} | {label: prediction.scores[label] for label in LABELS}


def prediction(session: Session, *, id: str) -> PredictionRow | None:
    return session.get(PredictionRow, id)


def delete_uncorrected_predictions(session: Session, *, before: datetime, limit: int = 5000) -> int:
    """Delete up to `limit` predictions older than `before` that nobody corrected; returns how many.

    The limit keeps the write lock short: call again while it returns `limit`.
    """
    corrected = exists().where(FeedbackRow.prediction_id == PredictionRow.id)
    old = select(PredictionRow.id).where(PredictionRow.created_at < before, ~corrected).limit(limit)
    return session.execute(delete(PredictionRow).where(PredictionRow.id.in_(old))).rowcount


def answers_between(
    session: Session, *, start: datetime, end: datetime, limit: int, uncorrected: bool = False
) -> Iterator[Row]:
    """Stream up to `limit` answers given from `start` until before `end`: id, text, label, confidence, language.

    Those with the lowest ids, in their order: ids are random, so this is a fair sample, and the same one each time.
    `uncorrected`: only those that nobody gave a word on. Answers whose text was taken away are left out, and those that
    were asked for labels from a file.
    """
    chosen = select(PredictionRow.id).where(PredictionRow.created_at >= start, PredictionRow.created_at < end)
    chosen = chosen.where(PredictionRow.text != "", ~PredictionRow.imported)
    if uncorrected:
        chosen = chosen.where(~exists().where(FeedbackRow.prediction_id == PredictionRow.id))
    scores = {label: getattr(PredictionRow, label) for label in LABELS}
    confidence = case(*((PredictionRow.label == label, score) for label, score in scores.items()))
    answer = select(PredictionRow.id, PredictionRow.text, PredictionRow.label, PredictionRow.language)
    wanted = answer.add_columns(confidence.label("confidence"))
    # The ids are sorted without their texts.
    wanted = wanted.where(PredictionRow.id.in_(chosen.order_by(PredictionRow.id).limit(limit)))
    yield from session.execute(wanted.order_by(PredictionRow.id).execution_options(yield_per=500))


def uncorrected_answers(session: Session, *, limit: int, ids: Sequence[str] | None = None) -> list[PredictionRow]:
    """The newest answers to messages that came in, which nobody gave a word on; only of `ids` where given.

    Without those whose text was taken away.
    """
    rows = select(PredictionRow).where(PredictionRow.text != "", ~PredictionRow.imported)
    rows = rows.where(~exists().where(FeedbackRow.prediction_id == PredictionRow.id))
    if ids is not None:
        rows = rows.where(PredictionRow.id.in_(ids))
    return list(session.scalars(rows.order_by(PredictionRow.created_at.desc(), PredictionRow.id).limit(limit)))


def first_answer(session: Session) -> datetime | None:
    """When the oldest answer that is kept, to a message that came in, was given."""
    return session.scalar(select(func.min(PredictionRow.created_at)).where(~PredictionRow.imported))


def answers_given(session: Session, *, version: str, start: datetime, end: datetime) -> int:
    """How many messages that came in a version answered from `start` until before `end`."""
    return session.scalar(select(func.count()).where(*_given(version, start, end)))


def mistakes_named(session: Session, *, version: str, start: datetime, end: datetime) -> list[tuple[str, str]]:
    """Of these answers, those that were called wrong within the same time: pairs of prediction id and source.

    Without corrections that are quarantined, rejected or erased.
    """
    wrong = (
        FeedbackRow.label != PredictionRow.label,
        FeedbackRow.status.in_(lineage.STANDING),
        FeedbackRow.created_at < end,
    )
    pairs = (
        select(PredictionRow.id, FeedbackRow.actor)
        .join(FeedbackRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(*_given(version, start, end), *wrong)
    )
    return [(id, source_of(actor)) for id, actor in session.execute(pairs)]


def _given(version: str, start: datetime, end: datetime) -> tuple:
    within = PredictionRow.created_at >= start, PredictionRow.created_at < end
    return *within, PredictionRow.model_version == version, ~PredictionRow.imported


# Corrections


def save_feedback(
    session: Session, *, prediction_id: str, label: str, actor: str, comment: str, why: str
) -> tuple[str, str]:
    """Store an actor's word on a prediction, in place of an earlier one; returns feedback id and status.

    The status is `pending`, or `learned` where the active version was trained with just this label.
    Raises NotFound for an unknown prediction, and for one whose text was erased: there is nothing to learn from.
    """
    # Locked where the database locks rows, so that two words of one actor at once become one row.
    answer = session.get(PredictionRow, prediction_id, with_for_update=True)
    if answer is None or not answer.text:
        raise NotFound("prediction_id: no prediction has this id.")
    row, at = session.scalar(select(FeedbackRow).filter_by(prediction_id=prediction_id, actor=actor)), now()
    if row is None:
        row = FeedbackRow(id=new_id(), prediction_id=prediction_id, actor=actor, created_at=at)
        session.add(row)
    row.label, row.comment, row.status, row.updated_at = label, comment, Status.pending.value, at
    row.reviewed_by = None  # what was decided was another word
    session.flush()
    status = lineage.status_now(session, row)
    session.add(FeedbackEventRow(feedback_id=row.id, status=status, who=actor, why=why))
    return row.id, status


def feedback(session: Session, *, id: str) -> FeedbackRow | None:
    return session.get(FeedbackRow, id)


def feedback_called(session: Session, *, name: str) -> FeedbackRow | None:
    """The correction with this id, or the only one whose id begins so: pages show receipts by their beginning.

    Raises NotFound where several begin so.
    """
    if len(name) < SHOWN_OF_ID:
        return None
    begin = select(FeedbackRow).where(FeedbackRow.id.startswith(name, autoescape=True)).limit(2)
    found = list(session.scalars(begin))
    if len(found) > 1:
        raise NotFound(f"{name}: several corrections have ids that begin so; give more of it.")
    return found[0] if found else None


def my_feedback(session: Session, *, actor: str, ids: Sequence[str]) -> list[FeedbackRow]:
    """Those of the corrections that the actor gave and that are not erased, the one given or changed last first."""
    own = select(FeedbackRow).where(FeedbackRow.actor == actor, FeedbackRow.id.in_(ids))
    own = own.where(FeedbackRow.status != Status.erased.value)
    return list(session.scalars(own.order_by(FeedbackRow.updated_at.desc(), FeedbackRow.id)))


def decide(session: Session, feedback_id: str, accept: bool, who: str, why: str) -> Status:
    """A lead's decision on a correction, above every automatic rule until its actor gives another word.

    Returns the status stored. It counts as a change since the last attempt. Raises NotFound for an unknown or an erased
    correction.
    """
    row = session.get(FeedbackRow, feedback_id, with_for_update=True)
    if row is None or row.status == Status.erased:
        raise NotFound("feedback_id: no correction has this id.")
    status = Status.accepted if accept else Status.rejected
    row.status, row.reviewed_by, row.updated_at = status.value, who, now()
    session.add(FeedbackEventRow(feedback_id=row.id, status=status.value, who=who, why=why))
    return status


def apply_trust_decisions(
    session: Session, changes: dict[str, tuple[Status, str]], *, as_of: datetime | None = None
) -> int:
    """Store what automatic rules made of corrections, feedback id to status and reason; returns how many changed.

    What a lead decided stays, what is erased stays, and so does what was given or changed after `as_of`: the rules
    judged an earlier word. A history tells only what a person would see change.
    """
    active, changed, ids = lineage.active_version(session), 0, sorted(changes)
    for start in range(0, len(ids), AT_ONCE):
        for row in _to_judge(session, ids[start : start + AT_ONCE], as_of):
            status, why = changes[row.id]
            if lineage.unlearned(row) == status:
                continue
            before, changed = lineage.status_now(session, row, active), changed + 1
            row.status = Status(status).value
            after = lineage.status_now(session, row, active)
            if after != before:
                session.add(lineage.event(row, after, why))
    return changed


def _to_judge(session: Session, ids: list[str], as_of: datetime | None) -> list[FeedbackRow]:
    """Those of the corrections that no person has decided on, and that are there."""
    rows = select(FeedbackRow).where(FeedbackRow.id.in_(ids), FeedbackRow.reviewed_by.is_(None))
    rows = rows.where(FeedbackRow.status != Status.erased.value)
    if as_of:
        rows = rows.where(FeedbackRow.updated_at <= as_of)
    return list(session.scalars(rows.order_by(FeedbackRow.id).with_for_update()))


def all_corrections(session: Session) -> list[Correction]:
    """Every correction that is not erased, oldest first, to weigh sources by: rejected ones speak against theirs."""
    rows = session.execute(
        select(FeedbackRow, PredictionRow)
        .join(PredictionRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(FeedbackRow.status != Status.erased.value)
        .order_by(FeedbackRow.created_at, FeedbackRow.id)
    )
    return [_correction(word, answer) for word, answer in rows]


def corrections_with_reason(session: Session, *, why: str) -> set[str]:
    """The ids of corrections in whose history this reason stands."""
    return set(session.scalars(select(FeedbackEventRow.feedback_id).where(FeedbackEventRow.why == why)))


def corrections_to_review(session: Session, *, limit: int) -> list[tuple[FeedbackRow, PredictionRow]]:
    """Up to `limit` corrections that are neither rejected nor erased, with their answers, oldest first.

    Of more, those put aside, and then those given or changed last.
    """
    aside = FeedbackRow.status == Status.quarantined.value
    chosen = select(FeedbackRow.id).where(FeedbackRow.status.not_in(lineage.GONE))
    chosen = chosen.order_by(aside.desc(), FeedbackRow.updated_at.desc(), FeedbackRow.id).limit(limit)
    rows = session.execute(
        select(FeedbackRow, PredictionRow)
        .join(PredictionRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(FeedbackRow.id.in_(chosen))
        .order_by(FeedbackRow.created_at, FeedbackRow.id)
    )
    return [(word, answer) for word, answer in rows]


def waiting_corrections(session: Session) -> set[str]:
    """The ids of pending corrections that a run has read and left so, as too little is known of their source."""
    # Of pending ones alone: whoever looks at the queue must not wait for the history of all that was ever said.
    pending = select(FeedbackRow.id).where(FeedbackRow.status == Status.pending.value)
    newest = select(func.max(FeedbackEventRow.id)).where(FeedbackEventRow.feedback_id.in_(pending))
    waiting = select(FeedbackEventRow.feedback_id).where(
        FeedbackEventRow.id.in_(newest.group_by(FeedbackEventRow.feedback_id)),
        or_(FeedbackEventRow.id <= lineage.read_up_to(session), FeedbackEventRow.who == lineage.PRODUCT),
    )
    return set(session.scalars(waiting))


def _correction(word: FeedbackRow, answer: PredictionRow) -> Correction:
    return Correction(
        id=word.id,
        prediction_id=answer.id,
        text=answer.text,
        label=word.label,
        predicted=answer.label,
        actor=word.actor,
        status=word.status,
        model_version=answer.model_version,
        created_at=word.created_at,
        reviewed=word.reviewed_by is not None,
        imported=answer.imported,
    )


def every_correction(
    session: Session, *, at_once: int, since: datetime | None = None, statuses: Sequence[str] = ()
) -> Iterator[Sequence[Row]]:
    """Every correction that is not erased, oldest first, `at_once` at a time; the status as
    `lineage.status_now` gives it.

    Only those given or changed at `since` or later, and with one of `statuses`, where these are named.
    """
    word, learned = FeedbackRow, LearnedRow
    # The rules of `lineage.status_now`, in one statement.
    status = case(
        (word.status.not_in(lineage.STANDING), word.status),
        (learned.label == word.label, Status.learned.value),
        (word.status == Status.learned.value, Status.accepted.value),
        else_=word.status,
    )
    in_active = and_(learned.feedback_id == word.id, learned.version_id == lineage.active_version(session))
    answer = (
        PredictionRow.text,
        PredictionRow.label.label("predicted"),
        PredictionRow.language,
        PredictionRow.model_version,
    )
    wanted = [word.updated_at >= since] if since else []
    wanted += [status.in_(statuses)] if statuses else []
    rows = session.execute(
        select(word.id.label("feedback_id"), word.label, word.actor, status.label("status"), *answer)
        .add_columns(word.created_at, word.updated_at, word.comment)
        .join(PredictionRow, word.prediction_id == PredictionRow.id)
        .outerjoin(learned, in_active)
        .where(word.status != Status.erased.value, *wanted)
        .order_by(word.created_at, word.id)
        .execution_options(yield_per=at_once)
    )
    return rows.partitions()
