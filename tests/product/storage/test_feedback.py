"""Stored predictions and corrections, and the decisions on them."""

from datetime import UTC, datetime, timedelta

import pytest

from product.codes import FeedbackCode, Reason
from product.identity import PRODUCT
from product.sentiment import NotFound, Status
from product.storage import feedback
from product.storage.corrections import all_corrections, stream_corrections
from product.storage.feedback import apply_trust_decisions, current_status, find_feedback
from product.storage.predictions import delete_uncorrected_predictions
from product.storage.tables import FeedbackEventRow, FeedbackRow, PredictionRow
from tests.support.actors import contributor, lead
from tests.support.stored import P1, P2, activate, add_version, correct, decide, get_prediction, history

ODD = Reason(FeedbackCode.contributor_contradicted, {"trust": 0.1})
CONFIRMED = Reason(FeedbackCode.contributor_trusted, {"trust": 0.9})


def test_a_saved_prediction_is_read_back_with_its_scores(session):
    row = get_prediction(session, id=P2)
    assert (row.text, row.label, row.model_version) == ("bad bag", "neutral", "v1")
    assert (row.negative, row.neutral, row.positive) == (0.125, 0.75, 0.125)
    assert row.created_at.tzinfo is not None


def test_an_unknown_prediction_is_none(session):
    assert get_prediction(session, id="f" * 32) is None


def test_correcting_an_unknown_prediction_is_refused_and_stores_nothing(session):
    with pytest.raises(NotFound, match="prediction_id"):
        correct(session, prediction_id="f" * 32)
    assert session.query(FeedbackRow).count() == 0


def test_an_actors_second_correction_replaces_the_first_and_keeps_the_history(session):
    first = correct(session, label="negative", comment="rude")
    again = correct(session, label="positive", comment="kind after all")
    [row] = session.query(FeedbackRow)
    assert again == first
    assert (row.label, row.comment, row.status) == ("positive", "kind after all", "pending")
    assert history(session, first) == ["pending", "pending"]


def test_corrections_of_two_actors_are_both_stored(session):
    assert correct(session, actor="ann") != correct(session, actor="bob")
    assert session.query(FeedbackRow).count() == 2


def test_all_corrections_are_listed_oldest_first_without_erased_ones(session):
    statuses = ["quarantined", "learned", "rejected", "pending", "erased", "accepted"]
    for minute, status in enumerate(statuses):
        row = session.get(FeedbackRow, correct(session, prediction_id=P2, actor=status))
        row.status, row.created_at = status, datetime(2026, 1, 1, 12, 10 - minute, tzinfo=UTC)
    corrections = all_corrections(session)
    assert [correction.actor.name for correction in corrections] == [
        "accepted",
        "pending",
        "rejected",
        "learned",
        "quarantined",
    ]
    oldest = corrections[0]
    assert (oldest.text, oldest.label, oldest.predicted) == ("bad bag", "negative", "neutral")
    assert oldest.created_at == datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
    assert not oldest.confirms


def test_a_label_equal_to_the_prediction_is_a_confirmation(session):
    correct(session, label="neutral")
    [confirmation] = all_corrections(session)
    assert confirmation.confirms


def test_only_old_uncorrected_predictions_are_deleted(session):
    correct(session, prediction_id=P1)
    at = datetime(2026, 6, 1, tzinfo=UTC)
    for id in (P1, P2):
        get_prediction(session, id=id).created_at = at
    session.flush()
    assert delete_uncorrected_predictions(session, before=at) == 0
    assert delete_uncorrected_predictions(session, before=at + timedelta(seconds=1)) == 1
    assert [row.id for row in session.query(PredictionRow)] == [P1]


def test_at_most_the_limit_of_predictions_is_deleted_at_once(session):
    later = datetime.now(UTC) + timedelta(days=1)
    assert delete_uncorrected_predictions(session, before=later, limit=1) == 1
    assert session.query(PredictionRow).count() == 1


# Decisions


@pytest.mark.parametrize(("accept", "status"), [(True, "accepted"), (False, "rejected")])
def test_a_decision_is_stored_with_reviewer_and_note(session, accept, status):
    id = correct(session)
    assert decide(session, id, accept) == status
    row = session.get(FeedbackRow, id)
    assert (row.status, row.reviewer, current_status(session, row)) == (status, lead("eve"), status)
    last = session.query(FeedbackEventRow).order_by(FeedbackEventRow.id.desc()).first()
    assert (last.feedback_id, last.status, last.actor, last.note) == (id, status, lead("eve"), "read it")


def test_reviewed_corrections_are_marked(session):
    rejected, accepted = correct(session, actor="ann"), correct(session, actor="bob")
    decide(session, rejected, False)
    decide(session, accepted, True)
    standing = {correction.id: (correction.status, correction.reviewed) for correction in all_corrections(session)}
    assert standing == {rejected: ("rejected", True), accepted: ("accepted", True)}


