"""Shadow mode on a real database, with a challenger that predicts negative for every message."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from product.cli.app import app as commands
from product.codes import Reason, RunCode
from product.inference import manifest as manifests
from product.inference.manifest import BadVersion
from product.inference.model import TextScore
from product.storage.attempts import finish_attempt, start_attempt
from product.storage.database import Database
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import AttemptRow, PredictionRow, ShadowDisagreementRow, ShadowRow
from product.storage.versions import (
    NewVersion,
    activate_version,
    active_version,
    add_version,
    latest_activation,
    latest_shadows,
    open_shadow,
    shadow_disagreements,
    start_shadow,
)
from product.versions.registry import Versions
from product.versions.shadow_monitor import ShadowMonitor
from tests.support.actors import BY_COMMAND, contributor

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
PROGRESS = Reason(RunCode.shadow_progress, {"read": 0, "champion": "v1", "differed": 0})


class NegativeModel:
    """Predicts negative, and records the texts it has scored."""

    def __init__(self):
        self.scored: list[str] = []

    def score(self, texts: list[str]) -> list[TextScore]:
        self.scored += texts
        score = TextScore("negative", 1.0, {"negative": 1.0, "neutral": 0.0, "positive": 0.0}, "en", False)
        return [score for _ in texts]


@pytest.fixture
def challenger() -> NegativeModel:
    return NegativeModel()


@pytest.fixture
def no_folders(monkeypatch):
    """Without checking the version folders, which do not exist here."""
    monkeypatch.setattr(manifests, "verify", lambda folder: None)


@pytest.fixture
def make_monitor(settings, database, challenger, no_folders):
    def make(after: timedelta = HOUR, **changed) -> ShadowMonitor:
        changed_settings = settings.model_copy(update=changed)
        versions = Versions(changed_settings, database)
        return ShadowMonitor(changed_settings, database, versions, lambda *_: challenger, clock=lambda: NOW + after)

    return make


@pytest.fixture
def shadowing(database):
    """v1 is active; v2, made by an attempt, runs in shadow mode for 48 hours."""
    with database.write() as session:
        for id, parent in (("v1", None), ("v2", "v1")):
            add_version(session, NewVersion(id=id, parent=parent))
        activate_version(session, "v1", BY_COMMAND)
        start_shadow(session, version_id="v2", champion="v1", ends_at=NOW + 48 * HOUR)
        attempt = start_attempt(session)
        finish_attempt(session, id=attempt, outcome="awaiting-approval", reasons=[], version_id="v2")


@pytest.fixture
def predict(database, make_prediction):
    """Stores a prediction of v1 and returns its id."""

    def store(number: int, label: str = "neutral", imported: bool = False, **more) -> str:
        prediction = make_prediction(id=f"{number:032d}", text=f"message {number}", label=label, **more)
        with database.write() as session:
            save_predictions(session, [prediction], imported=imported)
        return prediction.id

    return store


def state(database) -> tuple[str, ShadowRow]:
    with database.read() as session:
        return active_version(session), latest_shadows(session)["v2"]


def test_the_champions_predictions_are_scored_once_and_differing_labels_stored(
    make_monitor, database, challenger, shadowing, predict
):
    differs = [predict(1), predict(2, "positive")]
    predict(3, "negative")
    predict(4, imported=True)
    predict(5, model_version="v0")
    monitor = make_monitor()
    monitor.check()
    monitor.check()
    assert challenger.scored == ["message 1", "message 2", "message 3"]
    _, shadow = state(database)
    assert (shadow.predictions_read, shadow.predictions_differing, shadow.outcome) == (3, 2, None)
    with database.read() as session:
        assert shadow_disagreements(session, 1) == [(differs[1], "negative")]
        assert shadow_disagreements(session, 9) == [(id, "negative") for id in reversed(differs)]


def test_after_a_restart_scoring_continues_where_it_stopped(make_monitor, challenger, shadowing, predict):
    for number in range(1, 41):
        predict(number)
    make_monitor().check()
    assert len(challenger.scored) == 32
    make_monitor().check()
    assert challenger.scored == [f"message {number}" for number in range(1, 41)]


def test_of_two_processes_scoring_a_batch_only_one_counts(make_monitor, database, challenger, shadowing, predict):
    predict(1)
    other = make_monitor()
    original = challenger.score

    def meanwhile(texts):
        challenger.score = original
        other.check()
        return original(texts)

    challenger.score = meanwhile
    make_monitor().check()
    assert challenger.scored == ["message 1"] * 2
    assert state(database)[1].predictions_read == 1


def test_a_prediction_of_the_last_seconds_is_not_scored_yet(make_monitor, challenger, shadowing, predict):
    predict(1)
    make_monitor(after=timedelta(0)).check()
    assert challenger.scored == []


def test_at_the_end_the_challenger_is_promoted_on_probation(make_monitor, database, shadowing, count):
    make_monitor(48 * HOUR).check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v2", "promoted")
    assert shadow.reasons == [Reason(RunCode.shadow_finished), PROGRESS]
    with database.read() as session:
        assert latest_activation(session).probation
        attempt = session.query(AttemptRow).one()
        assert (attempt.outcome, attempt.reasons) == ("promoted", shadow.reasons)
    make_monitor(49 * HOUR).check()
    assert count(ShadowRow) == 1


def test_with_approval_by_a_lead_the_challenger_awaits_approval(make_monitor, database, shadowing):
    make_monitor(48 * HOUR, approval="lead").check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v1", "awaiting-approval")
    assert shadow.reasons == [Reason(RunCode.shadow_finished_lead_decides), PROGRESS]


def test_shadow_mode_ends_when_another_version_becomes_active(make_monitor, database, shadowing):
    with database.write() as session:
        add_version(session, NewVersion(id="v3", parent="v1"))
        activate_version(session, "v3", BY_COMMAND)
    make_monitor().check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v3", "awaiting-approval")
    assert shadow.reasons[0] == Reason(RunCode.active_version_changed, {"active": "v3", "champion": "v1"})


def test_a_challenger_promoted_by_a_person_is_not_on_probation(make_monitor, database, shadowing):
    with database.write() as session:
        activate_version(session, "v2", BY_COMMAND)
    make_monitor().check()
    assert state(database)[1].outcome == "promoted"
    with database.read() as session:
        assert not latest_activation(session).probation


def test_a_challenger_with_missing_files_is_not_promoted(settings, database, shadowing):
    monitor = ShadowMonitor(settings, database, Versions(settings, database), clock=lambda: NOW + 48 * HOUR)
    monitor.check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v1", "awaiting-approval")
    assert shadow.reasons[0].code == RunCode.shadow_not_trusted
    assert shadow.reasons[0].values["problem"].startswith("v2: manifest.json is missing")


def test_a_challenger_that_cannot_be_loaded_is_tried_and_logged_once(make_monitor, shadowing, predict, caplog):
    predict(1)
    monitor, tried = make_monitor(), []

    def refuse(folder, *_):
        tried.append(folder.name)
        raise BadVersion("v2: a canary text's score is off")

    monitor._load = refuse
    monitor.check()
    monitor.check()
    assert tried == ["v2"]
    assert caplog.text.count("version v2 cannot run in shadow mode: v2: a canary text's score is off") == 1


def test_the_next_challenger_replaces_the_one_in_shadow_mode(database, shadowing):
    with database.write() as session:
        add_version(session, NewVersion(id="v3", parent="v1"))
        start_shadow(session, version_id="v3", champion="v1", ends_at=NOW + 48 * HOUR)
    with database.read() as session:
        assert open_shadow(session).version_id == "v3"
    assert state(database)[1].reasons == [Reason(RunCode.shadow_replaced, {"version": "v3"})]


def test_corrected_and_deleted_predictions_are_not_listed_as_disagreements(
    make_monitor, database, application, shadowing, predict, count
):
    corrected, expired = predict(1), predict(2)
    make_monitor().check()
    application.correct(prediction_id=corrected, label="neutral", actor=contributor("ann"))
    with database.write() as session:
        session.query(PredictionRow).where(PredictionRow.id == expired).update({"created_at": NOW - 91 * 24 * HOUR})
    application.delete_expired()
    assert count(ShadowDisagreementRow) == 1
    with database.read() as session:
        assert shadow_disagreements(session, 9) == []


def test_shadow_mode_works_on_postgresql(settings, postgresql_url, challenger, no_folders, make_prediction):
    database = Database(postgresql_url)
    migrate(database)
    with database.write() as session:
        for id, parent in (("v1", None), ("v2", "v1")):
            add_version(session, NewVersion(id=id, parent=parent))
        activate_version(session, "v1", BY_COMMAND)
        start_shadow(session, version_id="v2", champion="v1", ends_at=NOW + 48 * HOUR)
        save_predictions(session, [make_prediction(model_version="v1")])
    for after in (HOUR, 48 * HOUR):
        versions = Versions(settings, database)
        ShadowMonitor(settings, database, versions, lambda *_: challenger, clock=lambda: NOW + after).check()  # noqa: B023
    active, shadow = state(database)
    assert (active, shadow.predictions_read, shadow.predictions_differing, shadow.outcome) == ("v2", 1, 1, "promoted")
    database.close()


def test_the_versions_command_shows_shadow_mode(settings, database, make_monitor, shadowing, predict, monkeypatch):
    predict(1)
    make_monitor().check()
    for name, value in settings.child_environment().items():
        monkeypatch.setenv(name, value)
    output = CliRunner().invoke(commands, ["versions"]).stdout
    assert "│ shadow │ v2" in output
    assert "active since" in output and ": v1: Promoted from the command line." in output
    assert "shadow v2: until " in output
    assert "It read 1 predictions of v1 and labelled 1 of them differently." in output
