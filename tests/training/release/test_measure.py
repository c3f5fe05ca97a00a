"""Measuring a finished version: the tiny Chinese one, with only this project's own corpora."""

import shutil

import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import BadVersion
from training.evaluation import behaviours
from training.release.card import model_card
from training.release.measure import agreement_rows, measure, shipped_files


@pytest.fixture(scope="module")
def measured(zh_version, tmp_path_factory):
    """Folder and manifest of a copy that was measured on every fortieth case of the suite."""
    folder = shutil.copytree(zh_version, tmp_path_factory.mktemp("measured") / "zh-1")
    all_cases = behaviours.cases
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTUNE_CORPUS_DIR", str(tmp_path_factory.mktemp("empty")))
        patch.setattr(behaviours, "cases", lambda language: all_cases(language)[::40])
        yield folder, measure(folder, "", "")


def test_measuring_adds_figures_to_the_manifest_and_changes_nothing_else(measured, zh_version):
    folder, manifest = measured
    before = manifests.read(zh_version)
    assert manifests.verify(folder) == manifest
    assert manifest.model_copy(update={"metrics": before.metrics}) == before
    assert models.load(folder).version == "zh-1"


def test_available_corpora_suite_agreement_and_size_are_measured(measured):
    metrics = measured[1].metrics
    assert metrics["desk-zh test"]["rows"] == 200
    assert len(metrics["desk-zh test"]["ece_interval"]) == 2
    suite = metrics["behaviours zh"]
    assert {name for name, part in suite.items() if isinstance(part, dict)} == {
        case.capability for case in behaviours.cases("zh")
    }
    assert len(suite["suite"]) == 64 and 0 <= suite["mean"] <= suite["worst"] <= 1
    assert metrics["agreement zh"]["on"] == ["desk-zh test", "replay-zh validation", "replay-zh train"]
    assert metrics["agreement zh"]["same"] >= 0.9
    assert metrics["size zh"]["layers"] == 2


def test_measured_sizes_are_those_of_the_files(measured):
    folder, manifest = measured
    # The tokenizer is shipped unless the expert uses the product's own base.
    assert sorted(shipped_files(manifest, "zh")) == [
        "zh/packed/config.json",
        "zh/packed/packed.safetensors",
        "zh/tokenizer.json",
    ]
    sizes = {name: (folder / name).stat().st_size for name in manifest.files}
    assert manifest.metrics["size zh"]["git_bytes"] == sum(sizes[name] for name in shipped_files(manifest, "zh"))
    assert manifest.metrics["size zh"]["serving_bytes"] == sizes["zh/model.onnx"]


def test_missing_measurements_are_listed_with_the_reason(measured):
    reasons = {entry["name"]: entry["reason"] for entry in measured[1].metrics["unmeasured"]}
    english = {"airline test", "support test", "desk-en test", "composed-en test", "imdb test", "sst2 test"}
    english |= {"behaviours en", "agreement en", "size en"}
    assert reasons.keys() == english | {"zh-reviews test"}
    assert reasons["airline test"] == "there is no en expert"
    assert "ATTUNE_CORPUS_DIR" in reasons["zh-reviews test"]


def test_card_of_a_measured_version_shows_its_figures(measured):
    text = model_card.render(measured[1])
    assert "| desk-zh | 200 |" in text
    assert measured[1].metrics["behaviours zh"]["suite"] in text


def test_measuring_refuses_a_damaged_version(zh_version, tmp_path):
    folder = shutil.copytree(zh_version, tmp_path / "zh-1")
    (folder / "zh/model.onnx").write_bytes(b"other")
    with pytest.raises(BadVersion, match="not the file that was evaluated"):
        measure(folder, "", "")


def test_english_agreement_is_measured_on_the_airline_test_rows():
    rows, splits = agreement_rows("en", corpus_dir="")
    assert (len(rows), splits) == (2946, ["airline test"])
