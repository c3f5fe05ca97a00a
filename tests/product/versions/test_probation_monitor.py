"""Predictions and corrections before and after a promotion, and whether the version is rolled back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from product.codes import ProbationCode, Reason, RunCode
from product.inference import manifest as manifests
from product.inference.manifest import BadVersion
from product.sentiment import new_id
from product.storage.database import Database
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import ActivationRow, FeedbackRow, PredictionRow
from product.storage.versions import NewVersion, activate_version, add_version, latest_activation
from product.versions.probation import fisher_p_value
from product.versions.probation_monitor import ProbationMonitor
from product.versions.registry import Versions
from tests.support.actors import BY_COMMAND, contributor

PROMOTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = PROMOTED + timedelta(hours=2)
HOUR = timedelta(hours=1)
PEOPLE = ("ann", "bob", "cid")


@pytest.fixture
def database(request, settings):
    """SQLite, or PostgreSQL if a test asks for it."""
    asked = getattr(request, "param", "sqlite")
    database = Database(request.getfixturevalue("postgresql_url") if asked == "postgresql" else settings.database)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def monitor(settings, database, monkeypatch):
    """Without checking the version folders, which do not exist here."""
    monkeypatch.setattr(manifests, "verify", lambda folder: None)
    return ProbationMonitor(settings, database, Versions(settings, database), clock=lambda: LATER)


@pytest.fixture
def promoted(database):
    """v1 is active, then v2 is promoted, by default automatically."""

    def promote(probation: bool = True) -> None:
        with database.write() as session:
            for id, parent in (("v1", None), ("v2", "v1")):
                add_version(session, NewVersion(id=id, parent=parent))
            activate_version(session, "v1", BY_COMMAND)
            activate_version(session, "v2", replace(BY_COMMAND, probation=probation))
            session.query(ActivationRow).update({"at": PROMOTED})

    return promote


@pytest.fixture
def served(database, make_prediction):
    """Predictions of a version, so many hours after the promotion, some corrected by three contributors in turn."""

    def serve(version: str, hours: float, corrected: int, status: str = "pending", imported=False):
        at = PROMOTED + timedelta(hours=hours)
        made = [make_prediction(id=new_id(), model_version=version) for _ in range(300)]
        with database.write() as session:
            save_predictions(session, made, imported=imported)
            ids = [prediction.id for prediction in made]
            session.query(PredictionRow).where(PredictionRow.id.in_(ids)).update({"created_at": at})
            for number, id in enumerate(ids[:corrected]):
                moment = {"created_at": at, "updated_at": at}
                given = {"label": "negative", "actor": contributor(PEOPLE[number % 3]), "comment": "", "status": status}
                session.add(FeedbackRow(id=new_id(), prediction_id=id, **given, **moment))

    return serve


def active(database) -> tuple[str, list[Reason]]:
    with database.read() as session:
        row = latest_activation(session)
        return row.version_id, row.reasons


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_version_corrected_more_often_is_rolled_back_with_the_counts(monitor, database, promoted, served, caplog):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=60)
    assert monitor.check().worse
    version, [reason] = active(database)
    assert (version, reason.code) == ("v1", RunCode.probation_failed)
    counts = {"before": 300, "after": 300, "mistakes_before": 6, "mistakes_after": 60}
    assert reason.values == {"version": "v2", **counts, "p": pytest.approx(fisher_p_value(6, 300, 60, 300))}
    assert "version v1 is active again" in caplog.text


def test_a_version_that_is_corrected_as_often_as_its_parent_stays_active(monitor, database, promoted, served):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=6)
    assert not monitor.check().worse
    assert active(database)[0] == "v2"


@pytest.mark.parametrize(
    "uncounted", [{"status": "quarantined"}, {"status": "rejected"}, {"status": "erased"}, {"imported": True}]
)
def test_imported_predictions_and_withdrawn_corrections_do_not_count(monitor, database, promoted, served, uncounted):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=0)
    served("v2", 1, corrected=60, **uncounted)
    assert not monitor.check().worse
    assert active(database)[0] == "v2"


def test_only_predictions_of_both_versions_within_the_compared_time_count(monitor, promoted, served):
    promoted()
    served("v1", -3, corrected=6)
    served("v0", -1, corrected=6)
    served("v2", 1, corrected=60)
    expected = {"before": 0, "after": 300, "needed": 200}
    assert monitor.check().reason == Reason(ProbationCode.too_few_predictions, expected)


def test_a_version_promoted_by_a_person_is_not_on_probation(monitor, database, promoted, served):
    promoted(probation=False)
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=60)
    assert monitor.check() is None
    assert active(database)[0] == "v2"


@pytest.mark.parametrize("hours", [73, -1])
def test_nothing_is_compared_after_the_probation_or_with_the_clock_set_back(
    settings, database, promoted, served, hours
):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=60)
    monitor = ProbationMonitor(settings, database, Versions(settings, database), clock=lambda: PROMOTED + hours * HOUR)
    assert monitor.check() is None


def test_only_one_of_two_processes_rolls_back(monitor, database, promoted, served, monkeypatch, count):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=60)

    def meanwhile(_folder) -> None:
        """The other process is faster."""
        with database.write() as session:
            activate_version(session, "v1", BY_COMMAND)

    monkeypatch.setattr(manifests, "verify", meanwhile)
    assert monitor.check() is None
    assert active(database) == ("v1", BY_COMMAND.reasons)
    assert count(ActivationRow) == 3


def test_a_parent_with_missing_files_does_not_become_active(settings, database, promoted, served):
    promoted()
    served("v1", -1, corrected=6)
    served("v2", 1, corrected=60)
    monitor = ProbationMonitor(settings, database, Versions(settings, database), clock=lambda: LATER)
    with pytest.raises(BadVersion, match=r"v1: manifest\.json is missing"):
        monitor.check()
    assert active(database)[0] == "v2"
