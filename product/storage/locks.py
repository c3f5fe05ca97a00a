"""A lock of the operating system on a file: one holder, and a holder that dies frees it."""

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from product.sentiment import AttuneError
from product.settings.configuration import Settings
from product.storage.database import Database

RETRAINING = "retrain.lock"
"""The file, in the data dir, whose holder alone learns from corrections or takes them back."""
ADVISORY = 7286013
"""The same on PostgreSQL, for all hosts that share the database. One more than the number for migrations."""


class Locked(AttuneError):
    """Someone else holds the lock; the message says who and since when."""


@contextmanager
def corrections_lock(settings: Settings, database: Database) -> Iterator[Callable[[], None]]:
    """Learn from corrections, or take them back, while nobody else does either. Raises Locked, StorageUnavailable.

    A file's lock reaches as far as the computer: hosts that share a PostgreSQL are kept apart by that. Whoever was at
    it for long calls what is yielded before it changes anything: it raises Locked if the lock was lost meanwhile.
    """
    purpose = "retraining"
    with (
        exclusive(settings.data_dir / RETRAINING, purpose),
        database.advisory_lock(ADVISORY, _holder()) as (other, still_held),
    ):
        if other is not None:
            raise Locked(f"{purpose} is already running: {other}")

        def check_still_locked() -> None:
            if not still_held():
                raise Locked(f"{purpose} was not alone all the time: the database was gone meanwhile; start it again")

        yield check_still_locked


@contextmanager
def exclusive(path: Path, purpose: str, wait: bool = False) -> Iterator[None]:
    """Hold the lock while the block runs. Raises Locked at once unless `wait`.

    What the file says of its holder is for people: whether the lock is held is the system's word alone.
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
        stream.write(f"{_holder()}, since {started}\n")
        stream.flush()
        yield


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
