"""Taking back what people wrote: the text, the actor and the comment of corrections, beyond recovery.

The rows stay, emptied: what a version learned, and when, can still be told. A label without its text, its actor and
its comment says nothing of a person, and is kept so that a receipt can still be answered.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from product.sentiment import NotFound, Status
from product.storage.feedback import MAX_IDS, PRODUCT, find_feedback
from product.storage.tables import FeedbackEventRow, FeedbackRow, LearnedRow, PredictionRow, VersionRow

ERASED = "erased"
"""Stands before the correction's id in place of its actor: two on one prediction must still differ."""
WHY = "Erased by the operator."
WHY_OWN = "Erased by whoever gave it."


@dataclass(frozen=True)
class ErasureScope:
    """What an erasure takes, by id. `others` are other people's corrections of the same texts; `versions`, oldest
    first, learned any of it."""

    predictions: list[str]
    corrections: list[str]
    others: list[str]
    versions: list[str]

    def as_dict(self) -> dict:
        counts = {name: len(getattr(self, name)) for name in ("predictions", "corrections", "others")}
        return counts | {"versions": self.versions}


def scope_of_actor(session: Session, actor: str) -> ErasureScope:
    """All that stands under this actor, written as it is stored. Raises NotFound naming an actor without any."""
    given = select(FeedbackRow.prediction_id).where(FeedbackRow.actor == actor, _not_erased())
    predictions = sorted(session.scalars(given))
    if not predictions:
        alike = namesakes(session, actor)
        raise NotFound(
            f"--actor {actor}: no correction stands under this name; give it as the actor column of "
            f"`python -m product export` has it, for example {alike[0] if alike else 'token:anna'}."
        )
    return _reach(session, predictions, own=FeedbackRow.actor == actor)


def namesakes(session: Session, actor: str) -> list[str]:
    """Other actors who call themselves this: what REST is told stands after whose token or client it came with."""
    others = select(FeedbackRow.actor).where(FeedbackRow.actor.endswith(f":{actor}", autoescape=True), _not_erased())
    return sorted(set(session.scalars(others)))


def scope_of_feedback(session: Session, id: str) -> ErasureScope:
    """One correction, by its id or the beginning that a page shows; nothing but its prediction where it is erased
    already. Raises NotFound naming an unknown id."""
    row = find_feedback(session, id_or_prefix=id)
    if row is None:
        raise NotFound(f"--feedback {id}: no correction has this id.")
    return _reach(session, [row.prediction_id], own=FeedbackRow.id == row.id)


def scope_of_my_correction(session: Session, id: str, actor: str) -> ErasureScope:
    """One's own correction. Raises NotFound for an unknown one and for somebody else's alike."""
    row = session.get(FeedbackRow, id)
    if row is None or row.actor != actor:
        raise NotFound("feedback_id: no correction of yours has this id.")
    return _reach(session, [row.prediction_id], own=FeedbackRow.id == id)


def _reach(session: Session, predictions: list[str], own) -> ErasureScope:
    corrections, others, learned = [], [], set()
    for ids in _batches(predictions):
        there = select(FeedbackRow.id).where(FeedbackRow.prediction_id.in_(ids))
        corrections += session.scalars(there.where(own, _not_erased()))
        others += session.scalars(there.where(~own, _not_erased()))
        learned |= set(session.scalars(select(LearnedRow.version_id).where(LearnedRow.feedback_id.in_(there))))
    by_age = session.scalars(select(VersionRow.id).order_by(VersionRow.created_at, VersionRow.id))
    return ErasureScope(predictions, corrections, others, [id for id in by_age if id in learned])


def _not_erased():
    return FeedbackRow.status != Status.erased.value


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + MAX_IDS] for start in range(0, len(ids), MAX_IDS))


def erase(session: Session, reach: ErasureScope, why: str = WHY) -> None:
    """Empty the rows. Traces may be left in the database's files until Database.scrub() has run."""
    for predictions in _batches(reach.predictions):
        session.execute(update(PredictionRow).where(PredictionRow.id.in_(predictions)).values(text=""))
        # Asked again: with the predictions locked, by the update above, no correction can join them any more.
        there = select(FeedbackRow.id).where(FeedbackRow.prediction_id.in_(predictions), _not_erased())
        for ids in _batches(list(session.scalars(there))):
            _erase_corrections(session, ids, why)


def _erase_corrections(session: Session, ids: list[str], why: str) -> None:
    emptied = {"actor": literal(ERASED) + FeedbackRow.id, "comment": "", "status": Status.erased.value}
    emptied |= {"reviewed_by": None}
    words = update(FeedbackRow).where(FeedbackRow.id.in_(ids)).values(emptied)
    session.execute(words.execution_options(synchronize_session=False))
    # A reason is free text: whoever wrote it may have quoted the message or named the person.
    past = update(FeedbackEventRow).where(FeedbackEventRow.feedback_id.in_(ids)).values(who=ERASED, why="")
    session.execute(past.execution_options(synchronize_session=False))
    event = {"status": Status.erased.value, "who": PRODUCT, "why": why}
    session.execute(insert(FeedbackEventRow), [event | {"feedback_id": id} for id in ids])
