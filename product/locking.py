"""A lock of the operating system on a file: one holder, and a holder that dies frees it."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from product.sentiment import AttuneError

RETRAINING = "retrain.lock"
"""The file, in the data dir, whose holder alone learns from corrections or takes them back."""


class Locked(AttuneError):
    """Someone else holds the lock; the message says who and since when."""


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
        stream.write(f"process {os.getpid()} on {socket.gethostname()}, since {started}\n")
        stream.flush()
        yield
