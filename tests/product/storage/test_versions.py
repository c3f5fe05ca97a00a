"""Stored versions and attempts, and the statuses of corrections that follow from them."""

from datetime import UTC, datetime

import pytest

from product.feedback import erasure
from product.sentiment import NotFound
from product.storage import versions
from product.storage.attempts import (
    count_feedback_since_last_attempt,
    count_withdrawn,
    finish_attempt,
    latest_event_id,
    start_attempt,
)
from product.storage.corrections import all_corrections
from product.storage.feedback import current_status
from product.storage.tables import ActivationRow, AttemptRow, FeedbackEventRow, FeedbackRow
from product.storage.versions import (
    active_version,
    all_versions,
    get_version,
    versions_by_activation,
)
from tests.support.actors import BY_COMMAND, lead
from tests.support.stored import activate, add_version, correct, decide, history


def learned_in(session, feedback_id, label="negative"):
    return versions.learned_in(session, feedback_id=feedback_id, label=label, active_version=active_version(session))


def test_no_version_is_active_at_first(session):
    assert active_version(session) is None
    assert all_versions(session) == []


def test_adding_a_version_does_not_activate_it(session):
    add_version(session, "v1")
    assert active_version(session) is None
    assert get_version(session, id="v1").metrics == {"accuracy": 0.9}


def test_the_version_activated_last_is_active_and_earlier_ones_are_listed(session):
    for version in ("v1", "v2", "v3"):
        add_version(session, version)
    for version in ("v1", "v2", "v1", "v2", "v1"):
        activate(session, version)
    assert active_version(session) == "v1"
    assert versions_by_activation(session) == ["v1", "v2"]
    assert [row.id for row in all_versions(session)] == ["v3", "v2", "v1"]


def test_activating_an_unknown_version_is_refused(session):
    with pytest.raises(NotFound, match="v9"):
        activate(session, "v9")
    assert active_version(session) is None


def test_a_correction_is_learned_only_once_the_version_that_learned_it_is_active(session):
    id = correct(session)
    add_version(session, "v1")
    activate(session, "v1")
    add_version(session, "v2", {id: "negative"}, parent="v1")
    assert learned_in(session, id) is None
    activate(session, "v2")
    assert learned_in(session, id) == "v2"


def test_learned_in_names_the_first_version_that_was_ever_active(session):
    id = correct(session)
    for version in ("v1", "v2", "v3"):
        add_version(session, version, {id: "negative"})
    activate(session, "v2")
    activate(session, "v3")
    assert learned_in(session, id) == "v2"  # v1 learned it first and never served


def test_after_a_rollback_a_correction_is_pending_again_with_its_history(session):
    id = correct(session)
    add_version(session, "v1")
    activate(session, "v1")
    add_version(session, "v2", {id: "negative"}, parent="v1")
    activate(session, "v2")
    activate(session, "v1")
    assert learned_in(session, id) is None
    assert current_status(session, session.get(FeedbackRow, id)) == "pending"
    assert history(session, id) == ["pending", "learned", "pending"]


def test_a_second_version_that_learned_a_correction_adds_nothing_to_its_history(session):
    id = correct(session)
    for version in ("v2", "v3"):
        add_version(session, version, {id: "negative"})
        activate(session, version)
    assert history(session, id) == ["pending", "learned"]


def test_a_label_changed_after_learning_is_pending_until_it_is_changed_back(session):
    id = correct(session, label="negative")
    add_version(session, "v1", {id: "negative"})
    activate(session, "v1")
    correct(session, label="positive")
    row = session.get(FeedbackRow, id)
    assert current_status(session, row) == "pending"
    assert learned_in(session, id, "positive") is None
    correct(session, label="negative")
    assert current_status(session, row) == "learned"
    assert history(session, id) == ["pending", "learned", "pending", "learned"]


def test_a_quarantined_correction_does_not_have_the_status_learned(session):
    id = correct(session)
    session.get(FeedbackRow, id).status = "quarantined"
    add_version(session, "v1", {id: "negative"})
    activate(session, "v1")
    assert current_status(session, session.get(FeedbackRow, id)) == "quarantined"


def test_all_feedback_counts_before_the_first_finished_attempt(session):
    correct(session, actor="ann")
    start_attempt(session)
    correct(session, actor="bob")
    session.flush()
    assert count_feedback_since_last_attempt(session) == 2


