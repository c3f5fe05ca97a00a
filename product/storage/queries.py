"""The queries everyone shares: short, handed a session, telling what they want by keyword."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, and_, case, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from product.sentiment import LABELS, SHOWN_OF_ID, Correction, NotFound, Prediction, Status, source_of
from product.storage.tables import (
    ActivationRow,
    AttemptRow,
    FeedbackEventRow,
    FeedbackRow,
    LearnedRow,
    PredictionRow,
    ShadowDisagreementRow,
    ShadowRow,
    VersionRow,
    now,
)

STANDING = (Status.pending.value, Status.accepted.value, Status.learned.value)
"""A correction with one of these statuses is training data."""
AT_ONCE = 500
"""Ids in one statement: databases limit how many values one may carry."""
GONE = (Status.rejected.value, Status.erased.value)
"""With one of these there is nothing to learn from it."""
PRODUCT = "attune"
"""Who changed a status when no person did."""


def new_id() -> str:
    return uuid.uuid4().hex


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
    wrong = (FeedbackRow.label != PredictionRow.label, FeedbackRow.status.in_(STANDING), FeedbackRow.created_at < end)
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
    status = status_now(session, row)
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


def own_feedback(session: Session, *, actor: str, ids: Sequence[str]) -> list[FeedbackRow]:
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


def set_standing(session: Session, changes: dict[str, tuple[Status, str]], *, as_of: datetime | None = None) -> int:
    """Store what automatic rules made of corrections, feedback id to status and reason; returns how many changed.

    What a lead decided stays, what is erased stays, and so does what was given or changed after `as_of`: the rules
    judged an earlier word. A history tells only what a person would see change.
    """
    active, changed, ids = active_version(session), 0, sorted(changes)
    for start in range(0, len(ids), AT_ONCE):
        for row in _to_judge(session, ids[start : start + AT_ONCE], as_of):
            status, why = changes[row.id]
            if _unlearned(row) == status:
                continue
            before, changed = status_now(session, row, active), changed + 1
            row.status = Status(status).value
            after = status_now(session, row, active)
            if after != before:
                session.add(_event(row, after, why))
    return changed


def _to_judge(session: Session, ids: list[str], as_of: datetime | None) -> list[FeedbackRow]:
    """Those of the corrections that no person has decided on, and that are there."""
    rows = select(FeedbackRow).where(FeedbackRow.id.in_(ids), FeedbackRow.reviewed_by.is_(None))
    rows = rows.where(FeedbackRow.status != Status.erased.value)
    if as_of:
        rows = rows.where(FeedbackRow.updated_at <= as_of)
    return list(session.scalars(rows.order_by(FeedbackRow.id).with_for_update()))


def judged_corrections(session: Session) -> list[Correction]:
    """Every correction that is not erased, oldest first, to weigh sources by: rejected ones speak against theirs."""
    rows = session.execute(
        select(FeedbackRow, PredictionRow)
        .join(PredictionRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(FeedbackRow.status != Status.erased.value)
        .order_by(FeedbackRow.created_at, FeedbackRow.id)
    )
    return [_correction(word, answer) for word, answer in rows]


def said_of(session: Session, *, why: str) -> set[str]:
    """The ids of corrections in whose history this reason stands."""
    return set(session.scalars(select(FeedbackEventRow.feedback_id).where(FeedbackEventRow.why == why)))


def words_to_review(session: Session, *, limit: int) -> list[tuple[FeedbackRow, PredictionRow]]:
    """Up to `limit` corrections that are neither rejected nor erased, with their answers, oldest first.

    Of more, those put aside, and then those given or changed last.
    """
    aside = FeedbackRow.status == Status.quarantined.value
    chosen = select(FeedbackRow.id).where(FeedbackRow.status.not_in(GONE))
    chosen = chosen.order_by(aside.desc(), FeedbackRow.updated_at.desc(), FeedbackRow.id).limit(limit)
    rows = session.execute(
        select(FeedbackRow, PredictionRow)
        .join(PredictionRow, FeedbackRow.prediction_id == PredictionRow.id)
        .where(FeedbackRow.id.in_(chosen))
        .order_by(FeedbackRow.created_at, FeedbackRow.id)
    )
    return [(word, answer) for word, answer in rows]


def left_waiting(session: Session) -> set[str]:
    """The ids of pending corrections that a run has read and left so, as too little is known of their source."""
    # Of pending ones alone: whoever looks at the queue must not wait for the history of all that was ever said.
    pending = select(FeedbackRow.id).where(FeedbackRow.status == Status.pending.value)
    newest = select(func.max(FeedbackEventRow.id)).where(FeedbackEventRow.feedback_id.in_(pending))
    waiting = select(FeedbackEventRow.feedback_id).where(
        FeedbackEventRow.id.in_(newest.group_by(FeedbackEventRow.feedback_id)),
        or_(FeedbackEventRow.id <= _read_to(session), FeedbackEventRow.who == PRODUCT),
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
    """Every correction that is not erased, oldest first, `at_once` at a time; the status is as status_now gives it.

    Only those given or changed at `since` or later, and with one of `statuses`, where these are named.
    """
    word, learned = FeedbackRow, LearnedRow
    # The rules of status_now, in one statement.
    status = case(
        (word.status.not_in(STANDING), word.status),
        (learned.label == word.label, Status.learned.value),
        (word.status == Status.learned.value, Status.accepted.value),
        else_=word.status,
    )
    in_active = and_(learned.feedback_id == word.id, learned.version_id == active_version(session))
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


def status_now(session: Session, row: FeedbackRow, active: str | None = None) -> str:
    """The status a person reads: `learned` follows the active version, so it is worked out, not stored.

    `active` is that version, asked for unless given.
    """
    if row.status not in STANDING:
        return row.status
    if _learned(session, version_id=active or active_version(session), feedback_id=row.id, label=row.label):
        return Status.learned.value
    return _unlearned(row)


def _unlearned(row: FeedbackRow) -> str:
    return Status.accepted.value if row.status == Status.learned else row.status


def learned_in(session: Session, *, feedback_id: str, label: str, active_version: str | None) -> str | None:
    """The earliest version ever active that learned the correction with this label.

    None unless the active version learned it too: after a rollback it is no longer learned.
    """
    if not _learned(session, version_id=active_version, feedback_id=feedback_id, label=label):
        return None
    return session.scalar(
        select(VersionRow.id)
        .join(LearnedRow, LearnedRow.version_id == VersionRow.id)
        .where(LearnedRow.feedback_id == feedback_id, LearnedRow.label == label)
        .where(exists().where(ActivationRow.version_id == VersionRow.id))
        .order_by(VersionRow.created_at, VersionRow.id)
        .limit(1)
    )


def _learned(session: Session, *, version_id: str | None, feedback_id: str, label: str) -> bool:
    row = session.get(LearnedRow, (version_id, feedback_id)) if version_id else None
    return row is not None and row.label == label


# Versions


def add_version(
    session: Session,
    *,
    id: str,
    parent: str | None,
    corrections: int,
    metrics: dict,
    verdict: dict,
    learned: dict[str, str],
) -> None:
    """Record a version whose folder is complete; `learned`: feedback id to the label it was trained with."""
    session.add(VersionRow(id=id, parent=parent, corrections=corrections, metrics=metrics, verdict=verdict))
    session.flush()
    session.add_all(
        LearnedRow(version_id=id, feedback_id=feedback_id, label=label) for feedback_id, label in learned.items()
    )


def activate(session: Session, *, version_id: str, why: str, probation: bool = False) -> None:
    """Make a version the active one, and write into the history of each correction what that changed for it.

    `probation`: no person decided it, so that its parent may come back by itself.

    Raises NotFound for an unknown version.
    """
    if version(session, id=version_id) is None:
        raise NotFound(f"No model version is called {version_id}.")
    before = _learned_as_they_stand(session, version_id=active_version(session))
    after = _learned_as_they_stand(session, version_id=version_id)
    session.add(ActivationRow(version_id=version_id, why=why, probation=probation))
    session.flush()
    why_learned = f"Version {version_id}, active now, was trained with it."
    why_not = f"Version {version_id}, active now, was trained without it."
    session.add_all(_event(after[id], Status.learned.value, why_learned) for id in after.keys() - before.keys())
    session.add_all(_event(before[id], _unlearned(before[id]), why_not) for id in before.keys() - after.keys())


def _learned_as_they_stand(session: Session, *, version_id: str | None) -> dict[str, FeedbackRow]:
    """What a version learned and its actor has not changed since."""
    rows = session.scalars(
        select(FeedbackRow)
        .join(LearnedRow, LearnedRow.feedback_id == FeedbackRow.id)
        .where(LearnedRow.version_id == version_id, LearnedRow.label == FeedbackRow.label)
        .where(FeedbackRow.status.in_(STANDING))
    )
    return {row.id: row for row in rows}


def learned_labels(session: Session, *, version_id: str) -> dict[str, str]:
    """What a version has learned: feedback id to the label it was trained with."""
    rows = select(LearnedRow.feedback_id, LearnedRow.label).where(LearnedRow.version_id == version_id)
    return dict(session.execute(rows).tuples().all())


def _event(row: FeedbackRow, status: str, why: str) -> FeedbackEventRow:
    return FeedbackEventRow(feedback_id=row.id, status=status, who=PRODUCT, why=why)


def active_version(session: Session) -> str | None:
    return session.scalar(select(ActivationRow.version_id).order_by(ActivationRow.id.desc()).limit(1))


def newest_activation(session: Session, *, lock: bool = False) -> ActivationRow | None:
    """What made the active version active. `lock`: nobody else gets past this until the transaction ends."""
    newest = select(ActivationRow).order_by(ActivationRow.id.desc()).limit(1)
    found = session.scalar(newest.with_for_update() if lock else newest)
    # Whoever waited for the lock was handed the row that was the newest before.
    return session.scalar(newest) if lock else found


def activated_versions(session: Session) -> list[str]:
    """The active version, then those that were active before it, latest first, each once."""
    latest = func.max(ActivationRow.id)
    return list(
        session.scalars(select(ActivationRow.version_id).group_by(ActivationRow.version_id).order_by(latest.desc()))
    )


def version(session: Session, *, id: str) -> VersionRow | None:
    return session.get(VersionRow, id)


def all_versions(session: Session) -> list[VersionRow]:
    """Newest first."""
    return list(session.scalars(select(VersionRow).order_by(VersionRow.created_at.desc(), VersionRow.id.desc())))


# Challengers in the shadow


def start_shadow(session: Session, *, version_id: str, champion: str, until: datetime) -> None:
    """A version begins to read what the champion answers from now on; one that was doing so leaves."""
    earlier = open_shadow(session, lock=True)
    if earlier:
        finish_shadow(
            session, earlier, outcome="awaiting-approval", reason=f"{version_id} took its place in the shadow"
        )
    start = now()
    session.add(ShadowRow(version_id=version_id, champion=champion, started_at=start, until=until, read_to=start))


def open_shadow(session: Session, *, lock: bool = False) -> ShadowRow | None:
    """The one that is under way. `lock`: nobody else gets past this until the transaction ends."""
    under_way = select(ShadowRow).where(ShadowRow.finished_at.is_(None)).order_by(ShadowRow.id.desc()).limit(1)
    return session.scalar(under_way.with_for_update() if lock else under_way)


def shadows(session: Session) -> dict[str, ShadowRow]:
    """The newest of each version."""
    return {row.version_id: row for row in session.scalars(select(ShadowRow).order_by(ShadowRow.id))}


def answers_to_shadow(session: Session, shadow: ShadowRow, *, before: datetime, limit: int) -> list[Row]:
    """The champion's next answers to messages that came in, oldest first: id, created_at, text, label."""
    given, at = PredictionRow.created_at, shadow.read_to
    further = or_(given > at, and_(given == at, PredictionRow.id > shadow.read_id))
    wanted = (
        select(PredictionRow.id, given, PredictionRow.text, PredictionRow.label)
        .where(further, given < before, PredictionRow.text != "", ~PredictionRow.imported)
        .where(PredictionRow.model_version == shadow.champion)
        .order_by(given, PredictionRow.id)
        .limit(limit)
    )
    return list(session.execute(wanted))


