"""Find the version that a command names."""

from pathlib import Path

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import BadVersion
from product.inference.model import Model
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.database import Database
from product.storage.migrate import migrate
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions


def find_model(settings: Settings, name: str, backend: str = "onnx-int8") -> Model:
    """The version in a folder, the version of that id, or the active one; raises BadVersion naming what is wrong."""
    return models.load(find_folder(settings, name), backend, settings.base_model)


def find_folder(settings: Settings, name: str) -> Path:
    """Where the version of that id lies, or the active one; a folder's name stands for itself."""
    if name and Path(name).is_dir():
        return Path(name)
    database = Database(settings.database)
    migrate(database)
    try:
        versions = Versions(settings, database)
        ensure_shipped(settings, versions)
        return versions.store.folder(name or versions.active())
    finally:
        database.close()


def locate(settings: Settings, name: str) -> Path:
    """The folder of a version: `name` itself, one of the store's, or the shipped one. Raises BadVersion."""
    stored = settings.versions_dir / name
    for folder in (Path(name), stored, SHIPPED_MODEL):
        if (folder / manifests.FILE).is_file() and (folder != SHIPPED_MODEL or manifests.read(folder).id == name):
            return folder
    raise BadVersion(f"{name!r} is neither a version's folder nor the id of a version in {settings.versions_dir}")
