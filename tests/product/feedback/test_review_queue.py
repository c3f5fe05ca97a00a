"""The review queue on a real database: what is queued, the reason, and the effect of a decision."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.codes import FeedbackCode, Reason
from product.identity import Actor, ActorKind
from product.sentiment import InvalidInput, NotFound, Status
from product.storage.attempts import finish_attempt, latest_event_id, start_attempt
from product.storage.corrections import all_corrections, corrections_to_review
from product.storage.feedback import apply_trust_decisions, get_feedback
from product.storage.predictions import save_predictions, uncorrected_predictions
from product.storage.tables import FeedbackRow, PredictionRow, ShadowDisagreementRow, ShadowRow, now
from product.storage.versions import NewVersion, add_version
from tests.support.actors import contributor, lead

TRUSTED = Reason(FeedbackCode.contributor_trusted, {"trust": 0.9})
UNPROVEN = Reason(FeedbackCode.contributor_unproven, {"trust": 0.5})


@pytest.fixture
def command(settings, monkeypatch):
    """A command on the test's own database; returns how it ended."""
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.fixture
def say(application):
    """Give words on one new message; returns its id and the words' feedback ids."""

    def words(text, **labels):
        [answer] = application.predict([text])
        given = {
            actor: application.correct(prediction_id=answer.id, label=label, actor=contributor(actor))[0]
            for actor, label in labels.items()
        }
        return answer.id, given

    return words


def quarantine_contributor(database, *ids):
    with database.write() as session:
        apply_trust_decisions(session, {id: (Status.quarantined, Reason(FeedbackCode.disputed)) for id in ids})


def reasons(application) -> dict[str, str]:
    return {item.text: item.reason for item in application.review_queue()}


def test_only_uncorrected_messages_are_queued(application, say):
    application.predict(["bad bag", "where is it"])
    say("good day", ann="neutral")
    assert reasons(application) == {"bad bag": "unsure", "where is it": "unsure"}


def test_a_message_with_a_confident_prediction_is_queued_as_unseen(application, database, make_prediction):
    sure = replace(make_prediction(), scores={"negative": 0.01, "neutral": 0.98, "positive": 0.01})
    with database.write() as session:
        save_predictions(session, [sure])
    assert reasons(application) == {"where is my parcel": "unseen"}


def test_a_shadow_disagreement_is_queued_until_the_message_is_corrected(application, database, say):
    differing, _ = say("where is it")
    application.predict(["bad bag"])
    with database.write() as session:
        add_version(session, NewVersion(id="v1", parent=None, corrections=0, metrics={}, verdict={}, learned={}))
        shadow = ShadowRow(version_id="v1", champion="v1", ends_at=now(), position_at=now())
        session.add(shadow)
        session.flush()
        session.add(ShadowDisagreementRow(shadow_id=shadow.id, prediction_id=differing, label="negative"))
    found = {item.text: (item.reason, item.challenger) for item in application.review_queue()}
    assert found == {"where is it": ("shadow", "negative"), "bad bag": ("unsure", "")}
    application.correct(prediction_id=differing, label="neutral", actor=contributor("ann"))
    assert reasons(application) == {"bad bag": "unsure"}


def test_imported_and_erased_messages_are_not_queued(application, database, make_prediction, say):
    with database.write() as session:
        save_predictions(session, [make_prediction(id="1" * 32)], imported=True)
        save_predictions(session, [make_prediction(id="2" * 32, text="")])
    id, words = say("bad bag", ann="neutral")
    application.erase_my_correction(feedback_id=words["ann"], actor=contributor("ann"))
    assert application.review_queue() == []


def test_a_quarantined_correction_is_queued_until_it_is_decided(application, database, say):
    id, words = say("bad bag", ann="positive")
    quarantine_contributor(database, words["ann"])
    [item] = application.review_queue()
    assert (item.prediction_id, item.reason, item.predicted) == (id, "quarantined", "negative")
    assert [(word.actor.name, word.label, word.status, word.open) for word in item.corrections] == [
        ("ann", "positive", "quarantined", True)
    ]
    application.decide(feedback_id=words["ann"], accept=True, by=lead("eve"))
    assert application.review_queue() == []


