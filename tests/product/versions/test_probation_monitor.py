"""A promotion, answers and corrections around it, and whether the parent comes back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from product.codes import Reason, RunCode
from product.inference import manifest as manifests
from product.inference.manifest import BadVersion
from product.sentiment import new_id
from product.storage.database import Database
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import ActivationRow, FeedbackRow, PredictionRow
from product.storage.versions import Activation, NewVersion, activate_version, add_version, latest_activation
from product.versions.probation_monitor import ProbationWatch
from product.versions.registry import Versions
from tests.support.actors import BY_COMMAND, contributor

PROMOTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = PROMOTED + timedelta(hours=2)
HOUR = timedelta(hours=1)
PEOPLE = ("ann", "bob", "cid")


@pytest.fixture
def database(request, settings):
    """On SQLite, or where a test asks for it on PostgreSQL."""
    asked = getattr(request, "param", "sqlite")
    database = Database(request.getfixturevalue("postgresql_url") if asked == "postgresql" else settings.database)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def watch(settings, database, monkeypatch):
    """The folders are not what this is about."""
    monkeypatch.setattr(manifests, "verify", lambda folder: None)
    return ProbationWatch(settings, database, Versions(settings, database), clock=lambda: LATER)


@pytest.fixture
def promoted(database):
    """v1, then v2 in its place by the loop."""

    def promote(probation: bool = True) -> None:
        with database.write() as session:
            for id, parent in (("v1", None), ("v2", "v1")):
                add_version(
                    session, NewVersion(id=id, parent=parent, corrections=0, metrics={}, verdict={}, learned={})
                )
            activate_version(session, "v1", BY_COMMAND)
            activate_version(session, "v2", replace(BY_COMMAND, probation=probation))
            session.query(ActivationRow).update({"at": PROMOTED})

    return promote


@pytest.fixture
def served(database, make_prediction):
    """Answers of a version an hour after (or before) the promotion, some called wrong by people in turn."""

    def serve(version: str, hours: float, wrong: int, answers: int = 300, status: str = "pending", imported=False):
        at = PROMOTED + timedelta(hours=hours)
        made = [make_prediction(id=new_id(), model_version=version) for _ in range(answers)]
        with database.write() as session:
            save_predictions(session, made, imported=imported)
            ids = [one.id for one in made]
            session.query(PredictionRow).where(PredictionRow.id.in_(ids)).update({"created_at": at})
            for number, id in enumerate(ids[:wrong]):
                moment = {"created_at": at, "updated_at": at}
                given = {"label": "negative", "actor": contributor(PEOPLE[number % 3]), "comment": "", "status": status}
                session.add(FeedbackRow(id=new_id(), prediction_id=id, **given, **moment))

    return serve


def active(database) -> tuple[str, str]:
    with database.read() as session:
        row = latest_activation(session)
        return row.version_id, row.reasons[0].values.get("text", "")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_the_parent_comes_back_when_corrections_rise_and_says_why(watch, database, promoted, served, caplog):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=60)
    assert watch.check().worse
    version, why = active(database)
    assert version == "v1"
    assert why.startswith("back from v2, on probation: corrections of mistakes in a hundred answers: 2.0 (6 of 300)")
    assert "version v2 is taken back and v1 is active again" in caplog.text


def test_a_version_that_is_corrected_as_often_as_its_parent_stays(watch, database, promoted, served):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=6)
    assert not watch.check().worse
    assert active(database)[0] == "v2"


@pytest.mark.parametrize(
    "uncounted", [{"status": "quarantined"}, {"status": "rejected"}, {"status": "erased"}, {"imported": True}]
)
def test_what_does_not_stand_and_what_was_imported_is_not_counted(watch, database, promoted, served, uncounted):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=0)
    served("v2", 1, wrong=60, **uncounted)
    assert not watch.check().worse
    assert active(database)[0] == "v2"


def test_answers_longer_ago_than_the_version_serves_and_those_of_others_are_not_counted(watch, promoted, served):
    promoted()
    served("v1", -3, wrong=6)
    served("v0", -1, wrong=6)
    served("v2", 1, wrong=60)
    assert watch.check().reason == "0 answers before and 300 after, 200 of each are needed"


def test_a_version_that_a_person_made_active_is_not_on_probation(watch, database, promoted, served):
    promoted(probation=False)
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=60)
    assert watch.check() is None
    assert active(database)[0] == "v2"


@pytest.mark.parametrize("hours", [73, -1])
def test_after_its_time_and_before_its_beginning_by_a_clock_set_back_nothing_is_judged(
    settings, database, promoted, served, hours
):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=60)
    watch = ProbationWatch(settings, database, Versions(settings, database), clock=lambda: PROMOTED + hours * HOUR)
    assert watch.check() is None


def test_of_two_processes_that_watch_one_takes_it_back(watch, database, promoted, served, monkeypatch, count):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=60)

    def meanwhile(_folder) -> None:
        """The other one was a moment quicker."""
        with database.write() as session:
            activate_version(session, "v1", Activation([Reason(RunCode.legacy, {"text": "the other"})]))

    monkeypatch.setattr(manifests, "verify", meanwhile)
    assert watch.check() is None
    assert active(database) == ("v1", "the other")
    assert count(ActivationRow) == 3


def test_a_parent_whose_files_cannot_be_trusted_does_not_come_back(settings, database, promoted, served):
    promoted()
    served("v1", -1, wrong=6)
    served("v2", 1, wrong=60)
    watch = ProbationWatch(settings, database, Versions(settings, database), clock=lambda: LATER)
    with pytest.raises(BadVersion, match=r"v1: manifest\.json is missing"):
        watch.check()
    assert active(database)[0] == "v2"
