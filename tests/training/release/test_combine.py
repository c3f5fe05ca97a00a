"""Versions combined from two experts: the shipped English one and a tiny, random Chinese one."""

import dataclasses

import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from training.data.rows import BadRequest
from training.modelling.packaging import CANARY_TEXTS
from training.release.combine import combine

TEXTS = ["Where is my parcel?", "我的包裹在哪里？", "Thanks, it works.", "坏了，没人管。", "ok"]


def test_a_combined_version_has_both_experts_with_their_hashes_and_metrics(two_experts, shipped_folder, zh_version):
    both, english, chinese = (manifests.verify(folder) for folder in (two_experts, shipped_folder, zh_version))
    assert both.experts == {"en": english.experts["en"], "zh": chinese.experts["zh"]}
    assert both.metrics == english.metrics | chinese.metrics
    assert both.data["zh"] == chinese.data
    assert [canary.text for canary in both.canaries] == [*CANARY_TEXTS["en"], *CANARY_TEXTS["zh"]]


def test_a_combined_version_scores_each_text_like_the_version_of_its_expert(two_experts, shipped, zh_version):
    both, chinese = models.load(two_experts), models.load(zh_version)
    found = both.probabilities(TEXTS)
    for alone, indices in ((shipped, [0, 2, 4]), (chinese, [1, 3])):
        expected = alone.probabilities([TEXTS[index] for index in indices])
        assert found[indices] == pytest.approx(expected, abs=1e-6)
    assert [score.language for score in both.score(TEXTS)] == ["en", "zh", "en", "zh", "en"]


def test_torch_and_bitsandbytes_serve_both_experts(two_experts):
    served = models.load(two_experts).probabilities(TEXTS)
    for backend in ("torch", "bnb-int8"):
        assert models.load(two_experts, backend).probabilities(TEXTS) == pytest.approx(served, abs=0.1)


def test_canaries_detect_a_wrong_chinese_expert(two_experts, tmp_path):
    model, manifest = models.load(two_experts), manifests.read(two_experts)
    models.check_canaries(model, manifest, 0.03)
    off = dataclasses.replace(model.experts["zh"], bias=(5.0, 0.0, 0.0))
    with pytest.raises(manifests.BadVersion, match="a canary text's score is"):
        models.check_canaries(dataclasses.replace(model, experts=model.experts | {"zh": off}), manifest, 0.03)


def test_combine_refuses_a_version_without_the_requested_expert(zh_version, tmp_path):
    with pytest.raises(BadRequest, match="--en .* has no en expert, only zh"):
        combine({"en": zh_version, "zh": zh_version}, tmp_path / "out", "both-2")


def test_combine_refuses_a_folder_that_is_not_empty(two_experts, shipped_folder, zh_version):
    with pytest.raises(BadRequest, match="is not empty"):
        combine({"en": shipped_folder, "zh": zh_version}, two_experts, "both-2")
