"""Trials of the loop with parts left out; trainings are replaced by given verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trial import Trial
from product.codes import CheckCode, Reason, RunCode
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL
from product.versions.registry import Versions
from tests.support.runs import HARMS
from training.data.rows import Row
from training.retraining import challenger as challengers
from training.retraining import loop
from training.retraining.challenger import Challenger, RunContext
from training.retraining.dataset import RetrainDataset, TrainingSet

DATASET = RetrainDataset(
    {"en": TrainingSet([], [Row("late", "negative", "x")], [], replay_pool=[Row("early", "positive", "x")])},
    [],
    np.array([]),
    [],
)


@pytest.fixture
def context(settings, database, monkeypatch):
    """A run in which every challenger fails, and no model is loaded."""
    context = RunContext(settings, database, Versions(settings, database), manifests.read(SHIPPED_MODEL), "v1", 1)

    def challenge(context, references, folder, dataset, seed_offset):
        return Challenger(folder, context.shipped, HARMS, dataset, np.ones(seed_offset, dtype=bool))

    monkeypatch.setattr(challengers, "challenge", challenge)
    monkeypatch.setattr(challengers, "load_references", lambda context: None)
    monkeypatch.setattr(loop, "collect_dataset", lambda request, accepted: DATASET)
    monkeypatch.setattr(loop, "collect_without_new", lambda request, accepted: replace(DATASET, nothing_new=True))
    return context


def test_without_the_gate_every_challenger_passes_and_keeps_its_checks(context, tmp_path):
    verdict = Trial(context, without=("gate",)).challenge(tmp_path, DATASET).verdict
    assert (verdict.promote, verdict.reasons) == (True, [Reason(RunCode.better)])
    assert [check.code for check in verdict.checks] == [CheckCode.gate_rows]


def test_a_trial_retrains_without_withdrawn_corrections_in_every_order(context, tmp_path):
    challenger = Trial(context).retrain_without_withdrawn(tmp_path, [])
    assert not challenger.verdict.promote
    # the third training is the last; the two before are shown in its verdict
    assert len(challenger.correct) == 2
    earlier = [check.values["number"] for check in challenger.verdict.checks if check.code == CheckCode.earlier_attempt]
    assert earlier == [1, 2]


def test_without_replay_no_rows_are_replayed(context):
    training_set = Trial(context, without=("replay",)).collect([]).training_sets["en"]
    assert (training_set.replay_rows, training_set.replay_pool) == ([], [])


def test_a_trial_with_all_parts_replays_rows(context):
    assert Trial(context).collect([]).training_sets["en"] == DATASET.training_sets["en"]
