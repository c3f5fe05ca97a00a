"""Corrections written to a file that other tools read: JSON lines or parquet, whole or not at all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from product.files.writing import check_free, written_whole
from product.sentiment import InvalidInput, Status
from product.storage.corrections import stream_corrections

MOMENTS = ("created_at", "updated_at")
"""When the label was first given, and when last."""
WHAT = ("feedback_id", "text", "label", "predicted", "language", "actor", "status", "model_version")
COLUMNS = (*WHAT, *MOMENTS, "comment")
STATUSES = tuple(status.value for status in Status if status is not Status.erased)
"""What can be asked for: of an erased correction there is nothing to write."""
AT_ONCE = 1_000
"""Rows held in memory."""


def check_target(target: Path, *, force: bool) -> None:
    """Raises InvalidInput for an ending that is not in WRITERS, and for a file that is there unless `force`."""
    if target.suffix.lower() not in WRITERS:
        raise InvalidInput(f"{target}: the name must end in {' or '.join(WRITERS)}.")
    check_free(target, force=force)


@dataclass(frozen=True)
class Selection:
    """Corrections given or changed at `since` or later, with one of `statuses`; by default all that are not erased.
    Raises InvalidInput for a status that cannot be asked for."""

    since: datetime | None = None
    statuses: tuple[str, ...] = ()

    def __post_init__(self):
        for status in self.statuses:
            if status not in STATUSES:
                raise InvalidInput(f"--status {status}: must be one of {', '.join(STATUSES)}.")


EVERYTHING = Selection()


def export(
    session: Session, target: Path, selection: Selection = EVERYTHING, *, actors: bool = True, force: bool = False
) -> int:
    """Write the corrections selected, oldest first; returns how many.

    `target` has all of them or is as before. Only its owner may read it. Raises InvalidInput where it cannot be
    written, and for what check_target refuses.
    """
    check_target(target, force=force)
    columns = [name for name in COLUMNS if actors or name != "actor"]
    with written_whole(target) as unfinished:
        return WRITERS[target.suffix.lower()](unfinished, columns, _batches(session, columns, selection))


def _batches(session: Session, columns: list[str], selection: Selection) -> Iterator[list[dict]]:
    for rows in stream_corrections(session, at_once=AT_ONCE, **vars(selection)):
        yield [{name: _cell(row, name) for name in columns} for row in rows]


def _cell(row: Row, name: str) -> Any:
    return row.actor.handle if name == "actor" else getattr(row, name)


def _write_jsonl(path: Path, _columns: list[str], batches: Iterator[list[dict]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for rows in batches:
            for row in rows:
                # Readers guess a column's type: every moment must look the same.
                moments = {name: row[name].isoformat(timespec="microseconds") for name in MOMENTS}
                stream.write(json.dumps(row | moments, ensure_ascii=False) + "\n")
            count += len(rows)
    return count


def _write_parquet(path: Path, columns: list[str], batches: Iterator[list[dict]]) -> int:
    # Not needed by the other commands, and slow to import.
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {name: pa.timestamp("us", tz="UTC") if name in MOMENTS else pa.string() for name in columns}
    schema, count = pa.schema(kinds), 0
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


WRITERS: dict[str, Callable[[Path, list[str], Iterator[list[dict]]], int]] = {
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
"""By the ending of the file's name."""
