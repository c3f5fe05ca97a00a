"""Versions: what each has learned, which is active, which reads in its shadow, and the attempts that made them.

Short queries, as in `queries`: handed a session, telling what they want by keyword.
"""

from datetime import datetime

from sqlalchemy import Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from product.sentiment import NotFound, Status
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
GONE = (Status.rejected.value, Status.erased.value)
"""With one of these there is nothing to learn from it."""
PRODUCT = "attune"
"""Who changed a status when no person did."""


def status_now(session: Session, row: FeedbackRow, active: str | None = None) -> str:
    """The status a person reads: `learned` follows the active version, so it is worked out, not stored.

    `active` is that version, asked for unless given.
    """
    if row.status not in STANDING:
        return row.status
    if _learned(session, version_id=active or active_version(session), feedback_id=row.id, label=row.label):
        return Status.learned.value
    return unlearned(row)


def unlearned(row: FeedbackRow) -> str:
    """The status of a correction that the active version has not learned."""
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
    session.add_all(event(after[id], Status.learned.value, why_learned) for id in after.keys() - before.keys())
    session.add_all(event(before[id], unlearned(before[id]), why_not) for id in before.keys() - after.keys())


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


def event(row: FeedbackRow, status: str, why: str) -> FeedbackEventRow:
    """A line of a correction's history that no person wrote."""
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
            FeedbackEventRow.id > read_up_to(session),
            or_(
                and_(FeedbackEventRow.who != PRODUCT, FeedbackRow.status.in_(STANDING)),
                and_(FeedbackEventRow.status.in_(GONE), FeedbackRow.id.in_(_withdrawn(active_version(session)))),
            ),
        )
    )
    return session.scalar(changed)


def read_up_to(session: Session) -> int:
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
