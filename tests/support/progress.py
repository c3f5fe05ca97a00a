"""Progress as a test sees it."""

from collections.abc import Iterator
from contextlib import contextmanager

from product.progress import reporting

Reports = list[tuple[str, int, int | None]]


@contextmanager
def recorded_progress() -> Iterator[Reports]:
    """A list that grows by (task, done, total) with every report made inside the block."""
    reports: Reports = []

    class Recorder:
        def update(self, task: str, done: int, total: int | None) -> None:
            reports.append((task, done, total))

    with reporting(Recorder()):
        yield reports
