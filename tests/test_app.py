"""app.py as a user starts it, with the model installed."""

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


def test_serving_on_cpu_never_loads_torch(app):
    maps = Path(f"/proc/{app.process.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert "libtorch" not in maps


def test_the_log_names_the_backend_and_the_reason(app):
    assert "backend onnx-int8: CUDA_VISIBLE_DEVICES hides every GPU" in app.log()


def test_a_port_that_is_not_a_number_stops_the_start_and_names_the_setting(tmp_path):
    environment = clean_environment(tmp_path, GRADIO_SERVER_PORT="abc")
    result = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert "GRADIO_SERVER_PORT" in result.stderr and "'abc'" in result.stderr and "Traceback" not in result.stderr


def test_clients_behind_a_local_proxy_are_told_apart_by_the_forwarded_address(app):
    [answer] = app.predict(["where is my parcel"])["predictions"]
    given = {"prediction_id": answer["id"], "label": "positive", "actor": "anna"}

    def correct(forwarded: str) -> str:
        return app.post("/api/v1/feedback", given, X_Forwarded_For=forwarded)[1]["feedback_id"]

    first = correct("203.0.113.1")
    assert correct("203.0.113.2") != first
    # Only the last address counts: a visitor can write the ones before it.
    assert correct("203.0.113.9, 203.0.113.1") == first
