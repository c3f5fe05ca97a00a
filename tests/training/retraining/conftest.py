"""Shared by the tests of retraining runs: corrections in the database, and runs whose verdicts are given."""

from collections import Counter

import pytest

from product.codes import FeedbackCode
from product.inference import manifest as manifests
from product.sentiment import new_id
from product.settings.configuration import SHIPPED_MODEL
from product.storage.corrections import all_corrections
from product.storage.feedback import Decision, record_decision, save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import FeedbackRow
from product.storage.versions import NewVersion, add_version
from product.versions.registry import Versions
from tests.support.actors import contributor, lead
from tests.support.corrections import distinct_texts
from tests.support.runs import Found, GivenVerdicts
from training.retraining.challenger import RunContext
from training.retraining.gate import Verdict


@pytest.fixture
def give(database, make_prediction):
    """Store corrections, a number for each actor, no two of the same text; returns their ids by actor."""

    def store(**counts: int) -> dict[str, list[str]]:
        texts = iter(distinct_texts(sum(counts.values())))
        ids: dict[str, list[str]] = {}
        with database.write() as session:
            for actor, count in counts.items():
                for _ in range(count):
                    prediction = make_prediction(id=new_id(), text=next(texts))
                    save_predictions(session, [prediction])
                    id, _ = save_feedback(
                        session,
                        prediction_id=prediction.id,
                        label="negative",
                        actor=contributor(actor),
                        comment="",
                        code=FeedbackCode.given,
                    )
                    ids.setdefault(actor, []).append(id)
        return ids

    return store


@pytest.fixture
def nothing_to_install(monkeypatch):
    """The shipped version counts as installed, for runs that load no model."""
    monkeypatch.setattr("training.retraining.loop.ensure_shipped", lambda settings, versions: None)
    monkeypatch.setattr("training.retraining.loop.installed_manifest", lambda store: manifests.read(SHIPPED_MODEL))


@pytest.fixture
def statuses(database):
    """How many corrections of an actor have which status."""

    def count(actor: str) -> dict[str, int]:
        with database.read() as session:
            return dict(Counter(row.status for row in session.query(FeedbackRow).filter_by(actor_name=actor)))

    return count


@pytest.fixture
def withdrawn(database, give):
    """The champion, v1, has learned three corrections of anna's and all of ben's; one of anna's was rejected since."""
    ids = give(anna=3, ben=2, carl=80)
    with database.write() as session:
        learned = dict.fromkeys(ids["anna"][:3] + ids["ben"], "negative")
        add_version(session, NewVersion(id="v1", parent=None, corrections=5, metrics={}, verdict={}, learned=learned))
        record_decision(session, ids["anna"][0], Decision(False, lead("eve"), "no"))


@pytest.fixture
def context(settings, database):
    """A run on the champion v1 that loads no model."""
    return RunContext(settings, database, Versions(settings, database), manifests.read(SHIPPED_MODEL), "v1", 1)


@pytest.fixture
def find_challenger(context, small, tmp_path, database):
    """Run.find_challenger on everything in the database that is not rejected, with given verdicts."""

    def run(*verdicts: Verdict, correct: tuple[int, ...] = (90, 90, 90, 90), made: RunContext = context) -> Found:
        with database.read() as session:
            accepted = [one for one in all_corrections(session) if one.status != "rejected"]
        attempt = GivenVerdicts(made, list(verdicts), list(correct))
        chosen = attempt.find_challenger(tmp_path / "draft", accepted, attempt.collect(accepted))
        assert attempt.verdicts == []
        # Only challengers with nothing new are trained in other orders, each in one of its own.
        offsets = attempt.seed_offsets
        retries = len(offsets) - offsets.index(1) + 1 if 1 in offsets else 1
        assert offsets[-retries:] == list(range(retries)) and set(offsets[:-retries]) <= {0}
        number = 1 + attempt.folders.index(chosen.folder)
        actors = {one.actor.name for one in chosen.dataset.corrections}
        return Found(attempt.learned_from, number, chosen.verdict, actors)

    return run
