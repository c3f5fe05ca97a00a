"""A challenger in the shadow, on a real database and with a stand-in that calls every message negative."""

import subprocess
import sys
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
from product.versions.shadow import ShadowWatch
from tests.support.actors import BY_COMMAND, contributor

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
PROGRESS = Reason(RunCode.shadow_progress, {"read": 0, "champion": "v1", "differed": 0})


class Gloomy:
    """Calls all negative, and remembers what it read."""

    def __init__(self):
        self.read: list[str] = []

    def score(self, texts: list[str]) -> list[TextScore]:
        self.read += texts
        return [TextScore("negative", 1.0, {"negative": 1.0, "neutral": 0.0, "positive": 0.0}, "en", False)] * len(
            texts
        )


@pytest.fixture
def challenger() -> Gloomy:
    return Gloomy()


@pytest.fixture
def whole(monkeypatch):
    """The folders are not what this is about."""
    monkeypatch.setattr(manifests, "verify", lambda folder: None)


@pytest.fixture
def make_watch(settings, database, challenger, whole):
    def make(after: timedelta = HOUR, **changed) -> ShadowWatch:
        changed_settings = settings.model_copy(update=changed)
        versions = Versions(changed_settings, database)
        return ShadowWatch(changed_settings, database, versions, lambda *_: challenger, clock=lambda: NOW + after)

    return make


@pytest.fixture
def shadowing(database):
    """v1 is active; v2, made by an attempt, is in its shadow for 48 hours."""
    with database.write() as session:
        for id, parent in (("v1", None), ("v2", "v1")):
            add_version(session, NewVersion(id=id, parent=parent, corrections=0, metrics={}, verdict={}, learned={}))
        activate_version(session, "v1", BY_COMMAND)
        start_shadow(session, version_id="v2", champion="v1", ends_at=NOW + 48 * HOUR)
        attempt = start_attempt(session)
        finish_attempt(session, id=attempt, outcome="awaiting-approval", reasons=[], version_id="v2")


@pytest.fixture
def answer(database, make_prediction):
    """An answer of v1; its id tells which."""

    def give(number: int, label: str = "neutral", imported: bool = False, **more) -> str:
        one = make_prediction(id=f"{number:032d}", text=f"message {number}", label=label, **more)
        with database.write() as session:
            save_predictions(session, [one], imported=imported)
        return one.id

    return give


def state(database) -> tuple[str, ShadowRow]:
    with database.read() as session:
        return active_version(session), latest_shadows(session)["v2"]


def test_it_reads_what_the_champion_answered_once_and_keeps_where_it_differs(
    make_watch, database, challenger, shadowing, answer
):
    differs = [answer(1), answer(2, "positive")]
    answer(3, "negative")
    answer(4, imported=True)
    answer(5, model_version="v0")
    watch = make_watch()
    watch.check()
    watch.check()
    assert challenger.read == ["message 1", "message 2", "message 3"]
    _, shadow = state(database)
    assert (shadow.predictions_read, shadow.predictions_differing, shadow.outcome) == (3, 2, None)
    with database.read() as session:
        assert shadow_disagreements(session, 1) == [(differs[1], "negative")]
        assert shadow_disagreements(session, 9) == [(id, "negative") for id in reversed(differs)]


def test_after_a_restart_it_goes_on_where_it_stood(make_watch, challenger, shadowing, answer):
    for number in range(1, 41):
        answer(number)
    make_watch().check()
    assert len(challenger.read) == 32
    make_watch().check()
    assert challenger.read == [f"message {number}" for number in range(1, 41)]


def test_of_two_processes_that_read_the_same_one_counts(make_watch, database, challenger, shadowing, answer):
    answer(1)
    other = make_watch()
    scored = challenger.score

    def meanwhile(texts):
        challenger.score = scored
        other.check()
        return scored(texts)

    challenger.score = meanwhile
    make_watch().check()
    assert challenger.read == ["message 1"] * 2
    assert state(database)[1].predictions_read == 1


def test_an_answer_of_this_moment_is_read_once_all_that_was_given_with_it_is_stored(
    make_watch, challenger, shadowing, answer
):
    answer(1)
    make_watch(after=timedelta(0)).check()
    assert challenger.read == []


def test_at_the_end_it_is_promoted_on_probation_and_the_attempt_says_so(make_watch, database, shadowing, count):
    make_watch(48 * HOUR).check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v2", "promoted")
    assert shadow.reasons == [Reason(RunCode.shadow_finished), PROGRESS]
    with database.read() as session:
        assert latest_activation(session).probation
        attempt = session.query(AttemptRow).one()
        assert (attempt.outcome, attempt.reasons) == ("promoted", shadow.reasons)
    make_watch(49 * HOUR).check()
    assert count(ShadowRow) == 1


def test_where_a_lead_approves_it_waits_at_the_end(make_watch, database, shadowing):
    make_watch(48 * HOUR, approval="lead").check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v1", "awaiting-approval")
    assert shadow.reasons == [Reason(RunCode.shadow_finished_lead_decides), PROGRESS]