def test_a_disputed_message_is_queued_until_one_label_is_left(application, say):
    _, words = say("bad bag", ann="positive", bob="neutral")
    assert reasons(application) == {"bad bag": "disputed"}
    application.decide(feedback_id=words["ann"], accept=True, by=lead("eve"))
    [item] = application.review_queue()
    assert [(word.actor.name, word.open) for word in item.corrections] == [("ann", False), ("bob", True)]
    application.decide(feedback_id=words["bob"], accept=False, by=lead("eve"))
    assert application.review_queue() == []


def test_a_text_disputed_in_two_messages_is_queued_once(application, say):
    say("bad bag", ann="positive")
    say("Bad  bag", bob="neutral")
    [item] = application.review_queue()
    assert (item.reason, [word.actor.name for word in item.corrections]) == ("disputed", ["ann", "bob"])


def test_a_message_with_agreeing_corrections_is_not_queued(application, say):
    say("bad bag", ann="neutral", bob="neutral")
    assert application.review_queue() == []


def attempt(database, *waiting):
    """A run that has read all that was said; of some it has found what it did not know before, and left it pending."""
    with database.write() as session:
        known = latest_event_id(session)
        apply_trust_decisions(session, {id: (Status.pending, UNPROVEN) for id in waiting})
        id = start_attempt(session, last_event_id=known)
        finish_attempt(session, id=id, outcome="insufficient", reasons=[])


def test_a_correction_that_a_run_left_pending_is_queued_until_it_is_decided(application, database, say):
    _, words = say("bad bag", ann="neutral")
    assert reasons(application) == {}
    attempt(database)
    say("good day", bob="neutral")
    [item] = application.review_queue()
    assert (item.text, item.reason, item.corrections[0].open) == ("bad bag", "waiting", True)
    application.decide(feedback_id=words["ann"], accept=True, by=lead("eve"))
    assert reasons(application) == {}


def test_an_accepted_correction_that_becomes_pending_again_is_queued(application, database, say):
    _, words = say("bad bag", ann="neutral")
    with database.write() as session:
        apply_trust_decisions(session, {words["ann"]: (Status.accepted, TRUSTED)})
    attempt(database, words["ann"])
    assert reasons(application) == {"bad bag": "waiting"}


def test_an_accepted_correction_is_not_open_for_decision(application, database, say):
    _, words = say("bad bag", ann="positive", bob="neutral")
    with database.write() as session:
        apply_trust_decisions(session, {words["ann"]: (Status.accepted, TRUSTED)})
    [item] = application.review_queue()
    assert [(word.actor.name, word.open) for word in item.corrections] == [("ann", False), ("bob", True)]


def test_a_message_of_a_drifted_group_is_queued_once_as_drifted(application, monkeypatch):
    [answer] = application.predict(["where is it"])
    monkeypatch.setattr(application.drift, "to_review", lambda limit: [answer.id])
    assert reasons(application) == {"where is it": "drifted"}
    assert len(application.review_queue()) == 1


def test_the_newest_messages_are_candidates(application, database, make_prediction):
    with database.write() as session:
        save_predictions(session, [make_prediction(id=f"{n:032}", text=f"text {n}") for n in range(3)])
        for number, row in enumerate(session.query(PredictionRow).order_by(PredictionRow.id)):
            row.created_at = datetime(2026, 1, 1 + number, tzinfo=UTC)
        session.flush()
        assert [row.text for row in uncorrected_predictions(session, limit=2)] == ["text 2", "text 1"]


def test_quarantined_corrections_are_candidates_first(database, say):
    _, words = say("bad bag", ann="positive", bob="neutral", cid="neutral")
    quarantine_contributor(database, words["ann"])
    with database.read() as session:
        found = [word.actor.name for word, _ in corrections_to_review(session, limit=2)]
    assert found == ["ann", "cid"]


def test_messages_with_the_costliest_mistakes_come_first(application):
    application.predict(["good day", "bad bag", "where is it"])
    # positive: .125*10 + .125 = 1.375 minutes, negative: .125*2 + .125*3 = .625, neutral: .125*6 + .125 = .875
    assert [(item.predicted, item.cost) for item in application.review_queue()] == [
        ("positive", pytest.approx(1.375)),
        ("neutral", pytest.approx(0.875)),
        ("negative", pytest.approx(0.625)),
    ]


@pytest.mark.parametrize("limit", [0, 201])
def test_a_limit_out_of_range_is_refused_with_the_range(application, limit):
    with pytest.raises(InvalidInput, match="limit: must be from 1 to 200"):
        application.review_queue(limit)


