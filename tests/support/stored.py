"""Shorthands for tests of the database. Each takes a session."""

from product.codes import FeedbackCode
from product.storage import versions
from product.storage.feedback import Decision, record_decision, save_feedback
from product.storage.tables import FeedbackEventRow, PredictionRow
from product.storage.versions import NewVersion
from tests.support.actors import BY_COMMAND, contributor, lead

P1, P2 = "1" * 32, "2" * 32
"""Two predictions that the fixture `session` has stored."""


def get_prediction(session, *, id) -> PredictionRow | None:
    return session.get(PredictionRow, id)


def correct(session, prediction_id=P1, label="negative", actor="ann", comment="") -> str:
    id, _ = save_feedback(
        session,
        prediction_id=prediction_id,
        label=label,
        actor=contributor(actor),
        comment=comment,
        code=FeedbackCode.given,
    )
    return id


def add_version(session, id, learned=None, parent=None):
    versions.add_version(
        session,
        NewVersion(
            id=id,
            parent=parent,
            corrections=len(learned or {}),
            metrics={"accuracy": 0.9},
            verdict={},
            learned=learned or {},
        ),
    )
    session.flush()


def activate(session, id):
    versions.activate_version(session, id, BY_COMMAND)


def history(session, feedback_id) -> list[str]:
    session.flush()
    events = session.query(FeedbackEventRow).filter_by(feedback_id=feedback_id).order_by(FeedbackEventRow.id)
    return [event.status for event in events]


def decide(session, feedback_id, accept, who="eve"):
    return record_decision(session, feedback_id, Decision(accept, lead(who), "read it")).status
