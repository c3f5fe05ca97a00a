"""Brings the schema of the database up to date with Alembic."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from product.sentiment import StorageUnavailable
from product.storage.database import WRITE_PRAGMAS, Database, sqlite_engine, unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7286012
"""PostgreSQL's advisory lock that lets one process migrate at a time."""


def migrate(database: Database, to: str = "head") -> None:
    """Upgrade the schema to a revision, by default the newest. Raises StorageUnavailable.

    Several processes may start at once: the second waits for the first and finds nothing to do.
    """
    _make_folder(database)
    deadline = time.monotonic() + database.patience
    while True:
        try:
            return _upgrade(database, to)
        except DBAPIError as error:
            # Two processes that switch a new file to WAL mode are refused at once, whatever the busy timeout.
            locked = isinstance(error, OperationalError) and "locked" in str(error.orig)
            if not locked or time.monotonic() > deadline:
                raise unavailable("prepared", error) from error
            time.sleep(0.05)
        except CommandError as error:
            where = database.url.render_as_string(hide_password=True)
            raise StorageUnavailable(f"The database {where} cannot be prepared: {error}") from error


def _make_folder(database: Database) -> None:
    if not database.is_sqlite:
        return
    folder = Path(database.url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(f"The folder {folder} for the database cannot be created: {error}") from error


def _upgrade(database: Database, to: str) -> None:
    with _migration_connection(database) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, to)


@contextmanager
def _migration_connection(database: Database) -> Iterator[Connection]:
    """One transaction over all migrations, with the database locked."""
    if database.is_sqlite:
        # Altering a table on SQLite means replacing it, which foreign keys would forbid.
        engine = sqlite_engine(
            database.url, database.patience, WRITE_PRAGMAS, begin="BEGIN IMMEDIATE", poolclass=NullPool
        )
    else:
        engine = create_engine(database.url, poolclass=NullPool, hide_parameters=True)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        yield connection
