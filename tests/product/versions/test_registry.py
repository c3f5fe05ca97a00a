"""Registration, activation, installation and the hot swap, on real folders with a real model."""

import shutil

import pytest

from product.inference import manifest as manifests
from product.inference.engine import Engine
from product.sentiment import NotFound
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.attempts import announce_version, finish_attempt, latest_attempt_id, start_attempt
from product.storage.database import Database
from product.storage.versions import activate_version
from product.versions.installer import installed_manifest
from product.versions.registry import NoParent, Versions
from product.versions.watcher import Watcher
from tests.support.actors import BY_COMMAND

SHIPPED = manifests.read(SHIPPED_MODEL).id


@pytest.fixture
def installed_settings(installed_data_dir):
    return Settings(_env_file=None, data_dir=installed_data_dir)


@pytest.fixture
def database(installed_settings):
    database = Database(installed_settings.database)
    yield database
    database.close()


@pytest.fixture
def versions(installed_settings, database):
    return Versions(installed_settings, database)


@pytest.fixture
def child(versions):
    """A version whose parent is the shipped one, registered but not active."""
    parent = versions.active()
    draft = versions.store.draft("child-1")
    shutil.copytree(versions.store.folder(parent), draft, dirs_exist_ok=True)
    manifests.write(draft, manifests.read(draft).model_copy(update={"id": "child-1", "parent": parent}))
    versions.register(versions.store.publish(draft), {}, None)
    return "child-1"


def test_versions_that_a_killed_run_published_but_did_not_record_are_deleted(versions, child, database, caplog):
    for name in ("orphan-1", "of-another-database", "kept-1"):
        shutil.copytree(versions.store.folder(child), versions.store.folder(name))
    with database.write() as session:
        for name in ("orphan-1", "never-published", child, "kept-1"):
            announce_version(session, id=start_attempt(session), version_id=name)
        finish_attempt(session, id=latest_attempt_id(session), outcome="kept", reasons=[])
    versions.discard_unrecorded()
    left = sorted(path.name for path in versions.store.root.glob("[!.]*"))
    assert left == sorted([SHIPPED, child, "of-another-database", "kept-1"])
    assert "deleting version orphan-1" in caplog.text


@pytest.fixture
def watcher(installed_settings, versions):
    engine = Engine()
    watcher = Watcher(installed_settings, versions, engine)
    yield watcher
    watcher.stop()
    engine.close()


def test_rollback_activates_the_parent_and_fails_without_one(versions, child):
    versions.promote(child, BY_COMMAND)
    assert versions.rollback(BY_COMMAND) == (child, SHIPPED)
    assert versions.active() == SHIPPED
    with pytest.raises(NoParent, match=f"{SHIPPED} is active and has no parent to roll back to"):
        versions.rollback(BY_COMMAND)


def test_promoting_an_unknown_version_is_refused(versions):
    with pytest.raises(NotFound, match="no version 'nothing-1'"):
        versions.promote("nothing-1", BY_COMMAND)


def test_candidates_are_the_activated_versions_latest_first(versions, child):
    versions.promote(child, BY_COMMAND)
    assert versions.candidates() == [child, SHIPPED]


def test_a_newer_shipped_version_replaces_a_shipped_one_but_not_a_retrained_one(versions, child):
    assert versions.follows_shipped()
    versions.promote(child, BY_COMMAND)
    assert not versions.follows_shipped()


def test_a_version_installed_from_other_parts_is_not_the_shipped_one(versions):
    folder = versions.store.folder(SHIPPED)
    (folder / "en" / "packed" / "config.json").write_text("{}")
    manifests.write(folder, manifests.read(folder))
    with pytest.raises(manifests.BadVersion, match="built from other parts than the repository ships"):
        installed_manifest(versions.store)


def test_the_watcher_follows_a_promotion_and_loads_a_repaired_folder(versions, child, watcher):
    watcher.start()
    assert watcher._engine.version == SHIPPED
    model_file = versions.store.folder(child) / "en" / "model.onnx"
    whole = model_file.read_bytes()
    model_file.write_bytes(whole[:-1])
    with versions._database.write() as session:
        activate_version(session, child, BY_COMMAND)
    watcher.check()
    assert watcher._engine.version == SHIPPED
    assert list(watcher.refused) == [child]
    model_file.write_bytes(whole)
    watcher.check()
    assert watcher._engine.version == child
    watcher.check()
    assert watcher.refused == {}
