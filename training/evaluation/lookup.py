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
    """Load a version by folder or id; an empty name means the active version. Raises BadVersion."""
    return models.load(find_folder(settings, name), backend, settings.base_model)


def find_folder(settings: Settings, name: str) -> Path:
    """The folder of a version by folder or id; an empty name means the active version. Raises BadVersion."""
    if name and Path(name).is_dir():
        return Path(name)
    database = Database(settings.database)
    migrate(database)
    try:
        versions = Versions(settings, database)
        ensure_shipped(settings, versions)
        chosen = name or versions.active()
        if chosen is None:
            raise BadVersion("no version is active; name one, or install the shipped one: python -m product install")
        return versions.store.folder(chosen)
    finally:
        database.close()


def locate_manifest(settings: Settings, name: str) -> Path:
    """The folder with a version's manifest: `name` itself, a stored version, or the shipped one.

    Unlike `find_folder` it neither opens the database nor installs anything. Raises BadVersion.
    """
    stored = settings.versions_dir / name
    for folder in (Path(name), stored, SHIPPED_MODEL):
        if (folder / manifests.FILE).is_file() and (folder != SHIPPED_MODEL or manifests.read(folder).id == name):
            return folder
    raise BadVersion(f"{name!r} is neither a version folder nor the id of a version in {settings.versions_dir}")
