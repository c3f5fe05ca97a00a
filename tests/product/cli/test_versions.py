"""`python -m product versions`: which there are, what the attempts came to, and the table that each was judged by; and
what `rollback` warns of."""

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.codes import FeedbackCode, Reason, RunCode
from product.storage.attempts import finish_attempt, start_attempt
from product.storage.feedback import Decision, record_decision, save_feedback
from product.storage.predictions import save_predictions
from product.storage.versions import NewVersion, activate_version, add_version
from tests.support.actors import BY_COMMAND, contributor, lead

CHECK = {
    "name": "gate rows (9)",
    "champion": "90.0% right",
    "challenger": "80.0% right",
    "finding": "-10 [red]points",
    "rule": "not worse",
}
VERDICT = {
    "promote": False,
    "reasons": [{"code": "legacy", "values": {"text": "worse"}}],
    "checks": [
        {
            "code": "legacy",
            "subject": "",
            "champion": None,
            "challenger": None,
            "values": CHECK,
            "threshold": None,
            "passed": False,
        }
    ],
}


@pytest.fixture
def command(settings, monkeypatch):
    """The command on the test's own database; returns how it ended."""
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(app, ["versions", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def attempts(database):
    """A version, an attempt whose challenger was turned down, and one that was never finished."""
    with database.write() as session:
        add_version(session, NewVersion(id="v1", parent=None, corrections=3, metrics={}, verdict=VERDICT, learned={}))
        activate_version(session, "v1", BY_COMMAND)
        kept = start_attempt(session)
        finish_attempt(
            session, id=kept, outcome="kept", reasons=[Reason(RunCode.legacy, {"text": "worse"})], verdict=VERDICT
        )
        start_attempt(session)


def test_attempts_are_listed_with_what_they_came_to(attempts, command):
    told = command().stdout
    assert "active since" in told and ": v1: Promoted from the command line." in told
    assert ": kept: worse" in told
    assert "attempt 2, started" in told and "not finished: still running, or killed" in told


@pytest.mark.parametrize("name", ["v1", "1"])
def test_a_verdict_is_shown_as_a_table_also_of_what_was_not_promoted(attempts, command, name):
    told = command("--verdict", name)
    assert told.exit_code == 0
    for words in (f"{name}: worse", "gate rows (9)", "90.0% right", "-10 [red]points", "not worse", "NO"):
        assert words in told.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v2", "no version 'v2'"),
        ("9", "There is no attempt 9"),
        ("9" * 30, "no version"),
        ("2", "2: the gate compared nothing"),
    ],
)
def test_a_verdict_that_there_is_not_is_refused_by_name(attempts, command, name, said):
    refused = command("--verdict", name)
    assert refused.exit_code == 1
    assert said in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "v1: Promoted from the command line.\n"),
        (["--who", "eve"], "v1: Promoted from the command line. Decided by eve.\n"),
        (
            ["--who", "e\nve", "--why", "read the table"],
            "v1: Promoted from the command line. Decided by e ve. Reason given: read the table\n",
        ),
    ],
)
def test_who_made_a_version_active_and_why_is_told(attempts, command, monkeypatch, arguments, told):
    monkeypatch.setattr("product.versions.registry.manifests.verify", lambda folder: None)
    done = CliRunner().invoke(app, ["promote", "v1", *arguments])
    assert done.exit_code == 0, done.output
    assert told in command().stdout


def test_a_reason_too_long_to_read_is_refused_and_nothing_changes(attempts, command):
    done = CliRunner().invoke(app, ["promote", "v1", "--why", "x" * 3000])
    assert "why: " in str(done.exception)
    assert ": v1: Promoted from the command line.\n" in command().stdout


def test_going_back_to_what_has_learned_words_that_were_turned_down_is_warned_of(
    attempts, database, settings, make_prediction, monkeypatch
):
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    monkeypatch.setattr("product.versions.registry.manifests.verify", lambda folder: None)
    with database.write() as session:
        answer = make_prediction()
        save_predictions(session, [answer])
        id, _ = save_feedback(
            session,
            prediction_id=answer.id,
            label="negative",
            actor=contributor("ann"),
            comment="",
            code=FeedbackCode.given,
        )
        for name, parent, learned in (("v2", "v1", {id: "negative"}), ("v3", "v2", {})):
            add_version(
                session, NewVersion(id=name, parent=parent, corrections=1, metrics={}, verdict={}, learned=learned)
            )
        record_decision(session, id, Decision(False, lead("eve"), "no"))
        activate_version(session, "v3", BY_COMMAND)
    told = CliRunner().invoke(app, ["rollback"])
    assert "active: v2 (before: v3)" in told.stdout
    assert "v2 has learned 1 corrections that were later rejected or erased" in told.stderr
    assert "later rejected" not in CliRunner().invoke(app, ["rollback"]).stderr