def add_shadowed(session: Session, shadow: ShadowRow, *, answers: list[Row], differing: dict[str, str]) -> None:
    """Store how far it has read, and its label for each answer of which it differs."""
    shadow.read_to, shadow.read_id = answers[-1].created_at, answers[-1].id
    shadow.read += len(answers)
    shadow.differed += len(differing)
    # A message may have been deleted since it was read.
    there = session.scalars(select(PredictionRow.id).where(PredictionRow.id.in_(differing)))
    session.add_all(ShadowDisagreementRow(shadow_id=shadow.id, prediction_id=id, label=differing[id]) for id in there)


def finish_shadow(session: Session, shadow: ShadowRow, *, outcome: str, reason: str) -> None:
    """Record what came of it, with the attempt that made the version as well."""
    shadow.finished_at, shadow.outcome, shadow.reason = now(), outcome, reason
    attempt = session.scalar(select(AttemptRow).where(AttemptRow.version_id == shadow.version_id))
    if attempt:
        attempt.outcome, attempt.reason = outcome, reason


def shadow_disagreements(session: Session, limit: int) -> list[Row]:
    """Answers on which the newest challenger in the shadow differs and that nobody gave a word on, newest first:
    prediction_id, label (the challenger's)."""
    newest = select(func.max(ShadowRow.id)).scalar_subquery()
    row = ShadowDisagreementRow
    wanted = (
        select(row.prediction_id, row.label)
        .join(PredictionRow, row.prediction_id == PredictionRow.id)
        .where(row.shadow_id == newest, PredictionRow.text != "")
        .where(~exists().where(FeedbackRow.prediction_id == row.prediction_id))
        .order_by(PredictionRow.created_at.desc(), row.prediction_id)
        .limit(limit)
    )
    return list(session.execute(wanted))


