"""What a version is worth on labelled rows, as it serves: one evaluator for training, the gate and the command line."""

from pathlib import Path

import numpy as np
import pandas
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from product.inference.model import Model
from product.inference.text import language
from product.sentiment import LABELS, AttuneError
from training import corpora
from training.calibrate import expected_calibration_error
from training.corpora import Row
from training.preparation import clean

SHORT, LONG = 60, 140  # characters: a line, a tweet


class BadData(AttuneError):
    """A data file cannot be used; the message names file, row and column."""


def read_rows(data: str) -> list[Row]:
    """Rows of a .csv or .parquet file with columns `text` and `label`, or the test split of a known corpus."""
    path = Path(data)
    if path.suffix not in (".csv", ".parquet"):
        return clean(corpora.load(data, "test"))[0]
    if not path.is_file():
        raise BadData(f"{data}: no such file")
    try:
        table = pandas.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pandas.read_parquet(path)
    except (ValueError, OSError) as error:
        raise BadData(f"{data}: cannot be read as {path.suffix[1:]}: {error}") from None
    return _checked(data, table)


def _checked(data: str, table: pandas.DataFrame) -> list[Row]:
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise BadData(f"{data}: column {missing[0]!r} is missing; there are {', '.join(map(str, table.columns))}")
    if table.empty:
        raise BadData(f"{data}: there is no row in it")
    for index, (text, label) in enumerate(zip(table["text"], table["label"], strict=True), start=1):
        if not isinstance(text, str) or not text.strip():
            raise BadData(f"{data}: row {index}, column 'text': must be a text that is not empty")
        if label not in LABELS:
            raise BadData(f"{data}: row {index}, column 'label': {label!r} is not one of {', '.join(LABELS)}")
    return [Row(text, label, Path(data).name) for text, label in zip(table["text"], table["label"], strict=True)]


def targets(rows: list[Row]) -> np.ndarray:
    """Label indices, int [rows]."""
    return np.array([LABELS.index(row.label) for row in rows])


def measures(scores: np.ndarray, wanted: np.ndarray) -> dict:
    """Accuracy, macro-F1, confusion (rows wanted, columns given) and ECE; scores [rows, 3], wanted int [rows]."""
    given, every = scores.argmax(axis=1), list(range(len(LABELS)))
    return {
        "rows": len(wanted),
        "accuracy": float(accuracy_score(wanted, given)),
        "macro_f1": float(f1_score(wanted, given, labels=every, average="macro", zero_division=0)),
        "ece": expected_calibration_error(scores, wanted),
        "confusion": confusion_matrix(wanted, given, labels=every).tolist(),
    }


def slices(rows: list[Row]) -> dict[str, np.ndarray]:
    """Name to row indices: by source, by language and by length in characters."""
    names: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        size = "short" if len(row.text) <= SHORT else "long" if len(row.text) > LONG else "medium"
        for name in (f"source {row.source}", f"language {language(row.text)}", f"length {size}"):
            names.setdefault(name, []).append(index)
    return {name: np.array(indices) for name, indices in sorted(names.items())}


def evaluate(model: Model, rows: list[Row]) -> dict:
    """`measures` of the whole, and of each slice under "slices"."""
    scores, wanted = model.probabilities([row.text for row in rows]), targets(rows)
    parts = {name: measures(scores[indices], wanted[indices]) for name, indices in slices(rows).items()}
    return measures(scores, wanted) | {"slices": parts}
