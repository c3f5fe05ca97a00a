"""SIGKILL while corrections arrive and during retraining; two runs at once; a full disk."""

import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks.app_process import ROOT, RunningApp, clean_environment, command
from benchmarks.killed_runs import SUFFICIENT_CORRECTIONS, CorrectedInstallation, KillableRun
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL

MEGABYTE = 1024 * 1024


def retrain(*options: str, data_dir: Path, **environment: str) -> dict:
    """Run the retraining command to its end and return its JSON result."""
    return json.loads(command("training", "retrain", "--json", "-", *options, data_dir=data_dir, **environment).stdout)


def test_every_acknowledged_correction_survives_sigkill(installed_data_dir):
    acknowledged: dict[str, str] = {}
    app = RunningApp(installed_data_dir)
    app.start()
    try:
        for round in range(3):
            texts = [f"message {round} {index}" for index in range(200)]
            ids = [prediction["id"] for prediction in app.predict(texts)["predictions"]]
            started = threading.Event()

            def correct(part: list[str], started=started) -> None:
                for id in part:
                    status, response = app.post("/api/v1/feedback", {"prediction_id": id, "label": "negative"})
                    if status != 201:
                        return  # The app was killed.
                    acknowledged[response["feedback_id"]] = "negative"
                    started.set()

            clients = [threading.Thread(target=correct, args=(ids[offset::4],)) for offset in range(4)]
            for client in clients:
                client.start()
            assert started.wait(30)
            app.kill()
            for client in clients:
                client.join()
            app.start()
        missing = [id for id in acknowledged if app.get(f"/api/v1/feedback/{id}")[1].get("label") != "negative"]
    finally:
        app.stop()
    assert len(acknowledged) >= 3
    assert missing == []


def test_a_killed_run_leaves_everything_intact_and_the_next_run_starts_afresh(installed_data_dir):
    """A short form of `benchmarks.kills`: each run gets further than the one before."""
    installation = CorrectedInstallation(installed_data_dir)
    installation.correct(SUFFICIENT_CORRECTIONS)
    for stage, delay in (("", 1.0), ("to replay", 0.5), ("training on", 3.0)):
        run = KillableRun(installed_data_dir)
        assert run.wait_for(stage), run.log_lines
        installation.correct(1)
        time.sleep(delay)
        assert run.kill()
        assert installation.problems() == []
    assert set(installation.attempts()) == {None}
    environment = {"ATTUNE_RETRAIN_MIN_CORRECTIONS": "100"}
    outcome = retrain("--if-due", data_dir=installed_data_dir, **environment)
    assert outcome["outcome"] == "not-due"
    assert outcome["reasons"] == [{"code": "corrections-missing", "values": {"count": 93, "needed": 100}}]


def test_a_run_on_a_full_disk_changes_nothing_and_the_next_run_starts_afresh(installed_data_dir):
    """A file size limit stands in for the disk: model files exceed it, the database does not."""
    installation = CorrectedInstallation(installed_data_dir)
    installation.correct(SUFFICIENT_CORRECTIONS)
    result = subprocess.run(
        [sys.executable, "-m", "training", "retrain"],
        cwd=ROOT,
        env=clean_environment(installed_data_dir),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MEGABYTE, 8 * MEGABYTE)),
    )
    assert result.returncode != 0
    assert "File too large" in result.stderr
    assert installation.problems() == []
    assert installation.attempts() == [None]
    assert list((installed_data_dir / "versions").glob(".draft-*")) == []
    run = KillableRun(installed_data_dir)
    assert run.wait_for("training on"), run.log_lines
    run.kill()


def test_a_second_run_fails_and_names_the_lock_holder(installed_data_dir):
    from product.storage.locks import exclusive

    with exclusive(installed_data_dir / "retrain.lock", "retraining"):
        result = command("training", "retrain", data_dir=installed_data_dir, check=False)
    assert result.returncode == 2
    assert "retraining is already running: process " in result.stderr


def test_a_run_without_corrections_is_insufficient_and_changes_nothing(installed_data_dir):
    assert retrain(data_dir=installed_data_dir)["outcome"] == "insufficient"
    folders = sorted(folder.name for folder in (installed_data_dir / "versions").iterdir())
    assert folders == [".install.lock", manifests.read(SHIPPED_MODEL).id]


def test_a_run_that_is_not_due_counts_the_missing_corrections(installed_data_dir):
    outcome = retrain("--if-due", data_dir=installed_data_dir)
    assert outcome["outcome"] == "not-due"
    assert outcome["reasons"] == [{"code": "corrections-missing", "values": {"count": 0, "needed": 50}}]
