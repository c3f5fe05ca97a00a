"""Result files, written completely or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from product.sentiment import InvalidInput


def check_writable(path: Path, *, force: bool) -> None:
    """Check before a long command that its result can be written.

    Raises InvalidInput if the file exists and `force` is not set, or if its folder does not exist.
    """
    if path.exists() and not force:
        raise InvalidInput(f"{path} already exists: choose another file, or overwrite it with --force.")
    if not path.absolute().parent.is_dir():
        raise InvalidInput(f"{path} cannot be written: there is no folder {path.absolute().parent}.")


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that replaces it when the block succeeds, and is deleted otherwise.

    Only its owner can read it, because it contains customers' messages. Raises InvalidInput if it cannot be written.
    """
    unfinished = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        unfinished = Path(name)
        yield unfinished
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if unfinished:
            unfinished.unlink(missing_ok=True)
