"""How far a long piece of work has come, for whoever watches it.

Work calls `report`. The outermost caller decides what becomes of it: the command line installs a progress bar with
`reporting`; anywhere else, as in the serving process or in a test, reports go nowhere. Steps are logged with `logging`
and are not reported here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Reporter(Protocol):
    """Shows progress to a person."""

    def update(self, task: str, done: int, total: int | None) -> None:
        """`done` of `total` items of the task; `total` is None while it is not known."""


class _NoReporter:
    def update(self, task: str, done: int, total: int | None) -> None:
        pass


_SILENT: Reporter = _NoReporter()
_reporter: ContextVar[Reporter] = ContextVar("progress_reporter", default=_SILENT)


def report(task: str, done: int, total: int | None = None) -> None:
    """Tell the current reporter that `done` of `total` items of the task are done."""
    _reporter.get().update(task, done, total)


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """Send every report made inside the block to `reporter`."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