def test_feedback_counts_from_the_start_of_the_newest_finished_attempt(session):
    old = session.get(FeedbackRow, correct(session, actor="ann"))
    changed = session.get(FeedbackRow, correct(session, actor="bob"))
    attempt = start_attempt(session)
    finish_attempt(session, id=attempt, outcome="kept", reasons=[])
    session.flush()
    assert count_feedback_since_last_attempt(session) == 0
    correct(session, actor="bob", label="positive")
    correct(session, actor="cid")
    session.flush()
    assert count_feedback_since_last_attempt(session) == 2
    assert old.updated_at < changed.updated_at


def test_feedback_that_no_finished_attempt_has_read_counts(session):
    correct(session, actor="ann")
    known = latest_event_id(session)
    correct(session, actor="bob")
    attempt = start_attempt(session, last_event_id=known)
    finish_attempt(session, id=attempt, outcome="insufficient", reasons=[])
    start_attempt(session)
    session.flush()
    assert count_feedback_since_last_attempt(session) == 1


def test_feedback_counts_after_an_attempt_made_while_the_clock_was_ahead(session):
    correct(session, actor="ann")
    attempt = start_attempt(session)
    session.get(AttemptRow, attempt).started_at = datetime(2126, 1, 1, tzinfo=UTC)
    finish_attempt(session, id=attempt, outcome="kept", reasons=[])
    correct(session, actor="bob")
    session.flush()
    assert count_feedback_since_last_attempt(session) == 1


def test_after_the_clock_is_set_back_the_latest_activation_and_all_corrections_count(session):
    future = datetime(2126, 1, 1, tzinfo=UTC)
    ahead = session.get(FeedbackRow, correct(session, actor="ann"))
    ahead.created_at = ahead.updated_at = future
    for id in ("v1", "v2"):
        add_version(session, id)
        activate(session, id)
    session.query(ActivationRow).filter_by(version_id="v1").update({"at": future})
    correct(session, actor="bob")
    session.flush()
    assert active_version(session) == "v2"
    assert {correction.actor.name for correction in all_corrections(session)} == {"ann", "bob"}
    assert count_feedback_since_last_attempt(session) == 2


def test_quarantined_corrections_and_automatic_changes_do_not_count(session):
    quarantined = session.get(FeedbackRow, correct(session, actor="ann"))
    quarantined.status = "quarantined"
    learned = correct(session, actor="bob")
    finish_attempt(session, id=start_attempt(session), outcome="promoted", reasons=[])
    add_version(session, "v1", {learned: "negative"})
    activate(session, "v1")
    session.flush()
    assert count_feedback_since_last_attempt(session) == 0
    session.add(FeedbackEventRow(feedback_id=quarantined.id, status="accepted", actor=lead("eve"), code="given"))
    quarantined.status = "accepted"
    session.flush()
    assert count_feedback_since_last_attempt(session) == 1


def test_finishing_an_attempt_that_never_started_is_refused(session):
    with pytest.raises(NotFound):
        finish_attempt(session, id=7, outcome="kept", reasons=[])


@pytest.mark.parametrize("gone", ["rejected", "erased"])
def test_a_withdrawn_correction_counts_if_the_active_version_learned_it(session, gone):
    learned, other = correct(session, actor="ann"), correct(session, actor="bob")
    add_version(session, "v1", {learned: "neutral"})
    add_version(session, "v0", {other: "neutral"})
    versions.activate_version(session, "v1", BY_COMMAND)
    attempt = start_attempt(session)
    finish_attempt(session, id=attempt, outcome="kept", reasons=[])
    for id in (learned, other):
        if gone == "rejected":
            decide(session, id, False)
        else:
            erasure.erase(session, erasure.scope_of_feedback(session, id))
    session.flush()
    assert count_withdrawn(session, version_id="v1") == 1
    assert count_feedback_since_last_attempt(session) == 1


def test_an_accepted_correction_counts_and_a_rejected_one_does_not(session):
    rejected, accepted = correct(session, actor="ann"), correct(session, actor="bob")
    attempt = start_attempt(session)
    finish_attempt(session, id=attempt, outcome="kept", reasons=[])
    decide(session, rejected, False)
    decide(session, accepted, True)
    session.flush()
    assert count_feedback_since_last_attempt(session) == 1
