"""A fresh installation in a temporary folder: the shipped version, no predictions and no corrections."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from product.inference.manifest import Manifest
from product.settings.configuration import Settings
from product.storage.database import Database
from product.storage.migrate import migrate
from product.versions.installer import install_shipped
from product.versions.registry import Versions


@dataclass(frozen=True)
class Installation:
    settings: Settings
    database: Database
    versions: Versions
    shipped: Manifest


@contextmanager
def installed() -> Iterator[Installation]:
    """Yield a fresh installation without external corpora, as after cloning. The folder is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), corpus_dir="")
        database = Database(settings.database)
        try:
            migrate(database)
            versions = Versions(settings, database)
            yield Installation(settings, database, versions, install_shipped(settings, versions))
        finally:
            database.close()
