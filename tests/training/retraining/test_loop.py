"""When a run is due, what it does with too few corrections, and a whole run on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from product.codes import FeedbackCode, Outcome, Reason, RunCode
from product.inference import manifest as manifests
from product.sentiment import Prediction, new_id
from product.settings.configuration import Settings
from product.settings.rules import GateRules
from product.storage.attempts import finish_attempt, start_attempt
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.locks import RETRAINING, Locked, exclusive
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import AttemptRow, FeedbackEventRow
from product.storage.versions import learned_labels
from product.versions.installer import install_shipped
from product.versions.registry import Versions
from tests.support.actors import contributor
from training.data import catalogue as corpora
from training.retraining.dataset import RetrainDataset, too_few
from training.retraining.loop import Run, retrain


def test_a_whole_run_works_on_postgresql(versions, settings, small, postgresql_url, make_prediction):
    """Every step is real except the verdict: what a few rows teach a tiny model would not pass."""

    class Passes(Run):
        def challenge(self, folder, dataset, seed_offset=0):
            challenger = super().challenge(folder, dataset, seed_offset)
            return replace(challenger, verdict=replace(challenger.verdict, promote=True))

    few = GateRules(min_holdout_groups=6)
    here = Settings(_env_file=None, data_dir=settings.data_dir, corpus_dir="", database_url=postgresql_url, gate=few)
    database = Database(postgresql_url)
    migrate(database)
    home = Versions(here, database)
    install_shipped(here, home)
    rows = corpora.load("replay-zh", "validation", corpus_dir="")[:24]
    with database.write() as session:
        for row in rows:
            prediction = make_prediction(id=new_id(), text=row.text, model_version="both-1")
            save_predictions(session, [prediction])
            save_feedback(
                session,
                prediction_id=prediction.id,
                label=row.label,
                actor=contributor("anna"),
                comment="",
                code=FeedbackCode.given,
            )
    result = retrain(here, make_run=Passes)
    assert (result.outcome, result.champion) == (Outcome.promoted, "both-1"), result.reasons
    assert home.active() == result.version
    with database.read() as session:
        learned = learned_labels(session, version_id=result.version)
    # two fifths of few corrections are held out
    assert len(learned) == manifests.verify(home.store.folder(result.version)).corrections == 14
    assert retrain(here, if_due=True).outcome == Outcome.not_due
    database.close()


# Too few corrections


def with_holdout(groups: list[int]) -> RetrainDataset:
    return RetrainDataset({}, [], np.array(groups), [])


def test_fewer_than_thirty_groups_in_the_holdout_are_too_few():
    rules = GateRules()
    assert rules.min_holdout_groups == 30
    assert too_few(with_holdout([*range(30)]), 90, rules) is None
    # 31 corrections, two of them of the same text as another
    assert too_few(with_holdout([*range(29), 28, 28]), 90, rules) == Reason(
        RunCode.too_few_new_texts, {"accepted": 90, "needed": 30}
    )


def test_a_run_with_too_few_corrections_still_decides_on_each_correction(
    settings, database, small, nothing_to_install, give, statuses, count
):
    (first, *_) = give(anna=3, ben=1)["anna"]
    result = retrain(settings)
    assert result.outcome == Outcome.insufficient
    assert result.reasons == [Reason(RunCode.too_few_new_texts, {"accepted": 4, "needed": 30})]
    assert (statuses("anna"), statuses("ben")) == ({"accepted": 3}, {"accepted": 1})
    with database.read() as session:
        events = session.query(FeedbackEventRow).filter_by(feedback_id=first).order_by(FeedbackEventRow.id)
        assert [(event.status, event.code) for event in events] == [
            ("pending", FeedbackCode.given),
            ("accepted", FeedbackCode.too_few_contributors),
        ]
    # recorded, so that no run is due until more corrections come
    assert count(AttemptRow) == 1


def test_a_dry_run_changes_no_status(settings, small, nothing_to_install, give, statuses, count):
    give(anna=3, ben=1)
    assert retrain(settings, dry_run=True).outcome == Outcome.insufficient
    assert (statuses("anna"), statuses("ben")) == ({"pending": 3}, {"pending": 1})
    assert count(FeedbackEventRow) == 4


@pytest.mark.parametrize(("setting", "asked", "hours"), [(0, None, 0), (48, None, 48), (48, 24, 24), (48, 0, 0)])
def test_the_time_in_shadow_mode_is_the_setting_unless_the_command_names_another(
    settings, nothing_to_install, monkeypatch, setting, asked, hours
):
    seen = []
    monkeypatch.setattr(Run, "score_contributors", lambda run: seen.append(run.context.shadow) or [])
    chosen = settings.model_copy(update={"shadow_hours": setting})
    retrain(chosen, shadow=None if asked is None else timedelta(hours=asked))
    assert seen == [timedelta(hours=hours)]


# When a run is due


def give_by_many(database, count: int) -> None:
    """Corrections of different texts, each by a contributor of their own."""
    predictions = [prediction(number) for number in range(count)]
    with database.write() as session:
        save_predictions(session, predictions)
        for one in predictions:
            save_feedback(
                session,
                prediction_id=one.id,
                label="negative",
                actor=contributor(one.id),
                comment="",
                code=FeedbackCode.given,
            )


def prediction(number: int) -> Prediction:
    scores = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
    id = new_id()
    return Prediction(f"{id} is late, {number}", "neutral", 0.8, scores, "en", "agent", False, "both-1", id)


@pytest.fixture
def three_needed(versions, small, settings):
    """An installation in which three corrections make a run due, and are too few to decide."""
    return settings.model_copy(update={"retrain_min_corrections": 3})


def test_a_scheduled_run_is_not_due_while_another_run_is_active(three_needed):
    with exclusive(three_needed.data_dir / RETRAINING, "retraining"):
        result = retrain(three_needed, if_due=True)
        assert (result.outcome, [reason.code for reason in result.reasons]) == (
            Outcome.not_due,
            [RunCode.other_run_active],
        )
        with pytest.raises(Locked, match="retraining is already running"):
            retrain(three_needed)


def test_an_insufficient_run_is_due_again_only_after_as_many_new_corrections(three_needed, database):
    give_by_many(database, 2)
    assert retrain(three_needed, if_due=True).outcome == Outcome.not_due
    give_by_many(database, 1)
    assert retrain(three_needed, if_due=True).outcome == Outcome.insufficient
    again = retrain(three_needed, if_due=True)
    assert again.outcome == Outcome.not_due
    assert again.reasons == [Reason(RunCode.corrections_missing, {"count": 0, "needed": 3})]
    give_by_many(database, 3)
    assert retrain(three_needed, if_due=True).outcome == Outcome.insufficient


def test_a_finished_attempt_counts_and_a_killed_run_does_not(three_needed, database):
    give_by_many(database, 3)
    with database.write() as session:
        start_attempt(session)
    assert retrain(three_needed, if_due=True, dry_run=True).outcome == Outcome.insufficient
    with database.write() as session:
        finish_attempt(session, id=start_attempt(session), outcome="kept", reasons=[])
    assert retrain(three_needed, if_due=True).outcome == Outcome.not_due
