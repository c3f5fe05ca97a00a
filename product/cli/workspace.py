"""What commands work on: settings, database, versions and, where a command needs it, the model."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from product.inference.engine import Engine
from product.privacy import keys
from product.sentiment import StorageUnavailable
from product.service import Application
from product.settings.configuration import Settings, load_settings
from product.storage.database import Database
from product.storage.migrate import migrate
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions
from product.versions.watcher import Watcher


@dataclass(frozen=True)
class Workspace:
    """An installation's settings with its open database."""

    settings: Settings
    database: Database
    versions: Versions


@contextmanager
def opened() -> Iterator[Workspace]:
    """The installation that the environment describes, its database migrated. Raises BadSetting, StorageUnavailable."""
    settings = load_settings()
    database = Database(settings.database)
    try:
        migrate(database)
        yield Workspace(settings, database, Versions(settings, database))
    finally:
        database.close()


@contextmanager
def opened_application() -> Iterator[Application]:
    """The application without a model, for commands that predict nothing."""
    with opened() as work, closing(Engine()) as engine:
        yield Application(work.settings, work.database, engine)


@contextmanager
def running_engine(work: Workspace) -> Iterator[Engine]:
    """An engine with the active version. It swaps to a newly promoted version while it runs. Raises BadVersion."""
    ensure_shipped(work.settings, work.versions)
    engine = Engine()
    watcher = Watcher(work.settings, work.versions, engine)
    try:
        watcher.start()
        yield engine
    finally:
        watcher.stop()
        engine.close()


def secret(settings: Settings) -> bytes:
    """The installation's key for hashes. Raises StorageUnavailable."""
    try:
        return keys.secret(settings.data_dir)
    except OSError as error:
        raise StorageUnavailable(f"{settings.data_dir / keys.FILE} cannot be read or created: {error}") from error
