"""Erases the text, the contributor, the comment and all notes of corrections for good.

Emptied rows remain, because versions refer to the corrections they learned, and receipts must still work. A label
without its text, contributor and comment says nothing about a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from product.codes import FeedbackCode, Reason
from product.identity import Actor, ActorKind
from product.sentiment import NotFound, Status
from product.storage.feedback import MAX_IDS, find_feedback, product_event
from product.storage.tables import FeedbackEventRow, FeedbackRow, LearnedRow, PredictionRow, VersionRow


@dataclass(frozen=True)
class ErasureScope:
    """What an erasure removes, by id. `others`: other people's corrections of the same predictions. `versions`: those
    that learned any of it, oldest first."""

    predictions: list[str]
    corrections: list[str]
    others: list[str]
    versions: list[str]

    def as_dict(self) -> dict[str, Any]:
        counts: dict[str, Any] = {name: len(getattr(self, name)) for name in ("predictions", "corrections", "others")}
        return counts | {"versions": self.versions}


def scope_of_actor(session: Session, actor: str) -> ErasureScope:
    """All corrections of the contributors with this handle. Raises NotFound if there are none."""
    contributors = [contributor for contributor in _contributors(session) if contributor.handle == actor]
    if not contributors:
        similar = same_name_handles(session, actor)
        raise NotFound(
            f"--actor {actor}: no contributor has this name; write it as in the actor column of "
            f"`python -m product export`, for example {similar[0] if similar else 'token:anna'}."
        )
    own = or_(*(FeedbackRow.actor == contributor for contributor in contributors))
    predictions = sorted(session.scalars(select(FeedbackRow.prediction_id).where(own, _not_erased())))
    return _scope(session, predictions, own=own)


def _contributors(session: Session) -> list[Actor]:
    columns = FeedbackRow.actor_kind, FeedbackRow.actor_key, FeedbackRow.actor_name
    return [Actor(*row) for row in session.execute(select(*columns).where(_not_erased()).distinct())]


def same_name_handles(session: Session, actor: str) -> list[str]:
    """Handles of other contributors with this name: names are unique only behind one API token or client."""
    others = {contributor.handle for contributor in _contributors(session) if contributor.name == actor}
    return sorted(others - {actor})


def scope_of_feedback(session: Session, id: str) -> ErasureScope:
    """One correction, by its id or the start of it. If it was erased before, only its prediction is in the scope.
    Raises NotFound naming an unknown id."""
    row = find_feedback(session, id_or_prefix=id)
    if row is None:
        raise NotFound(f"--feedback {id}: no correction has this id.")
    return _scope(session, [row.prediction_id], own=FeedbackRow.id == row.id)


def scope_of_my_correction(session: Session, id: str, actor: Actor) -> ErasureScope:
    """The contributor's own correction. Raises NotFound for an unknown one, and for another contributor's."""
    row = session.get(FeedbackRow, id)
    if row is None or row.actor != actor:
        raise NotFound("feedback_id: no correction of yours has this id.")
    return _scope(session, [row.prediction_id], own=FeedbackRow.id == id)


def _scope(session: Session, predictions: list[str], own: ColumnElement[bool]) -> ErasureScope:
    corrections: list[str] = []
    others: list[str] = []
    learned: set[str] = set()
    for ids in _batches(predictions):
        given = select(FeedbackRow.id).where(FeedbackRow.prediction_id.in_(ids))
        corrections += session.scalars(given.where(own, _not_erased()))
        others += session.scalars(given.where(~own, _not_erased()))
        learned |= set(session.scalars(select(LearnedRow.version_id).where(LearnedRow.feedback_id.in_(given))))
    by_age = session.scalars(select(VersionRow.id).order_by(VersionRow.created_at, VersionRow.id))
    return ErasureScope(predictions, corrections, others, [id for id in by_age if id in learned])


def _not_erased() -> ColumnElement[bool]:
    return FeedbackRow.status != Status.erased.value


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + MAX_IDS] for start in range(0, len(ids), MAX_IDS))


def erase(session: Session, scope: ErasureScope, code: FeedbackCode = FeedbackCode.erased_by_operator) -> None:
    """Empty the rows. Traces may remain in the database files until Database.scrub() has run."""
    for predictions in _batches(scope.predictions):
        session.execute(update(PredictionRow).where(PredictionRow.id.in_(predictions)).values(text=""))
        # Selected again: the update has locked the predictions, so that no further correction can be added.
        given = select(FeedbackRow.id).where(FeedbackRow.prediction_id.in_(predictions), _not_erased())
        for ids in _batches(list(session.scalars(given))):
            _erase_corrections(session, ids, code)


def _erase_corrections(session: Session, ids: list[str], code: FeedbackCode) -> None:
    no_reviewer = {"reviewer_kind": None, "reviewer_key": None, "reviewer_name": None}
    rows = update(FeedbackRow).where(FeedbackRow.id.in_(ids))
    # The id in place of the contributor keeps several corrections of one prediction apart.
    rows = rows.values(**_erased_actor(FeedbackRow.id), **no_reviewer, comment="", status=Status.erased.value)
    session.execute(rows.execution_options(synchronize_session=False))
    # A note may quote the message or name a person.
    events = update(FeedbackEventRow).where(FeedbackEventRow.feedback_id.in_(ids))
    removed = {"code": str(FeedbackCode.removed), "values": {}, "note": ""}
    events = events.values(_erased_actor(FeedbackEventRow.feedback_id) | removed)
    session.execute(events.execution_options(synchronize_session=False))
    session.add_all(product_event(id, Status.erased.value, Reason(code)) for id in ids)


def _erased_actor(key: InstrumentedAttribute[str]) -> dict[str, object]:
    return {"actor_kind": ActorKind.erased, "actor_key": key, "actor_name": ""}
