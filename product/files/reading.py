"""Reads CSV and JSONL files row by row."""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from product.sentiment import InvalidInput

LARGEST_CELL = 10_000_000
"""Characters. Python's default, 131,072, would stop an import because of a long cell in an unused column."""
ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that Excel writes."""
SEPARATORS = (",", ";", "\t")
"""Excel writes semicolons in countries where the comma is the decimal separator."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Row:
    """`number` is the row number as in a spreadsheet, where the heading is row 1; in JSONL it is the line number.
    `problem` says why there are no values."""

    number: int
    values: dict[str, object]
    problem: str = ""


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items; the last may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a .csv or .jsonl file, read one by one. Raises InvalidInput."""
    readers = {".csv": _csv_rows, ".jsonl": _jsonl_rows}
    if path.suffix.lower() not in readers:
        raise InvalidInput(f"{path}: the file must be a .csv or .jsonl.")
    with _readable(path):
        yield from readers[path.suffix.lower()](path)


def read_heading(path: Path) -> list[str]:
    """The column names of a CSV. Raises InvalidInput if there are none or two are equal."""
    try:
        heading = _first_row(path, separator(path))
    except csv.Error as error:
        raise InvalidInput(f"{path}: row 1 is not CSV ({error}).") from None
    if not heading:
        raise InvalidInput(f"{path}: the first row must name the columns.")
    repeated = sorted({name for name in heading if heading.count(name) > 1})
    if repeated:
        raise InvalidInput(f"{path}: two columns are called {repeated[0]!r}.")
    return heading


def separator(path: Path) -> str:
    """The separator of a CSV: the one that splits its heading into the most columns."""

    def columns(delimiter: str) -> int:
        try:
            return len(_first_row(path, delimiter))
        except csv.Error:
            return 0

    return max(SEPARATORS, key=columns)


def _first_row(path: Path, delimiter: str) -> list[str]:
    with _readable(path), path.open(encoding=ENCODING, newline="") as file:
        return next(csv.reader(file, strict=True, delimiter=delimiter), [])


def has_byte_order_mark(path: Path) -> bool:
    """Whether the file starts with the mark by which Excel recognises UTF-8."""
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"


def _csv_rows(path: Path) -> Iterator[Row]:
    heading = read_heading(path)
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding=ENCODING, newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=separator(path))
        next(reader)
        number = 1
        try:
            for number, cells in enumerate(reader, start=2):
                if len(cells) > len(heading):
                    yield Row(number, {}, f"has {len(cells)} cells, the heading has {len(heading)}")
                elif cells:
                    yield Row(number, dict(zip(heading, cells + [""] * (len(heading) - len(cells)), strict=True)))
        except csv.Error as error:
            raise InvalidInput(f"{path}: row {number + 1} is not CSV ({error}).") from None


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding=ENCODING) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"must be JSON ({error})")
    if not isinstance(values, dict):
        return Row(number, {}, "must be a JSON object")
    return Row(number, values)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: must be UTF-8; in Excel save it as 'CSV UTF-8'.") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}.") from error
