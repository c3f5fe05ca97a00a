"""Results that people take away: files written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from product.sentiment import InvalidInput


def check_free(path: Path, *, force: bool) -> None:
    """For commands that work long before they write. Raises InvalidInput where a file is that must not be replaced,
    and where there is no folder to write it to."""
    if path.exists() and not force:
        raise InvalidInput(f"{path} is there already: name another file, or overwrite it with --force.")
    if not path.absolute().parent.is_dir():
        raise InvalidInput(f"{path} cannot be written: there is no folder {path.absolute().parent}.")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when the block ends well, and is gone otherwise.

    Only its owner may read it: it has what customers wrote. Raises InvalidInput where the disk refuses.
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
