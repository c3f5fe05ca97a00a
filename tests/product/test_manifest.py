import hashlib
import json

import pytest

from product import manifest as manifests
from product.manifest import BadVersion, Manifest, Serving


def make(folder, **changes) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.bin").write_bytes(b"weights")
    fields = {
        "id": "v1",
        "created": "2026-01-01T00:00:00+00:00",
        "base": {"name": "base", "sha256": "0" * 64},
        "adapters": [],
        "labels": ["negative", "neutral", "positive"],
        "max_tokens": 8,
        "temperature": 1.0,
        "bias": [0.0, 0.0, 0.0],
        "serving": Serving(sha256="0", evaluated_sha256="0"),
        "canaries": [],
    }
    return manifests.write(folder, Manifest(**fields | changes))


def test_a_written_manifest_names_the_hash_of_every_file(tmp_path):
    written = make(tmp_path / "v1")
    assert written.files == {"weights.bin": hashlib.sha256(b"weights").hexdigest()}
    assert manifests.verify(tmp_path / "v1") == written


def test_a_folder_without_manifest_was_never_completed(tmp_path):
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
def test_an_id_that_is_no_plain_folder_name_is_refused(tmp_path, id):
    with pytest.raises(ValueError, match="id"):
        make(tmp_path / "v1", id=id)