# Attempts to learn


def latest_event(session: Session) -> int:
    """The number of the newest change to any correction, 0 before the first."""
    return session.scalar(select(func.max(FeedbackEventRow.id))) or 0


def start_attempt(session: Session, *, up_to: int | None = None) -> int:
    """Record that an attempt begins. `up_to`: the latest event when it read the corrections, by default that of now."""
    row = AttemptRow(up_to=latest_event(session) if up_to is None else up_to)
    session.add(row)
    session.flush()
    return row.id


def announce_version(session: Session, *, id: int, version_id: str) -> None:
    """Record that the attempt is about to put this version's folder in its place."""
    attempt(session, id=id).publishes = version_id


def unrecorded_versions(session: Session) -> list[str]:
    """What attempts that were killed had announced, and nobody recorded: their folders may be there."""
    announced = AttemptRow.publishes.is_not(None), AttemptRow.finished_at.is_(None)
    recorded = exists().where(VersionRow.id == AttemptRow.publishes)
    return list(session.scalars(select(AttemptRow.publishes).where(*announced, ~recorded).distinct()))


def finish_attempt(
    session: Session,
    *,
    id: int,
    outcome: str,
    reason: str,
    version_id: str | None = None,
    verdict: dict | None = None,
) -> None:
    """Record what an attempt decided. Raises NotFound for an attempt that was never started."""
    row = attempt(session, id=id)
    row.finished_at, row.outcome, row.reason = now(), outcome, reason
    row.version_id, row.verdict = version_id, verdict


