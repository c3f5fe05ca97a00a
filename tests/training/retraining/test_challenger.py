"""Challengers made by real trainings of tiny models; the whole loop on the real app is in tests/loop."""

import logging

import numpy as np
import pytest

from product.codes import CheckCode, CorpusProblem
from product.inference import manifest as manifests
from product.inference import model as models
from product.privacy import keys
from product.settings.rules import GateRules
from product.versions.installer import installed_manifest
from tests.support.corrections import chinese_corrections, collect
from training.data import catalogue as corpora
from training.retraining import challenger as challengers
from training.retraining import train
from training.retraining.challenger import RunContext, keep_expert, make_challenger
from training.retraining.compare import References, ScoredModel, compare, correct_rows
from training.retraining.loop import Run


@pytest.fixture
def context(settings, database, versions):
    return RunContext(settings, database, versions, installed_manifest(versions.store), "both-1", 1)


def test_chinese_corrections_train_the_chinese_expert_and_leave_the_english_one_alone(
    settings, versions, context, small
):
    shipped = context.shipped
    dataset = collect(settings, chinese_corrections(24), min_groups=6)
    draft = versions.store.draft("challenger")
    made = make_challenger(context, draft, dataset)
    assert made.experts["en"] == shipped.experts["en"]
    assert made.experts["zh"].parts == ["zh/packed", "zh/corrections-1"]
    assert made.experts["zh"].serving.sha256 != shipped.experts["zh"].serving.sha256
    # recalibrated on the project's own rows, because the reviews are not available here; the shipped biases stay
    assert {row.source for row in dataset.training_sets["zh"].validation_rows} == {"replay-zh"}
    assert made.experts["zh"].temperature != shipped.experts["zh"].temperature
    assert made.experts["zh"].bias == shipped.experts["zh"].bias
    champion, challenger = models.load(versions.store.folder(shipped.id)), models.load(draft)
    english, chinese = (
        ["Where is my parcel?"],
        [row.text for row in corpora.load("replay-zh", "train", corpus_dir="")[:50]],
    )
    assert challenger.logits(english).tolist() == champion.logits(english).tolist()
    assert np.abs(challenger.logits(chinese) - champion.logits(chinese)).max() > 0.01
    found = compare(References(ScoredModel(champion)), ScoredModel(challenger), dataset, GateRules())
    assert found.correct.mean() == pytest.approx(found.metrics["gate"]["accuracy"])
    assert found.metrics["gate"]["rows"] == 40
    unmeasured = [check for check in found.verdict.checks if check.code == CheckCode.corpus_unmeasured]
    assert [(check.subject, check.values["problem"]) for check in unmeasured] == [("imdb", CorpusProblem.no_folder)]


def test_an_ablation_is_a_single_training_and_leaves_no_folder(settings, versions, context, small, monkeypatch):
    dataset = collect(settings, chinese_corrections(24), min_groups=6)
    folder = versions.store.draft("challenger") / "ablation"
    seen = []

    def note(model, rows):
        seen.append(manifests.verify(folder).training["runs"])
        return correct_rows(model, rows)

    monkeypatch.setattr(challengers, "correct_rows", note)
    found = challengers.train_ablation(context, folder, dataset)
    assert seen == [1]
    assert (len(found), found.dtype) == (len(dataset.gate_rows), bool)
    assert not folder.exists()


def test_the_champion_is_loaded_once_for_all_challengers_of_a_run(context, monkeypatch):
    loaded, load = [], models.load

    def load_and_note(folder):
        loaded.append(folder.name)
        return load(folder)

    monkeypatch.setattr(models, "load", load_and_note)
    run = Run(context)
    assert run.references is run.references
    assert loaded == ["both-1"]


def test_an_expert_without_corrections_is_copied_with_its_hashes(versions, tmp_path):
    shipped = manifests.read(versions.store.folder("both-1")).experts["zh"]
    kept = keep_expert(versions, "both-1", "zh", tmp_path / "draft")
    assert kept == shipped
    assert manifests.sha256(tmp_path / "draft" / kept.serving.file) == kept.serving.sha256


def test_the_manifest_has_a_keyed_fingerprint_of_every_row_used(settings, versions, context, small, caplog):
    caplog.set_level(logging.INFO)
    dataset = collect(settings, chinese_corrections(24), min_groups=6)
    draft = versions.store.draft("challenger")
    made = make_challenger(context, draft, dataset)
    rows = made.data["rows"]
    # of twenty replay rows, those that the shipped model labels wrongly are not used
    expert = models.load(versions.store.folder("both-1")).experts["zh"]
    replayed = len(train.correctly_predicted(expert, dataset.training_sets["zh"].replay_rows).rows)
    assert made.data["replayed"] == {"zh": replayed}
    assert len(rows) == len(dataset.corrections) + replayed
    key = keys.secret(settings.data_dir)
    for one in dataset.corrections:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] in rows
    for one in dataset.holdout:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] not in rows
    assert "en: nothing to learn; the shipped expert is kept" in caplog.messages
