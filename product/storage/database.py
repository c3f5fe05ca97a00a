"""Sessions on the database: SQLite by default, another server by its URL."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from product.sentiment import StorageUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 5.0
"""Seconds to wait for another writer before a database counts as unavailable."""

# synchronous=FULL: in WAL mode the lesser setting may lose the last commits to a power cut, and a correction
# that was acknowledged must not be lost.
WRITING = ["journal_mode = WAL", "synchronous = FULL"]
READING = ["query_only = ON"]
# What is deleted is overwritten with zeros, not only marked as free.
ALWAYS = ["secure_delete = ON"]

logger = logging.getLogger(__name__)


class Database:
    """Hands out sessions. Nothing is opened before the first one is asked for.

    On SQLite writers take the write lock as they begin: a transaction that reads first and wants to write
    later is refused at once in WAL mode, however long it would have waited. They share one connection, so
    that writers of this process queue in order instead of racing for the file's lock. Readers have their own.
    """

    def __init__(self, url: str, patience: float = PATIENCE):
        self.url = _checked(url)
        self._patience = patience
        self._last_write_failed = False
        if self._is_sqlite:
            self._writer = _sqlite(
                self.url,
                patience,
                WRITING + ["foreign_keys = ON"],
                "BEGIN IMMEDIATE",
                pool_size=1,
                max_overflow=0,
            )
            self._reader = _sqlite(self.url, patience, READING, "BEGIN", pool_size=8, max_overflow=32)
        else:
            # Parameters carry customers' texts: they stay out of error messages and so out of logs.
            self._writer = self._reader = create_engine(
                self.url, pool_pre_ping=True, pool_timeout=patience, hide_parameters=True
            )

    @property
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is on disk when the block ends, or not at all; raises StorageUnavailable."""
        try:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
            self._last_write_failed = False
        except (DBAPIError, PoolTimeout) as error:
            self._last_write_failed = True
            raise _unavailable("written", error) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent state; raises StorageUnavailable."""
        try:
            with Session(self._reader, expire_on_commit=False) as session:
                yield session
        except (DBAPIError, PoolTimeout) as error:
            raise _unavailable("read", error) from error

    def reachable(self) -> bool:
        """Whether the database takes a write now. No row changes.

        The write is taken back, unless the last real one failed: a full disk shows only at a commit.
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
        """Leave no trace of what was deleted or replaced in the files of SQLite; raises StorageUnavailable.

        False where somebody who still reads an earlier state keeps the write-ahead log from being emptied. Other
        servers clean up in their own way: there this does nothing.
        """
        if not self._is_sqlite:
            return True
        try:
            with closing(self._writer.raw_connection()) as connection:
                # Rows that moved between pages left copies in the pages' unused parts, which secure_delete does
                # not know of: only a rewritten file is without them.
                connection.execute("VACUUM")
                [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, DBAPIError, PoolTimeout) as error:
            raise _unavailable("cleaned", error) from error
        return not busy

    @contextmanager
    def advisory_lock(self, number: int, holder: str) -> Iterator[tuple[str | None, Callable[[], bool]]]:
        """Hold a lock of the database server while the block runs; yields who else holds it, None when it is ours, and
        what tells whether it still is.

        It is the connection's, so that the death of this process frees it, and so does a server that is gone for a
        while. On SQLite, whose databases are one computer's, and on servers other than PostgreSQL there is no other.
        Raises StorageUnavailable.
        """
        if self.url.get_backend_name() != "postgresql":
            yield None, lambda: True
            return
        # No transaction stays open for the length of a training: it would keep the server from cleaning up.
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(engine.connect())
                other = _take(connection, number, holder)
            except DBAPIError as error:
                raise _unavailable("locked", error) from error
            if other is None:
                stack.callback(_give_back, connection, number)
            yield other, partial(_holds, connection, number)

    def migrate(self, to: str = "head") -> None:
        """Bring the schema up to a revision, by default the newest; raises StorageUnavailable.

        Several processes may start at once: whoever comes second waits for the first and finds nothing to do.
        """
        self._make_folder()
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._upgrade(to)
            except DBAPIError as error:
                # Two processes that turn a new file to WAL are refused at once, whatever the busy timeout.
                locked = isinstance(error, OperationalError) and "locked" in str(error.orig)
                if not locked or time.monotonic() > deadline:
                    raise _unavailable("prepared", error) from error
                time.sleep(0.05)
            except CommandError as error:
                raise StorageUnavailable(f"The database {self._where} cannot be prepared: {error}") from error

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()

    @property
    def _where(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def _make_folder(self) -> None:
        if not self._is_sqlite:
            return
        folder = Path(self.url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(f"The folder {folder} for the database cannot be made: {error}") from error

    def _upgrade(self, to: str) -> None:
        with self._migrating() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """One transaction over all migrations, alone on the database."""
        if self._is_sqlite:
            # Altering a table on SQLite means replacing it, which foreign keys would forbid.
            engine = _sqlite(self.url, self._patience, WRITING, "BEGIN IMMEDIATE", poolclass=NullPool)
        else:
            engine = create_engine(self.url, poolclass=NullPool, hide_parameters=True)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7286012)"))
            yield connection


def _take(connection: Connection, number: int, holder: str) -> str | None:
    """Take PostgreSQL's advisory lock and leave one's name at it; who holds it where somebody does."""
    # A host that lost its power does not say goodbye: the server is to notice within a minute or two.
    for setting, seconds in (("idle", 60), ("interval", 10), ("count", 6)):
        connection.execute(text(f"SET tcp_keepalives_{setting} = {seconds}"))
    if connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}):
        # PostgreSQL takes 63 bytes.
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": holder[:63]})
        return None
    named = text(
        "SELECT application_name || ', since ' || to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND objid = :number AND granted "
        "AND datname = current_database() LIMIT 1"
    )
    return connection.scalar(named, {"number": number}) or "holder unknown"


def _holds(connection: Connection, number: int) -> bool:
    own = "locktype = 'advisory' AND objid = :number AND granted AND pid = pg_backend_pid()"
    try:
        return bool(connection.scalar(text(f"SELECT count(*) FROM pg_locks WHERE {own}"), {"number": number}))
    except SQLAlchemyError:  # it broke, now or before
        return False


def _give_back(connection: Connection, number: int) -> None:
    """Free the lock now: the server notices a closed connection a little later."""
    with suppress(SQLAlchemyError):  # a connection that broke freed it
        connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})


def _checked(url: str) -> URL:
    """The parsed address; raises StorageUnavailable where it cannot be one this product works on."""
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


def _sqlite(url: URL, patience: float, pragmas: list[str], begin: str, **pool) -> Engine:
    """An engine that sends `begin` itself: the driver would start a transaction too late to hold a lock."""
    if "poolclass" not in pool:
        pool["pool_timeout"] = patience
    engine = create_engine(url, connect_args={"timeout": patience}, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection, _record):
        connection.isolation_level = None
        for pragma in ALWAYS + pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection):
        connection.exec_driver_sql(begin)

    return engine


def _unavailable(verb: str, error: Exception) -> StorageUnavailable:
    cause = getattr(error, "orig", None) or error
    logger.error("the database cannot be %s: %s", verb, cause)
    return StorageUnavailable(f"The database cannot be {verb} just now; try again in a moment.")
