"""app.py as a user starts it, after the first start."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.app_process import ROOT, RunningApp, clean_environment


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


def test_a_port_that_is_no_number_is_refused_with_what_is_allowed(tmp_path):
    environment = clean_environment(tmp_path, GRADIO_SERVER_PORT="abc")
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "GRADIO_SERVER_PORT" in done.stderr and "'abc'" in done.stderr and "Traceback" not in done.stderr


def test_who_comes_through_a_proxy_on_this_machine_is_told_by_the_address_that_the_proxy_saw(app):
    [answer] = app.predict(["where is my parcel"])["predictions"]
    given = {"prediction_id": answer["id"], "label": "positive", "actor": "anna"}

    def correct(forwarded: str) -> str:
        return app.post("/api/v1/feedback", given, X_Forwarded_For=forwarded)[1]["feedback_id"]

    first = correct("203.0.113.1")
    assert correct("203.0.113.2") != first
    # what a visitor has written before it is not believed
    assert correct("203.0.113.9, 203.0.113.1") == first
