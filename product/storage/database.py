"""Sessions on the database: SQLite by default, another server by its URL."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from product.sentiment import StorageUnavailable

PATIENCE = 5.0
"""Seconds to wait for another writer before the database counts as unavailable."""

# synchronous=FULL: in WAL mode any lower setting may lose the last commits in a power cut, and a correction that was
# acknowledged must not be lost.
WRITE_PRAGMAS = ["journal_mode = WAL", "synchronous = FULL"]
READ_PRAGMAS = ["query_only = ON"]
# Deleted content is overwritten with zeros, not just marked as free.
COMMON_PRAGMAS = ["secure_delete = ON"]

log = logging.getLogger(__name__)


class Database:
    """Opens sessions. No connection is opened before the first session.

    On SQLite a writer takes the write lock when its transaction begins: in WAL mode, a transaction that reads first and
    writes later is refused at once, without waiting. All writers share one connection, so that those of this process
    queue in order instead of racing for the file lock. Readers have their own connections.
    """

    def __init__(self, url: str, patience: float = PATIENCE):
        self.url = _checked(url)
        self.patience = patience
        self._last_write_failed = False
        if self.is_sqlite:
            pragmas = WRITE_PRAGMAS + ["foreign_keys = ON"]
            self._writer = sqlite_engine(
                self.url, patience, pragmas, begin="BEGIN IMMEDIATE", pool_size=1, max_overflow=0
            )
            self._reader = sqlite_engine(self.url, patience, READ_PRAGMAS, begin="BEGIN", pool_size=8, max_overflow=32)
        else:
            # Parameters hold customers' texts: keep them out of error messages and logs.
            self._writer = self._reader = create_engine(
                self.url, pool_pre_ping=True, pool_timeout=patience, hide_parameters=True
            )

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends, or rolls back on an error. Raises StorageUnavailable."""
        try:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
            self._last_write_failed = False
        except (DBAPIError, PoolTimeout) as error:
            self._last_write_failed = True
            raise unavailable("written", error) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent state. Raises StorageUnavailable."""
        try:
            with Session(self._reader, expire_on_commit=False) as session:
                yield session
        except (DBAPIError, PoolTimeout) as error:
            raise unavailable("read", error) from error

    def reachable(self) -> bool:
        """Whether the database accepts a write now. No row changes.

        The write is rolled back, unless the last real one failed: a full disk only shows at a commit.
        """
        try:
            with self._writer.connect() as connection:
                connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
                if self._last_write_failed:
                    connection.commit()
            self._last_write_failed = False
        except (DBAPIError, PoolTimeout):
            return False
        return True

    def scrub(self) -> bool:
        """Remove every trace of deleted and replaced content from SQLite's files. Raises StorageUnavailable.

        False if a reader of an earlier state keeps the write-ahead log from being emptied. On other servers, which
        clean up in their own way, this does nothing.
        """
        if not self.is_sqlite:
            return True
        try:
            with closing(self._writer.raw_connection()) as connection:
                # Rows that moved between pages left copies in unused parts of pages, which secure_delete does not
                # cover. Only rewriting the file removes them.
                connection.execute("VACUUM")
                [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, DBAPIError, PoolTimeout) as error:
            raise unavailable("cleaned", error) from error
        return not busy

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def _checked(url: str) -> URL:
    """The parsed URL. Raises StorageUnavailable if the product cannot use it."""
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StorageUnavailable(
            f"ATTUNE_DATABASE_URL cannot be used ({error}); write it as sqlite:////folder/attune.db or as "
            "postgresql+psycopg://user:password@host/name, with that driver installed."
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StorageUnavailable("ATTUNE_DATABASE_URL: SQLite needs a file, as in sqlite:////folder/attune.db.")
    return parsed


def sqlite_engine(url: URL, patience: float, pragmas: list[str], *, begin: str, **pool: Any) -> Engine:
    """An engine that sends `begin` itself: the driver would start a transaction too late to hold a lock."""
    if "poolclass" not in pool:
        pool["pool_timeout"] = patience
    engine = create_engine(url, connect_args={"timeout": patience}, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in COMMON_PRAGMAS + pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def unavailable(verb: str, error: Exception) -> StorageUnavailable:
    """The error to raise when the database cannot be `verb` (read, written, …). The cause is logged, not shown."""
    cause = getattr(error, "orig", None) or error
    log.error("the database cannot be %s: %s", verb, cause)
    return StorageUnavailable(f"The database cannot be {verb} at the moment; try again shortly.")
