"""What commands work on: settings, database, versions and, where needed, the model."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from product.cli.console import say
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


@contextmanager
def opened() -> Iterator[tuple[Settings, Database, Versions]]:
    settings = load_settings()
    with opened_database(settings) as database:
        yield settings, database, Versions(settings, database)


@contextmanager
def opened_application() -> Iterator[Application]:
    """Without a model: for what needs none."""
    with opened() as (settings, database, _), closing(Engine()) as engine:
        yield Application(settings, database, engine)


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


@contextmanager
def running_engine(settings: Settings, database: Database) -> Iterator[Engine]:
    """The engine of the app with the active version; a new one is followed while it works."""
    say("loading the model")
    versions = Versions(settings, database)
    ensure_shipped(settings, versions)
    engine = Engine()
    watcher = Watcher(settings, versions, engine)
    try:
        watcher.start()
        yield engine
    finally:
        watcher.stop()
        engine.close()


def secret(settings: Settings) -> bytes:
    try:
        return keys.secret(settings.data_dir)
    except OSError as error:
        raise StorageUnavailable(f"{settings.data_dir / keys.FILE} cannot be read or made: {error}") from error
