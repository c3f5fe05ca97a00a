import hashlib
import json

import pytest

from product.inference import manifest as manifests
from product.inference.manifest import BadVersion, Expert, Manifest, Serving


def expert(language: str, **changes) -> Expert:
    fields = {
        "base": {"name": "base", "sha256": "0" * 64},
        "parts": [],
        "tokenizer": f"{language}/tokenizer.json",
        "max_tokens": 8,
        "temperature": 1.0,
        "bias": [0.0, 0.0, 0.0],
        "serving": Serving(file=f"{language}/model.onnx", sha256="0", evaluated_sha256="0"),
    }
    return Expert(**fields | changes)


def make(folder, **changes) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.bin").write_bytes(b"weights")
    fields = {
        "id": "v1",
        "created": "2026-01-01T00:00:00+00:00",
        "experts": {"en": expert("en")},
        "labels": ["negative", "neutral", "positive"],
        "canaries": [],
    }
    return manifests.write(folder, Manifest(**fields | changes))


def test_a_written_manifest_has_the_hash_of_every_file(tmp_path):
    written = make(tmp_path / "v1")
    assert written.files == {"weights.bin": hashlib.sha256(b"weights").hexdigest()}
    assert manifests.verify(tmp_path / "v1") == written


def test_a_folder_without_manifest_is_refused(tmp_path):
    (tmp_path / "half").mkdir()
    with pytest.raises(BadVersion, match="half: manifest.json is missing"):
        manifests.verify(tmp_path / "half")


def test_a_changed_file_is_refused_by_name(tmp_path):
    make(tmp_path / "v1")
    (tmp_path / "v1" / "weights.bin").write_bytes(b"weightz")
    with pytest.raises(BadVersion, match="weights.bin is not the file that was evaluated"):
        manifests.verify(tmp_path / "v1")


def test_a_missing_file_is_refused_by_name(tmp_path):
    make(tmp_path / "v1")
    (tmp_path / "v1" / "weights.bin").unlink()
    with pytest.raises(BadVersion, match="weights.bin is missing"):
        manifests.verify(tmp_path / "v1")


def test_a_half_written_manifest_is_refused(tmp_path):
    make(tmp_path / "v1")
    path = tmp_path / "v1" / "manifest.json"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadVersion, match="cannot be read"):
        manifests.verify(tmp_path / "v1")


def test_a_manifest_that_points_outside_its_folder_is_refused(tmp_path):
    make(tmp_path / "v1")
    path = tmp_path / "v1" / "manifest.json"
    content = json.loads(path.read_text())
    content["files"]["../secret"] = "0" * 64
    path.write_text(json.dumps(content))
    with pytest.raises(BadVersion, match="outside"):
        manifests.verify(tmp_path / "v1")


@pytest.mark.parametrize("id", ["", "../up", "A", "a/b", "." * 3, "x" * 65])
def test_an_id_that_is_not_a_plain_folder_name_is_refused(tmp_path, id):
    with pytest.raises(ValueError, match="id"):
        make(tmp_path / "v1", id=id)


def test_experts_are_read_as_they_were_written(tmp_path):
    whole = expert("zh", base=None, parts=["zh/packed"])
    written = make(tmp_path / "v1", experts={"en": expert("en"), "zh": whole})
    assert manifests.read(tmp_path / "v1") == written
    assert written.experts["zh"].base is None


@pytest.mark.parametrize("experts", [{}, {"fr": expert("fr")}])
def test_a_version_without_experts_or_with_an_unknown_language_is_refused(tmp_path, experts):
    with pytest.raises(ValueError, match="experts"):
        make(tmp_path / "v1", experts=experts)


def test_a_manifest_from_before_there_were_experts_is_read_as_one_english_expert(tmp_path):
    folder = tmp_path / "v1"
    make(folder)
    content = json.loads((folder / "manifest.json").read_text())
    english = content.pop("experts")["en"]
    old = {name: english[name] for name in ("base", "max_tokens", "temperature", "bias")}
    old |= {"adapters": ["adapter"], "serving": {"file": "model.onnx", "sha256": "0", "evaluated_sha256": "0"}}
    (folder / "manifest.json").write_text(json.dumps(content | old))
    read = manifests.verify(folder)
    assert list(read.experts) == ["en"]
    assert read.experts["en"].parts == ["adapter"]
    assert read.experts["en"].tokenizer == "tokenizer.json"
    assert read.experts["en"].serving.file == "model.onnx"
