"""`python -m product versions`: versions, attempts and verdicts; `promote` with a reason; the warning of `rollback`."""

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
    """Runs the command on the test's database; returns its result."""
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(app, ["versions", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def attempts(database):
    """A version, an attempt whose challenger was rejected, and an unfinished attempt."""
    with database.write() as session:
        add_version(session, NewVersion(id="v1", parent=None, corrections=3, metrics={}, verdict=VERDICT, learned={}))
        activate_version(session, "v1", BY_COMMAND)
        kept = start_attempt(session)
        finish_attempt(
            session, id=kept, outcome="kept", reasons=[Reason(RunCode.legacy, {"text": "worse"})], verdict=VERDICT
        )
        start_attempt(session)


def test_attempts_are_listed_with_their_outcome(attempts, command):
    listed = command().stdout
    assert "active since" in listed and ": v1: Promoted from the command line." in listed
    assert ": kept: worse" in listed
    assert "run 2, started" in listed and "not finished: still running, or killed" in listed


@pytest.mark.parametrize("name", ["v1", "1"])
def test_the_verdict_of_a_version_or_an_attempt_is_shown_as_a_table(attempts, command, name):
    shown = command("--verdict", name)
    assert shown.exit_code == 0
    for cell in (f"{name}: worse", "gate rows (9)", "90.0% right", "-10 [red]points", "not worse", "NO"):
        assert cell in shown.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("v2", "no version 'v2'"),
        ("9", "no retraining run 9"),
        ("9" * 30, "no version"),
        ("2", "2 has no verdict"),
    ],
)
def test_an_unknown_version_or_run_or_one_without_a_verdict_is_refused(attempts, command, name, message):
    refused = command("--verdict", name)
    assert refused.exit_code == 1
    assert message in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "v1: Promoted from the command line.\n"),
        (["--who", "eve"], "v1: Promoted from the command line. Decided by eve.\n"),
        (
            ["--who", "e\nve", "--why", "read the table"],
            "v1: Promoted from the command line. Decided by e ve. Reason given: read the table\n",
        ),
    ],
)
def test_versions_shows_who_activated_a_version_and_why(attempts, command, monkeypatch, arguments, line):
    monkeypatch.setattr("product.versions.registry.manifests.verify", lambda folder: None)
    done = CliRunner().invoke(app, ["promote", "v1", *arguments])
    assert done.exit_code == 0, done.output
    assert line in command().stdout


def test_a_reason_that_is_too_long_is_refused_and_nothing_changes(attempts, command):
    done = CliRunner().invoke(app, ["promote", "v1", "--why", "x" * 3000])
    assert "why: " in str(done.exception)
    assert ": v1: Promoted from the command line.\n" in command().stdout


def test_rollback_warns_of_a_version_that_learned_rejected_corrections(
    attempts, database, settings, make_prediction, monkeypatch
):
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    monkeypatch.setattr("product.versions.registry.manifests.verify", lambda folder: None)
    with database.write() as session:
        prediction = make_prediction()
        save_predictions(session, [prediction])
        id, _ = save_feedback(
            session,
            prediction_id=prediction.id,
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
    done = CliRunner().invoke(app, ["rollback"])
    assert "active: v2 (before: v3)" in done.stdout
    assert "v2 has learned 1 corrections that were later rejected or erased" in done.stderr
    assert "later rejected" not in CliRunner().invoke(app, ["rollback"]).stderr
