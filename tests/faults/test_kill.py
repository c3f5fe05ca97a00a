"""SIGKILL while corrections come in and at the stages of a retrain; two retrains at once; a full disk."""

import resource
import subprocess
import sys
import threading
import time

from benchmarks.app_process import ROOT, RunningApp, clean_environment, command
from benchmarks.killed_runs import ENOUGH, Installation, Victim
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL

MEGABYTE = 1024 * 1024


def test_every_acknowledged_correction_survives_sigkill(installed_data_dir):
    acknowledged: dict[str, str] = {}
    app = RunningApp(installed_data_dir)
    app.start()
    try:
        for round in range(3):
            texts = [f"message {round} {index}" for index in range(200)]
            ids = [one["id"] for one in app.predict(texts)["predictions"]]
            begun = threading.Event()

            def correct(part: list[str], begun=begun) -> None:
                for id in part:
                    status, answer = app.post("/api/v1/feedback", {"prediction_id": id, "label": "negative"})
                    if status != 201:
                        return  # the app is gone
                    acknowledged[answer["feedback_id"]] = "negative"
                    begun.set()

            clients = [threading.Thread(target=correct, args=(ids[start::4],)) for start in range(4)]
            for client in clients:
                client.start()
            assert begun.wait(30)
            app.kill()
            for client in clients:
                client.join()
            app.start()
        missing = [id for id in acknowledged if app.get(f"/api/v1/feedback/{id}")[1].get("label") != "negative"]
    finally:
        app.stop()
    assert len(acknowledged) >= 3
    assert missing == []


def test_after_a_retrain_is_killed_all_holds_and_the_next_one_goes_on(installed_data_dir):
    """The short form of `benchmarks.kills`: each run comes further than the one before."""
    installation = Installation(installed_data_dir)
    installation.correct(ENOUGH)
    for stage, delay in (("", 1.0), ("to replay", 0.5), ("training on", 3.0)):
        victim = Victim(installed_data_dir)
        assert victim.reach(stage), victim.said
        installation.correct(1)
        time.sleep(delay)
        assert victim.kill()
        assert installation.damage() == []
    # The first two were killed before they had anything to decide on.
    assert set(installation.attempts()) == {None}
    least = {"ATTUNE_RETRAIN_MIN_CORRECTIONS": "100"}
    due = command("training", "retrain", "--if-due", data_dir=installed_data_dir, **least)
    assert "not-due: 93 corrections since the last attempt, 100 make a run due" in due.stdout


def test_a_retrain_on_a_full_disk_changes_nothing_and_the_next_one_goes_on(installed_data_dir):
    """A limit on the size of a file stands in for the disk: the model's parts are larger, the database is not."""
    installation = Installation(installed_data_dir)
    installation.correct(ENOUGH)
    done = subprocess.run(
        [sys.executable, "-m", "training", "retrain"],
        cwd=ROOT,
        env=clean_environment(installed_data_dir),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MEGABYTE, 8 * MEGABYTE)),
    )
    assert done.returncode != 0
    assert "File too large" in done.stderr
    assert installation.damage() == []
    assert installation.attempts() == [None]
    assert list((installed_data_dir / "versions").glob(".draft-*")) == []
    victim = Victim(installed_data_dir)
    assert victim.reach("training on"), victim.said
    victim.kill()


def test_the_second_retrain_says_who_holds_the_lock(installed_data_dir):
    from product.storage.locks import exclusive

    with exclusive(installed_data_dir / "retrain.lock", "retraining"):
        done = command("training", "retrain", data_dir=installed_data_dir, check=False)
    assert done.returncode == 2
    assert "retraining is already running: process " in done.stderr


def test_retraining_without_corrections_is_insufficient_and_changes_nothing(installed_data_dir):
    done = command("training", "retrain", data_dir=installed_data_dir)
    assert "insufficient" in done.stdout
    folders = sorted(folder.name for folder in (installed_data_dir / "versions").iterdir())
    assert folders == [".install.lock", manifests.read(SHIPPED_MODEL).id]


def test_a_retrain_that_is_not_due_says_how_many_are_missing(installed_data_dir):
    done = command("training", "retrain", "--if-due", data_dir=installed_data_dir)
    assert "not-due: 0 corrections since the last attempt, 50 make a run due" in done.stdout
