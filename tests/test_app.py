"""app.py as a user starts it, after the first start."""

import shutil
from pathlib import Path

import pytest

from tests.running import RunningApp


@pytest.fixture(scope="module")
def app(installation, tmp_path_factory):
    data_dir = shutil.copytree(installation, tmp_path_factory.mktemp("app") / "data")
    with RunningApp(data_dir, ATTUNE_BACKEND="auto", CUDA_VISIBLE_DEVICES="") as running:
        running.labels(["Where is my parcel?"])
        yield running


def test_the_cpu_path_answers_without_torch_in_the_process(app):
    maps = Path(f"/proc/{app.process.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert "libtorch" not in maps


def test_the_log_says_which_backend_was_chosen_and_why(app):
    assert "backend onnx-int8: CUDA_VISIBLE_DEVICES hides every GPU" in app.log()
