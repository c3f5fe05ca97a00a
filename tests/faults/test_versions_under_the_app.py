"""Damaged version folders, rollbacks and swaps under load, on the running app."""

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
from tests.support.actors import BY_COMMAND

REFUSED_WITHIN = 10.0
"""Seconds within which the app must refuse a damaged version."""
MAX_SECONDS = 1.0
"""A request that waits for a model to load takes seconds; a swap between two batches takes far less than this."""
SHIPPED = manifests.read(SHIPPED_MODEL).id


@pytest.fixture
def versions(installed_data_dir):
    settings = Settings(_env_file=None, data_dir=installed_data_dir)
    database = Database(settings.database)
    yield Versions(settings, database)
    database.close()


@pytest.fixture
def add_version(versions):
    """Add a copy of the shipped version under another id, so that its predictions are known."""

    def add(id: str, *, activate: bool = True, damage=lambda folder: None) -> str:
        parent = versions.active()
        draft = versions.store.draft(id)
        shutil.copytree(versions.store.folder(parent), draft, dirs_exist_ok=True)
        manifests.write(draft, manifests.read(draft).model_copy(update={"id": id, "parent": parent}))
        manifest = versions.store.publish(draft)
        damage(versions.store.folder(id))
        versions.register(manifest, {}, BY_COMMAND if activate else None)
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


def delete_manifest(folder) -> None:
    (folder / "manifest.json").unlink()


def change_calibration(folder) -> None:
    """Another calibration under a manifest whose hashes are all correct: only the canaries can detect it."""
    manifest = manifests.read(folder)
    experts = {"en": manifest.experts["en"].model_copy(update={"temperature": 4.0})}
    manifests.write(folder, manifest.model_copy(update={"experts": experts}))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_model, "model.onnx is not the file that was evaluated"),
        (flip_a_weight, "model.onnx is not the file that was evaluated"),
        (delete_manifest, "manifest.json is missing"),
        (change_calibration, "a canary text's score is"),
    ],
)
def test_a_damaged_version_is_refused_and_the_last_good_version_keeps_serving(
    installed_data_dir, add_version, damage, reason
):
    with RunningApp(installed_data_dir) as app:
        good = app.version()
        add_version("damaged-1", damage=damage)
        app.wait(lambda: "refused version damaged-1" in app.log(), REFUSED_WITHIN, "to refuse the version")
        assert reason in app.log()
        assert app.version() == good
        assert "damaged-1" in json.dumps(app.get("/readyz")[1])


def test_an_app_started_with_a_damaged_active_version_serves_the_previous_one(installed_data_dir, add_version):
    add_version("damaged-1", damage=flip_a_weight)
    with RunningApp(installed_data_dir) as app:
        assert app.version() == SHIPPED


def test_a_version_whose_folder_is_deleted_keeps_serving_until_the_restart(installed_data_dir, add_version, versions):
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


def test_two_apps_on_one_database_share_corrections_and_follow_a_promotion(installed_data_dir, add_version):
    with RunningApp(installed_data_dir) as one, RunningApp(installed_data_dir) as other:
        [prediction] = one.predict(["where is my parcel?"])["predictions"]
        receipt = other.correct(prediction["id"], "negative")
        assert one.get(f"/api/v1/feedback/{receipt}")[1]["status"] == "pending"
        add_version("second-1")
        for app in (one, other):
            app.wait_for_version("second-1")


def test_a_damaged_shipped_version_is_rebuilt_at_start(installed_data_dir, versions):
    cut_model(versions.store.folder(SHIPPED))
    with RunningApp(installed_data_dir) as app:
        assert app.version() == SHIPPED
    manifests.verify(versions.store.folder(SHIPPED))


def test_the_promote_command_refuses_a_damaged_version(installed_data_dir, add_version, versions):
    add_version("damaged-1", activate=False, damage=flip_a_weight)
    result = command("product", "promote", "damaged-1", data_dir=installed_data_dir, check=False)
    assert result.returncode == 2
    assert "damaged-1: en/model.onnx is not the file that was evaluated" in result.stderr
    assert versions.active() == SHIPPED


def test_rolling_back_the_first_version_fails_because_it_has_no_parent(installed_data_dir):
    result = command("product", "rollback", data_dir=installed_data_dir, check=False)
    assert result.returncode == 2
    assert f"{SHIPPED} is active and has no parent" in result.stderr


def test_no_request_fails_during_swaps_and_rollbacks_under_load(installed_data_dir, add_version, versions):
    add_version("second-1", activate=False)
    with RunningApp(installed_data_dir) as app:
        responses, stop = [], threading.Event()

        def load() -> None:
            while not stop.is_set():
                started = time.monotonic()
                status, response = app.post("/api/v1/predict", {"texts": ["where is my parcel?", "thanks!"]})
                responses.append((status, response.get("model_version"), time.monotonic() - started))

        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            for _ in range(3):
                versions.promote("second-1", BY_COMMAND)
                app.wait_for_version("second-1")
                versions.rollback(BY_COMMAND)
                app.wait_for_version(SHIPPED)
        finally:
            stop.set()
            for client in clients:
                client.join()
    assert {status for status, _, _ in responses} == {200}
    assert {version for _, version, _ in responses} == {SHIPPED, "second-1"}
    assert sum(seconds > MAX_SECONDS for _, _, seconds in responses) == 0
