"""Progress of long loops.

Loops call `report`. The command line shows the reports as progress bars, which it installs with `reporting`; elsewhere,
as in the serving process, they are ignored. Steps are logged with `logging` and not reported here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Reporter(Protocol):
    """Shows progress to a person."""

    def update(self, task: str, done: int, total: int | None) -> None:
        """`done` of `total` items of the task are done; `total` is None while it is unknown."""


class _NoReporter:
    def update(self, task: str, done: int, total: int | None) -> None:
        pass


_SILENT: Reporter = _NoReporter()
_reporter: ContextVar[Reporter] = ContextVar("progress_reporter", default=_SILENT)


def report(task: str, done: int, total: int | None = None) -> None:
    """Report that `done` of `total` items of the task are done; with `done` equal to `total` the task ends."""
    _reporter.get().update(task, done, total)


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """Send every report made inside the block to `reporter`."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