def test_a_learned_correction_that_is_rejected_has_the_status_rejected(session):
    id = correct(session)
    add_version(session, "v1", {id: "negative"})
    activate(session, "v1")
    decide(session, id, False)
    assert current_status(session, session.get(FeedbackRow, id)) == "rejected"
    rows = next(stream_corrections(session, at_once=10))
    assert [row.status for row in rows] == ["rejected"]


def test_a_changed_label_removes_the_decision(session):
    id = correct(session)
    decide(session, id, False)
    correct(session, label="positive")
    row = session.get(FeedbackRow, id)
    assert (row.status, row.reviewer) == ("pending", None)
    assert history(session, id) == ["pending", "rejected", "pending"]


def test_a_correction_is_found_by_its_id_or_a_unique_prefix(session, monkeypatch):
    ids = iter(("a" * 10 + "1" * 22, "a" * 10 + "2" * 22))
    monkeypatch.setattr(feedback, "new_id", lambda: next(ids))
    correct(session, actor="ann")
    correct(session, actor="bob")
    assert find_feedback(session, id_or_prefix="a" * 10 + "1").actor == contributor("ann")
    assert find_feedback(session, id_or_prefix="a" * 10 + "2" * 22).actor == contributor("bob")
    with pytest.raises(NotFound, match="aaaaaaaa: several corrections"):
        find_feedback(session, id_or_prefix="a" * 8)
    # shorter than what a page shows, or not the beginning of any
    assert find_feedback(session, id_or_prefix="a" * 7) is None
    assert find_feedback(session, id_or_prefix="b" * 8) is None


@pytest.mark.parametrize("status", [None, "erased"])
def test_deciding_on_an_unknown_or_erased_correction_is_refused(session, status):
    id = correct(session) if status else "f" * 32
    if status:
        session.get(FeedbackRow, id).status = status
    with pytest.raises(NotFound, match="feedback_id"):
        decide(session, id, True)


def test_trust_decisions_change_unreviewed_corrections_and_store_reasons(session):
    id = correct(session)
    assert apply_trust_decisions(session, {id: (Status.quarantined, ODD)}) == 1
    assert apply_trust_decisions(session, {id: (Status.quarantined, ODD)}) == 0
    assert apply_trust_decisions(session, {id: (Status.accepted, CONFIRMED)}) == 1
    session.flush()
    events = session.query(FeedbackEventRow).filter_by(feedback_id=id).order_by(FeedbackEventRow.id)
    assert [(event.status, event.actor, event.reason) for event in events][1:] == [
        ("quarantined", PRODUCT, ODD),
        ("accepted", PRODUCT, CONFIRMED),
    ]


def test_trust_decisions_do_not_change_reviewed_erased_or_unknown_corrections(session):
    rejected, accepted, erased = (correct(session, actor=name) for name in ("ann", "bob", "cid"))
    decide(session, rejected, False)
    decide(session, accepted, True)
    session.get(FeedbackRow, erased).status = "erased"
    changes = {id: (Status.quarantined, ODD) for id in (rejected, accepted, erased, "f" * 32)}
    assert apply_trust_decisions(session, changes) == 0
    statuses = [session.get(FeedbackRow, id).status for id in (rejected, accepted, erased)]
    assert statuses == ["rejected", "accepted", "erased"]


def test_trust_decisions_do_not_change_corrections_given_after_them(session):
    id = correct(session)
    judged = datetime.now(UTC)
    correct(session, label="positive")
    assert apply_trust_decisions(session, {id: (Status.quarantined, ODD)}, as_of=judged) == 0
    assert apply_trust_decisions(session, {id: (Status.quarantined, ODD)}, as_of=datetime.now(UTC)) == 1


def test_accepting_a_learned_correction_adds_nothing_to_the_history(session):
    id = correct(session)
    add_version(session, "v1", {id: "negative"})
    activate(session, "v1")
    assert apply_trust_decisions(session, {id: (Status.accepted, CONFIRMED)}) == 1
    assert history(session, id) == ["pending", "learned"]
    assert current_status(session, session.get(FeedbackRow, id)) == "learned"


def test_more_corrections_than_fit_in_one_statement_are_changed(session, monkeypatch):
    monkeypatch.setattr(feedback, "MAX_IDS", 2)
    changes = {correct(session, actor=str(number)): (Status.accepted, CONFIRMED) for number in range(5)}
    assert apply_trust_decisions(session, changes) == 5


def test_unreviewed_corrections_of_every_other_status_are_listed(session):
    for minute, status in enumerate(["erased", "rejected", "learned", "quarantined", "accepted", "pending"]):
        row = session.get(FeedbackRow, correct(session, prediction_id=P2, actor=status))
        row.status, row.created_at = status, datetime(2026, 1, 1, 12, minute, tzinfo=UTC)
    found = all_corrections(session)
    assert [correction.status for correction in found] == ["rejected", "learned", "quarantined", "accepted", "pending"]
    assert {correction.reviewed for correction in found} == {False}
