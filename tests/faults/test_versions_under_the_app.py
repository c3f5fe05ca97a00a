"""Broken version folders, a rollback and a swap under load, on the running app."""

import json
import shutil
import threading
import time

import pytest

from benchmarks.app_process import RunningApp, command
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.database import Database
from product.versions.registry import Versions
from product.versions.watcher import POLL_SECONDS

REFUSED_WITHIN = 10.0
SLOWEST = 1.0
SHIPPED = manifests.read(SHIPPED_MODEL).id


@pytest.fixture
def versions(installed_data_dir):
    settings = Settings(_env_file=None, data_dir=installed_data_dir)
    database = Database(settings.database)
    yield Versions(settings, database)
    database.close()


@pytest.fixture
def add_version(versions):
    """A second version: the shipped one under another id, so that what it answers is known."""

    def add(id: str, *, activate: bool = True, spoil=lambda folder: None) -> str:
        parent = versions.active()
        draft = versions.store.draft(id)
        shutil.copytree(versions.store.folder(parent), draft, dirs_exist_ok=True)
        manifests.write(draft, manifests.read(draft).model_copy(update={"id": id, "parent": parent}))
        manifest = versions.store.publish(draft)
        spoil(versions.store.folder(id))
        versions.register(manifest, {}, activate=activate, why="test")
        return id

    return add


def cut_model(folder) -> None:
    file = folder / "en" / "model.onnx"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_weight(folder) -> None:
    file = folder / "en" / "model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x40
    file.write_bytes(content)


def lose_manifest(folder) -> None:
    (folder / "manifest.json").unlink()


def cheat_with_hashes(folder) -> None:
    """Another calibration, and a manifest that is right about every hash: the canaries have to notice."""
    manifest = manifests.read(folder)
    experts = {"en": manifest.experts["en"].model_copy(update={"temperature": 4.0})}
    manifests.write(folder, manifest.model_copy(update={"experts": experts}))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut_model, "model.onnx is not the file that was evaluated"),
        (flip_a_weight, "model.onnx is not the file that was evaluated"),
        (lose_manifest, "manifest.json is missing"),
        (cheat_with_hashes, "a canary text's score is"),
    ],
)
def test_a_broken_version_is_refused_with_the_reason_and_the_last_good_one_serves(
    installed_data_dir, add_version, spoil, reason
):
    with RunningApp(installed_data_dir) as app:
        good = app.version()
        add_version("broken-1", spoil=spoil)
        app.wait(lambda: "refused version broken-1" in app.log(), REFUSED_WITHIN, "to refuse the version")
        assert reason in app.log()
        assert app.version() == good
        assert "broken-1" in json.dumps(app.get("/readyz")[1])


def test_an_app_that_starts_with_a_broken_active_version_serves_the_one_before(installed_data_dir, add_version):
    add_version("broken-1", spoil=flip_a_weight)
    with RunningApp(installed_data_dir) as app:
        assert app.version() == SHIPPED


def test_a_version_whose_folder_goes_away_under_the_app_serves_on_and_the_one_before_after_a_restart(
    installed_data_dir, add_version, versions
):
    add_version("second-1")
    with RunningApp(installed_data_dir) as app:
        assert app.version() == "second-1"
        shutil.rmtree(versions.store.folder("second-1"))
        time.sleep(3 * POLL_SECONDS)
        assert app.version() == "second-1"
        app.stop()
        app.start()
        assert app.version() == SHIPPED
        assert "second-1: manifest.json is missing" in json.dumps(app.get("/readyz")[1])


def test_two_apps_on_one_database_follow_a_promotion_and_each_other_s_corrections(installed_data_dir, add_version):
    with RunningApp(installed_data_dir) as one, RunningApp(installed_data_dir) as other:
        [answer] = one.predict(["where is my parcel?"])["predictions"]
        receipt = other.correct(answer["id"], "negative")
        assert one.get(f"/api/v1/feedback/{receipt}")[1]["status"] == "pending"
        add_version("second-1")
        for app in (one, other):
            app.wait_for_version("second-1")


def test_a_damaged_shipped_version_is_built_again_at_the_start(installed_data_dir, versions):
    cut_model(versions.store.folder(SHIPPED))
    with RunningApp(installed_data_dir) as app:
        assert app.version() == SHIPPED
    manifests.verify(versions.store.folder(SHIPPED))


def test_promoting_a_broken_version_is_refused_by_the_command(installed_data_dir, add_version, versions):
    add_version("broken-1", activate=False, spoil=flip_a_weight)
    done = command("product", "promote", "broken-1", data_dir=installed_data_dir, check=False)
    assert done.returncode == 2
    assert "broken-1: en/model.onnx is not the file that was evaluated" in done.stderr
    assert versions.active() == SHIPPED


def test_rolling_back_the_first_version_says_that_it_has_no_parent(installed_data_dir):
    done = command("product", "rollback", data_dir=installed_data_dir, check=False)
    assert done.returncode == 2
    assert f"{SHIPPED} is active and has no parent" in done.stderr


def test_swaps_and_rollbacks_under_load_fail_no_request(installed_data_dir, add_version, versions):
    add_version("second-1", activate=False)
    with RunningApp(installed_data_dir) as app:
        answers, stop = [], threading.Event()

        def load() -> None:
            while not stop.is_set():
                started = time.monotonic()
                status, answer = app.post("/api/v1/predict", {"texts": ["where is my parcel?", "thanks!"]})
                answers.append((status, answer.get("model_version"), time.monotonic() - started))

        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            for _ in range(3):
                versions.promote("second-1", "test")
                app.wait_for_version("second-1")
                versions.rollback("test")
                app.wait_for_version(SHIPPED)
        finally:
            stop.set()
            for client in clients:
                client.join()
    assert {status for status, _, _ in answers} == {200}
    assert {version for _, version, _ in answers} == {SHIPPED, "second-1"}
    # Not a benchmark: a request that hangs on a swap would wait for the load of a model, seconds on this machine.
    assert sum(seconds > SLOWEST for _, _, seconds in answers) == 0
