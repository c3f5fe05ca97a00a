"""Exports corrections to a file for other tools, as JSON lines or Parquet, completely or not at all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from product.files.writing import check_writable, replacing_file
from product.sentiment import InvalidInput, Status
from product.storage.corrections import stream_corrections

TIMES = ("created_at", "updated_at")
"""When the label was first given, and when it was last changed."""
CONTENT = ("feedback_id", "text", "label", "predicted", "language", "actor", "status", "model_version")
COLUMNS = (*CONTENT, *TIMES, "comment")
STATUSES = tuple(status.value for status in Status if status is not Status.erased)
"""The statuses that can be selected. Nothing is left of an erased correction."""
ROWS_IN_MEMORY = 1_000


def check_target(target: Path, *, force: bool) -> None:
    """Raises InvalidInput for a name without one of the endings in WRITERS, and for an existing file unless `force`."""
    if target.suffix.lower() not in WRITERS:
        raise InvalidInput(f"{target}: the name must end in {' or '.join(WRITERS)}.")
    check_writable(target, force=force)


@dataclass(frozen=True)
class Selection:
    """Corrections given or changed at `since` or later, with one of `statuses`; by default all that are not erased.

    Raises InvalidInput for an unknown status.
    """

    since: datetime | None = None
    statuses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for status in self.statuses:
            if status not in STATUSES:
                raise InvalidInput(f"--status {status}: must be one of {', '.join(STATUSES)}.")


EVERYTHING = Selection()


def export(
    session: Session, target: Path, selection: Selection = EVERYTHING, *, actors: bool = True, force: bool = False
) -> int:
    """Write the selected corrections, oldest first; returns how many.

    Only the owner may read the file. Raises InvalidInput if it cannot be written, and as `check_target` does.
    """
    check_target(target, force=force)
    columns = [name for name in COLUMNS if actors or name != "actor"]
    with replacing_file(target) as unfinished:
        return WRITERS[target.suffix.lower()](unfinished, columns, _batches(session, columns, selection))


def _batches(session: Session, columns: list[str], selection: Selection) -> Iterator[list[dict[str, Any]]]:
    for rows in stream_corrections(session, at_once=ROWS_IN_MEMORY, **vars(selection)):
        yield [{name: _cell(row, name) for name in columns} for row in rows]


def _cell(row: Row[Any], name: str) -> Any:
    return row.actor.handle if name == "actor" else getattr(row, name)


def _write_jsonl(path: Path, _columns: list[str], batches: Iterator[list[dict[str, Any]]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for rows in batches:
            for row in rows:
                # Readers guess the type of a column, so all times have the same format.
                times = {name: row[name].isoformat(timespec="microseconds") for name in TIMES}
                stream.write(json.dumps(row | times, ensure_ascii=False) + "\n")
            count += len(rows)
    return count


def _write_parquet(path: Path, columns: list[str], batches: Iterator[list[dict[str, Any]]]) -> int:
    # Imported here because it is slow, and other commands do not need it.
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {name: pa.timestamp("us", tz="UTC") if name in TIMES else pa.string() for name in columns}
    schema, count = pa.schema(kinds), 0
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


WRITERS: dict[str, Callable[[Path, list[str], Iterator[list[dict[str, Any]]]], int]] = {
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
"""By file name extension."""