def test_a_leads_label_is_accepted_at_once(application, database):
    [answer] = application.predict(["bad bag"])
    id = application.label_as_lead(prediction_id=answer.id, label="neutral", by=lead("eve"))
    receipt = application.receipt(id)
    assert (receipt.status, receipt.label) == ("accepted", "neutral")
    assert [change.status for change in receipt.history] == ["pending", "accepted"]
    with database.read() as session:
        [row] = session.query(FeedbackRow)
        assert (row.actor, row.reviewer) == (lead("eve"), lead("eve"))
        assert [correction.reviewed for correction in all_corrections(session)] == [True]
    assert application.review_queue() == []


@pytest.mark.parametrize(
    ("given", "refusal", "field"),
    [
        ({"label": "angry"}, InvalidInput, "label"),
        ({"by": lead("")}, InvalidInput, "who"),
        ({"prediction_id": "f" * 32}, NotFound, "prediction_id"),
        ({"prediction_id": "'"}, NotFound, "prediction_id"),
    ],
)
def test_an_invalid_label_by_a_lead_is_refused_with_the_field(application, count, given, refusal, field):
    [answer] = application.predict(["bad bag"])
    with pytest.raises(refusal, match=field):
        application.label_as_lead(**{"prediction_id": answer.id, "label": "neutral", "by": lead("eve")} | given)
    assert count(FeedbackRow) == 0


# Commands


def test_the_command_lists_the_queue_as_text_and_as_json(command, say):
    id, words = say("bad \x1b[31mbag", ann="positive", bob="neutral")
    listed = command("review")
    assert listed.exit_code == 0, listed.output
    assert "Contributors disagree about this message." in listed.output
    assert f"feedback {words['bob']}, to be decided" in listed.output
    assert "\x1b" not in listed.output
    [item] = json.loads(command("review", "--limit", "1", "--json", "-").stdout)["queue"]
    assert (item["prediction_id"], item["reason"], item["predicted"]) == (id, "disputed", "negative")
    assert [word["feedback_id"] for word in item["corrections"]] == list(words.values())


def test_the_command_reports_an_empty_queue(command, database):
    assert "nothing to review" in command("review").output


@pytest.mark.parametrize(("decision", "status"), [("accept", "accepted"), ("reject", "rejected")])
def test_the_command_stores_a_decision_with_reviewer_and_note(command, database, say, decision, status):
    _, words = say("bad bag", ann="positive")
    done = command("decide", words["ann"], decision, "--who", "eve", "--why", "asked her")
    assert done.exit_code == 0, done.output
    assert f"{words['ann']}: {status}" in done.output
    with database.read() as session:
        row = get_feedback(session, id=words["ann"])
        assert (row.status, row.reviewer) == (status, Actor(ActorKind.operator, name="eve"))
        assert (row.history[-1].actor.name, row.history[-1].note) == ("eve", "asked her")


def test_the_command_accepts_a_shortened_feedback_id(command, database, say):
    _, words = say("bad bag", ann="positive")
    done = command("decide", words["ann"][:8], "accept", "--who", "eve")
    assert done.exit_code == 0, done.output
    assert f"{words['ann']}: accepted" in done.output


@pytest.mark.parametrize("name", ["", "%", "________", "f" * 7])
def test_the_command_refuses_an_invalid_shortened_id(command, database, say, name):
    say("bad bag", ann="positive")
    assert isinstance(command("decide", name, "accept", "--who", "eve").exception, NotFound)


@pytest.mark.parametrize("arguments", [["accept"], ["perhaps", "--who", "eve"]])
def test_the_command_requires_a_decision_and_a_reviewer(command, database, arguments):
    assert command("decide", "f" * 32, *arguments).exit_code == 2


def test_the_command_refuses_an_unknown_correction(command, database):
    assert isinstance(command("decide", "f" * 32, "accept", "--who", "eve").exception, NotFound)


def test_a_message_in_a_language_that_was_not_learned_says_so(application, say):
    say("furchtbarer Service, nie wieder")
    say("sehr gut, vielen Dank")
    say("where is it")
    found = {item.text: item.supported for item in application.review_queue()}
    # The engine of the tests knows one German word; only that message was stored as German.
    assert found == {"furchtbarer Service, nie wieder": True, "sehr gut, vielen Dank": False, "where is it": True}
    assert [item.as_dict()["supported"] for item in application.review_queue() if "Dank" in item.text] == [False]