def attempt(session: Session, *, id: int) -> AttemptRow:
    """Raises NotFound for an attempt that was never started."""
    row = session.get(AttemptRow, id)
    if row is None:
        raise NotFound(f"No attempt has the number {id}.")
    return row


def attempt_of(session: Session, *, version_id: str) -> int | None:
    """The number of the attempt that made the version; None of one that came with the product."""
    return session.scalar(select(func.max(AttemptRow.id)).where(AttemptRow.version_id == version_id))


def newest_attempts(session: Session, *, limit: int) -> list[AttemptRow]:
    return list(session.scalars(select(AttemptRow).order_by(AttemptRow.id.desc()).limit(limit)))


def feedback_since_last_attempt(session: Session) -> int:
    """Corrections and confirmations that people gave, changed or accepted since the newest finished attempt read them,
    and those that were turned down or erased since though the active version has learned them.

    An attempt that was killed is none: it decided nothing.
    """
    changed = (
        select(func.count(FeedbackEventRow.feedback_id.distinct()))
        .join(FeedbackRow, FeedbackEventRow.feedback_id == FeedbackRow.id)
        .where(
            FeedbackEventRow.id > _read_to(session),
            or_(
                and_(FeedbackEventRow.who != PRODUCT, FeedbackRow.status.in_(STANDING)),
                and_(FeedbackEventRow.status.in_(GONE), FeedbackRow.id.in_(_withdrawn(active_version(session)))),
            ),
        )
    )
    return session.scalar(changed)


def _read_to(session: Session) -> int:
    """The newest event that a finished attempt knew of."""
    return session.scalar(select(func.max(AttemptRow.up_to)).where(AttemptRow.finished_at.is_not(None))) or 0


def withdrawn(session: Session, *, version_id: str) -> int:
    """How many corrections the version has learned that were turned down or erased since."""
    return session.scalar(select(func.count()).select_from(_withdrawn(version_id).subquery()))


def _withdrawn(version_id: str | None) -> Select:
    return (
        select(FeedbackRow.id)
        .join(LearnedRow, LearnedRow.feedback_id == FeedbackRow.id)
        .where(LearnedRow.version_id == version_id, FeedbackRow.status.in_(GONE))
    )


def latest_attempt(session: Session) -> int:
    """The number of the newest attempt, 0 before the first."""
    return session.scalar(select(func.max(AttemptRow.id))) or 0
