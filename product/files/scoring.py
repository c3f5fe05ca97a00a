"""Adds the model's predictions to a table of messages. Nothing is stored."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from product.files.reading import (
    Row,
    batches,
    has_byte_order_mark,
    read_heading,
    read_rows,
    separator,
)
from product.files.writing import replacing_file
from product.inference.engine import Scorer
from product.inference.prediction import predict_messages
from product.message.characters import visible
from product.progress import report
from product.sentiment import LABELS, MAX_CHARACTERS, MAX_TEXTS, InvalidInput, Prediction

ADDED = ("label", "confidence", *LABELS, "language", "supported", "route", "omitted")
"""The columns that are added; `attune_…` if the table already has one of that name."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet may run a cell that starts with one of these as a formula (OWASP, "CSV Injection")."""


@dataclass(frozen=True)
class Table:
    """A CSV that `check` has read once. `added` are the names of the columns to add."""

    path: Path
    text_column: str
    heading: list[str]
    added: list[str]
    rows: int


@dataclass(frozen=True)
class Scores:
    """The number of rows, and of those without a prediction because their text is empty or too long."""

    rows: int
    empty: int
    too_long: int


def check(path: Path, text_column: str) -> Table:
    """Read the table once before the model is needed. Raises InvalidInput naming the first problem and its row."""
    if path.suffix.lower() != ".csv":
        raise InvalidInput(f"{path}: the file must be a .csv.")
    heading = read_heading(path)
    if text_column not in heading:
        columns = ", ".join(heading)
        raise InvalidInput(f"{path}: there is no column {text_column!r}; choose one with --text-column: {columns}.")
    added = [name if name not in heading else f"attune_{name}" for name in ADDED]
    if set(added) & set(heading):
        taken = ", ".join(sorted(set(added) & set(heading)))
        raise InvalidInput(f"{path}: rename the column {taken}; this name and the one without attune_ are both taken.")
    return Table(path, text_column, heading, added, sum(1 for _ in _valid_rows(path)))


def _valid_rows(path: Path) -> Iterator[Row]:
    for row in read_rows(path):
        if row.problem:
            raise InvalidInput(f"{path}: row {row.number} {row.problem}.")
        yield row


def score(table: Table, target: Path, scorer: Scorer) -> Scores:
    """Write every row with its prediction to `target`, completely or not at all.

    The model reads what the customer wrote, with identifiers redacted; the column itself stays as it is,
    except for the apostrophe that `guarded` adds. Raises InvalidInput, NoModel.
    """
    done = empty = too_long = 0
    encoding = "utf-8-sig" if has_byte_order_mark(table.path) else "utf-8"
    with replacing_file(target) as draft, draft.open("w", encoding=encoding, newline="") as file:
        # With another line terminator, the writer would not quote a cell that contains a single carriage return.
        writer = csv.writer(file, delimiter=separator(table.path), lineterminator="\r\n")
        writer.writerow([guarded(name) for name in table.heading + table.added])
        for rows in batches(_valid_rows(table.path), MAX_TEXTS):
            texts = [str(row.values[table.text_column]) for row in rows]
            for row, added in zip(rows, _added_cells(texts, scorer), strict=True):
                writer.writerow([guarded(str(value)) for value in row.values.values()] + added)
            empty += sum(map(_is_empty, texts))
            too_long += sum(len(text) > MAX_CHARACTERS and not _is_empty(text) for text in texts)
            done += len(rows)
            report("scoring", done, table.rows)
    return Scores(done, empty, too_long)


def _added_cells(texts: list[str], scorer: Scorer) -> list[list[str]]:
    """The cells to add to each row; empty ones for a text that is empty or too long."""
    readable = [index for index, text in enumerate(texts) if not _is_empty(text) and len(text) <= MAX_CHARACTERS]
    cells = [[""] * len(ADDED) for _ in texts]
    if readable:
        predictions = predict_messages(scorer, [texts[index] for index in readable])
        for index, prediction in zip(readable, predictions, strict=True):
            cells[index] = _cells(prediction)
    return cells


def _is_empty(text: str) -> bool:
    return not visible(text).strip()


def _cells(prediction: Prediction) -> list[str]:
    scores = [f"{prediction.scores[label]:.6f}" for label in LABELS]
    supported = str(prediction.supported).lower()
    read = [prediction.language, supported, prediction.route, " ".join(prediction.omitted)]
    return [prediction.label, f"{prediction.confidence:.6f}", *scores, *read]


def guarded(cell: str) -> str:
    """The cell, with a leading apostrophe if a spreadsheet could run it as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
