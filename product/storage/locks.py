"""One retraining or erasure at a time: a lock on a file, and one in PostgreSQL for hosts that share it."""

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from product.sentiment import AttuneError
from product.settings.configuration import Settings
from product.storage.database import Database, unavailable
from product.storage.migrate import MIGRATION_LOCK

RETRAINING = "retrain.lock"
"""The lock file in the data folder. Only its holder may learn from corrections or erase them."""
ADVISORY = MIGRATION_LOCK + 1
"""The number of the same lock in PostgreSQL."""


class Locked(AttuneError):
    """Another process holds the lock; the message says which one and since when."""


@contextmanager
def corrections_lock(settings: Settings, database: Database) -> Iterator[Callable[[], None]]:
    """Keep other processes from learning from corrections or erasing them. Raises Locked, StorageUnavailable.

    Yields a function that raises Locked if the lock has been lost meanwhile: call it before changing anything after a
    long time. A file lock only covers one computer; hosts that share a PostgreSQL database are covered by its lock.
    """
    purpose = "retraining"
    with (
        exclusive(settings.data_dir / RETRAINING, purpose),
        advisory_lock(database, ADVISORY) as lock,
    ):
        if lock.other_holder is not None:
            raise Locked(f"{purpose} is already running: {lock.other_holder}")

        def check_still_locked() -> None:
            if not lock.is_held():
                raise Locked(f"{purpose} lost its lock because the database was not reachable; start it again")

        yield check_still_locked


@contextmanager
def exclusive(path: Path, purpose: str, wait: bool = False) -> Iterator[None]:
    """Hold an operating-system lock on the file while the block runs; a holder that dies frees it.

    Raises Locked at once unless `wait`. The holder's name in the file is for people only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            stream.seek(0)
            raise Locked(f"{purpose} is already running: {stream.read().strip() or 'holder unknown'}") from None
        started = datetime.now(UTC).isoformat(timespec="seconds")
        stream.truncate(0)
        stream.write(f"{_this_process()}, since {started}\n")
        stream.flush()
        yield


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


@dataclass(frozen=True)
class AdvisoryLock:
    """`other_holder`: who holds the lock if this process does not. `is_held` asks the server."""

    other_holder: str | None
    is_held: Callable[[], bool]


@contextmanager
def advisory_lock(database: Database, number: int) -> Iterator[AdvisoryLock]:
    """Try to hold a lock of the database server while the block runs. Raises StorageUnavailable.

    The lock belongs to the connection: it is freed when this process dies, and when the server goes away. Databases
    other than PostgreSQL have no such lock, and it always succeeds.
    """
    if database.url.get_backend_name() != "postgresql":
        yield AdvisoryLock(None, lambda: True)
        return
    # No transaction stays open during a training: it would keep the server from cleaning up.
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(engine.connect())
            other_holder = _acquire(connection, number)
        except DBAPIError as error:
            raise unavailable("locked", error) from error
        if other_holder is None:
            stack.callback(_release, connection, number)
        yield AdvisoryLock(other_holder, lambda: _is_held(connection, number))


def _acquire(connection: Connection, number: int) -> str | None:
    """Take the lock and sign it with this process's name. Returns its holder if another process has it."""
    # A host that loses power does not close its connection: the server should notice within two minutes.
    for setting, value in (("idle", 60), ("interval", 10), ("count", 6)):
        connection.execute(text(f"SET tcp_keepalives_{setting} = {value}"))
    if connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}):
        # PostgreSQL keeps 63 bytes.
        name = _this_process()[:63]
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": name})
        return None
    holder = text(
        "SELECT application_name || ', since ' || to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND objid = :number AND granted "
        "AND datname = current_database() LIMIT 1"
    )
    return connection.scalar(holder, {"number": number}) or "holder unknown"


def _is_held(connection: Connection, number: int) -> bool:
    held = "locktype = 'advisory' AND objid = :number AND granted AND pid = pg_backend_pid()"
    try:
        return bool(connection.scalar(text(f"SELECT count(*) FROM pg_locks WHERE {held}"), {"number": number}))
    except SQLAlchemyError:  # the connection is lost
        return False


def _release(connection: Connection, number: int) -> None:
    """Free the lock now: the server notices a closed connection a little later."""
    with suppress(SQLAlchemyError):  # a lost connection has freed it
        connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
