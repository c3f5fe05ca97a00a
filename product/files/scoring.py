"""A table of messages in, the same table with the model's answers out. Nothing is stored."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from product.files.reading import (
    Row,
    batches,
    read_heading,
    read_rows,
    separator,
    starts_with_mark,
)
from product.files.writing import written_whole
from product.inference.engine import Scorer
from product.inference.prediction import predict_batch
from product.privacy.redact import redact_for_storage
from product.progress import report
from product.sentiment import LABELS, MAX_CHARACTERS, MAX_TEXTS, InvalidInput, Prediction

ADDED = ("label", "confidence", *LABELS, "language", "route")
"""The columns with the answers. One that the table has already is added as `attune_…` beside it."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet may take a cell that begins so for a formula and run it: OWASP, "CSV Injection"."""


@dataclass(frozen=True)
class Table:
    """A CSV that was looked through."""

    path: Path
    text_column: str
    heading: list[str]
    added: list[str]
    rows: int


@dataclass(frozen=True)
class Scores:
    """How many rows there were, and how many of them have no answer as their text is empty or too long."""

    rows: int
    empty: int
    too_long: int


def check(path: Path, text_column: str) -> Table:
    """Look through the table before a model is asked. Raises InvalidInput naming what is wrong with it and where."""
    if path.suffix.lower() != ".csv":
        raise InvalidInput(f"{path}: must be .csv.")
    heading = read_heading(path)
    if text_column not in heading:
        columns = ", ".join(heading)
        raise InvalidInput(f"{path}: has no column {text_column!r}; name one with --text-column: {columns}.")
    added = [name if name not in heading else f"attune_{name}" for name in ADDED]
    if set(added) & set(heading):
        raise InvalidInput(f"{path}: has both {', '.join(set(added) & set(heading))} and the column without attune_.")
    return Table(path, text_column, heading, added, sum(1 for _ in _sound_rows(path)))


def _sound_rows(path: Path) -> Iterator[Row]:
    for row in read_rows(path):
        if row.problem:
            raise InvalidInput(f"{path}: row {row.number} {row.problem}.")
        yield row


def score(
    table: Table,
    target: Path,
    scorer: Scorer,
) -> Scores:
    """Write every row with its answers to `target`, completely or not at all.

    The model reads a text as the product keeps it, identifiers redacted; the column itself stays as it is, but for the
    apostrophe before what a spreadsheet might run. Raises InvalidInput, NoModel.
    """
    done = empty = too_long = 0
    encoding = "utf-8-sig" if starts_with_mark(table.path) else "utf-8"
    with written_whole(target) as draft, draft.open("w", encoding=encoding, newline="") as file:
        # With another end of line a single carriage return in a cell would go out unquoted.
        writer = csv.writer(file, delimiter=separator(table.path), lineterminator="\r\n")
        writer.writerow([guarded(name) for name in table.heading + table.added])
        for rows in batches(_sound_rows(table.path), MAX_TEXTS):
            texts = [str(row.values[table.text_column]) for row in rows]
            for row, answer in zip(rows, _answers(texts, scorer), strict=True):
                writer.writerow([guarded(str(value)) for value in row.values.values()] + answer)
            empty += sum(not text.strip() for text in texts)
            too_long += sum(len(text) > MAX_CHARACTERS and bool(text.strip()) for text in texts)
            done += len(rows)
            report("scoring", done, table.rows)
    return Scores(done, empty, too_long)


def _answers(texts: list[str], scorer: Scorer) -> list[list[str]]:
    """The cells of each row; empty ones where there is nothing to read, or too much."""
    readable = [index for index, text in enumerate(texts) if text.strip() and len(text) <= MAX_CHARACTERS]
    cells = [[""] * len(ADDED) for _ in texts]
    if readable:
        answers = predict_batch(scorer, [redact_for_storage(texts[index]) for index in readable])
        for index, answer in zip(readable, answers, strict=True):
            cells[index] = _cells(answer)
    return cells


def _cells(answer: Prediction) -> list[str]:
    scores = [f"{answer.scores[label]:.6f}" for label in LABELS]
    return [answer.label, f"{answer.confidence:.6f}", *scores, answer.language, answer.route]


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet might run it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