def test_where_another_version_has_become_active_it_ends_at_once(make_watch, database, shadowing):
    with database.write() as session:
        add_version(session, NewVersion(id="v3", parent="v1", corrections=0, metrics={}, verdict={}, learned={}))
        activate_version(session, "v3", BY_COMMAND)
    make_watch().check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v3", "awaiting-approval")
    assert shadow.reasons[0] == Reason(RunCode.active_version_changed, {"active": "v3", "champion": "v1"})


def test_where_a_person_was_quicker_it_counts_as_promoted_and_is_not_on_probation(make_watch, database, shadowing):
    with database.write() as session:
        activate_version(session, "v2", BY_COMMAND)
    make_watch().check()
    assert state(database)[1].outcome == "promoted"
    with database.read() as session:
        assert not latest_activation(session).probation


def test_a_version_whose_files_changed_is_not_promoted(settings, database, shadowing):
    """There is no folder at all here."""
    watch = ShadowWatch(settings, database, Versions(settings, database), clock=lambda: NOW + 48 * HOUR)
    watch.check()
    active, shadow = state(database)
    assert (active, shadow.outcome) == ("v1", "awaiting-approval")
    assert shadow.reasons[0].code == RunCode.shadow_not_trusted
    assert shadow.reasons[0].values["problem"].startswith("v2: manifest.json is missing")


def test_a_challenger_that_cannot_be_loaded_is_tried_and_told_once(make_watch, shadowing, answer, caplog):
    answer(1)
    watch, tried = make_watch(), []

    def refuse(folder, *_):
        tried.append(folder.name)
        raise BadVersion("v2: a canary text's score is off")

    watch._load = refuse
    watch.check()
    watch.check()
    assert tried == ["v2"]
    assert caplog.text.count("v2 cannot read in the shadow: v2: a canary text's score is off") == 1


def test_the_next_challenger_takes_the_place_of_the_one_before(database, shadowing):
    with database.write() as session:
        add_version(session, NewVersion(id="v3", parent="v1", corrections=0, metrics={}, verdict={}, learned={}))
        start_shadow(session, version_id="v3", champion="v1", ends_at=NOW + 48 * HOUR)
    with database.read() as session:
        assert open_shadow(session).version_id == "v3"
    assert state(database)[1].reasons == [Reason(RunCode.shadow_replaced, {"version": "v3"})]


def test_what_somebody_gave_a_word_on_and_what_is_deleted_is_no_disagreement_to_look_at(
    make_watch, database, application, shadowing, answer, count
):
    corrected, expired = answer(1), answer(2)
    make_watch().check()
    application.correct(prediction_id=corrected, label="neutral", actor=contributor("ann"))
    with database.write() as session:
        session.query(PredictionRow).where(PredictionRow.id == expired).update({"created_at": NOW - 91 * 24 * HOUR})
    application.delete_expired()
    assert count(ShadowDisagreementRow) == 1
    with database.read() as session:
        assert shadow_disagreements(session, 9) == []


def test_it_works_the_same_on_postgresql(settings, postgresql_url, challenger, whole, make_prediction):
    database = Database(postgresql_url)
    migrate(database)
    with database.write() as session:
        for id, parent in (("v1", None), ("v2", "v1")):
            add_version(session, NewVersion(id=id, parent=parent, corrections=0, metrics={}, verdict={}, learned={}))
        activate_version(session, "v1", BY_COMMAND)
        start_shadow(session, version_id="v2", champion="v1", ends_at=NOW + 48 * HOUR)
        save_predictions(session, [make_prediction(model_version="v1")])
    for after in (HOUR, 48 * HOUR):
        versions = Versions(settings, database)
        ShadowWatch(settings, database, versions, lambda *_: challenger, clock=lambda: NOW + after).check()  # noqa: B023
    active, shadow = state(database)
    assert (active, shadow.predictions_read, shadow.predictions_differing, shadow.outcome) == ("v2", 1, 1, "promoted")
    database.close()


def test_versions_tells_of_a_shadow_under_way(settings, database, make_watch, shadowing, answer, monkeypatch):
    answer(1)
    make_watch().check()
    for name, value in settings.child_environment().items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(commands, ["versions"]).stdout
    assert "│ shadow │ v2" in told
    assert "active since" in told and ": v1: Promoted from the command line." in told
    assert "shadow v2: until " in told
    assert "It read 1 predictions of v1 and labelled 1 of them differently." in told


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is the whole process's")
def test_the_threads_that_low_priority_work_starts_are_of_low_priority_and_no_others():
    program = """
import os, threading
from product.periodic import Periodic
nice = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
seen, done = [], threading.Event()
def work():
    child = threading.Thread(target=lambda: seen.append(nice()))
    child.start(); child.join(); done.set()
before = nice()
periodic = Periodic("low", work, nice=15)
periodic.start(); done.wait(10); periodic.stop()
print(seen[0], nice() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["15", "0"]
