"""What a version is worth on labelled rows, as it serves: one evaluator for training, the gate and the command line."""

import warnings
from pathlib import Path

import numpy as np
import pandas
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from product.inference.model import Model
from product.inference.text import language
from product.sentiment import LABELS, AttuneError
from training.data import catalogue as corpora
from training.data.catalogue import Row
from training.data.cleaning import clean
from training.modelling.calibration import ece_interval, expected_calibration_error

SHORT, LONG = 60, 140  # characters: a line, a tweet
NEUTRAL = LABELS.index("neutral")
LEAST_POLAR = 30


class BadData(AttuneError):
    """A data file cannot be used; the message names file, row and column."""


def read_rows(data: str) -> list[Row]:
    """Rows of a .csv or .parquet file with columns `text` and `label`, or of a known corpus: its test split, or with
    `NAME:SPLIT` another.

    Raises BadData naming file, row and column; CorpusUnavailable.
    """
    path = Path(data)
    if path.suffix not in (".csv", ".parquet"):
        name, _, split = data.partition(":")
        return clean(corpora.load(name, split or "test"))[0]
    if not path.is_file():
        raise BadData(f"{data}: no such file")
    try:
        corpora.check_size(path)
        table = _read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)
    except corpora.BadCorpus as error:
        raise BadData(str(error)) from None
    # Of pyarrow's own errors some are neither ValueError nor OSError; NotImplementedError is a RuntimeError.
    except (ValueError, OSError, RuntimeError, KeyError, TypeError, pandas.errors.ParserWarning) as error:
        raise BadData(f"{data}: cannot be read as {path.suffix[1:]}: {error}") from None
    return _checked(data, table)


def _read_csv(path: Path) -> pandas.DataFrame:
    """Every value as the text it is; a line with a value too many is an error, not a line with an index in front."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pandas.errors.ParserWarning)
        return pandas.read_csv(path, dtype=str, keep_default_na=False, index_col=False)


def _checked(data: str, table: pandas.DataFrame) -> list[Row]:
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise BadData(f"{data}: column {missing[0]!r} is missing; there are {', '.join(map(str, table.columns))}")
    if table.empty:
        raise BadData(f"{data}: there is no row in it")
    for index, (text, label) in enumerate(zip(table["text"], table["label"], strict=True), start=1):
        if not isinstance(text, str) or not text.strip():
            raise BadData(f"{data}: row {index}, column 'text': must be a text that is not empty")
        if not isinstance(label, str) or label not in LABELS:
            raise BadData(f"{data}: row {index}, column 'label': {label!r} is not one of {', '.join(LABELS)}")
    return [Row(text, label, Path(data).name) for text, label in zip(table["text"], table["label"], strict=True)]


def targets(rows: list[Row]) -> np.ndarray:
    """Label indices, int [rows]."""
    return np.array([LABELS.index(row.label) for row in rows])


def measures(scores: np.ndarray, wanted: np.ndarray, polar: bool = False) -> dict:
    """Accuracy, macro-F1, confusion (rows wanted, columns given) and ECE; scores [rows, 3], wanted int [rows].

    `polar` rows come from a source without a neutral class: they are measured on negative against positive, with
    `neutral_share`, the share that would have been answered neutral, beside it.
    """
    answered, classes = scores.argmax(axis=1), list(range(len(LABELS)))
    if polar:
        classes.remove(NEUTRAL)
        scores = between_two(scores)
    given = scores.argmax(axis=1)
    found = {
        "rows": len(wanted),
        "accuracy": float(accuracy_score(wanted, given)),
        "macro_f1": float(f1_score(wanted, given, labels=classes, average="macro", zero_division=0)),
        "ece": expected_calibration_error(scores, wanted),
        "confusion": confusion_matrix(wanted, answered, labels=list(range(len(LABELS)))).tolist(),
    }
    return found | ({"neutral_share": float((answered == NEUTRAL).mean())} if polar else {})


def between_two(scores: np.ndarray) -> np.ndarray:
    """The probabilities [rows, 3] with neutral left out."""
    left = scores.copy()
    left[:, NEUTRAL] = 0
    return left / left.sum(axis=1, keepdims=True)


def polar_rows(rows: list[Row]) -> bool:
    """Whether rows have negative and positive labels alone, and are enough for that not to be chance."""
    return len(rows) >= LEAST_POLAR and {row.label for row in rows} == {"negative", "positive"}


def routing(scores: np.ndarray, wanted: np.ndarray) -> float | None:
    """Of N negative messages, the share met in the first N when read by the probability of negative, most probable
    first (R-precision: Manning et al. 2008, "Introduction to Information Retrieval", section 8.4). None without any."""
    negative = wanted == LABELS.index("negative")
    if not negative.any():
        return None
    first = np.argsort(-scores[:, LABELS.index("negative")], kind="stable")[: negative.sum()]
    return float(negative[first].mean())


def slices(rows: list[Row]) -> dict[str, np.ndarray]:
    """Name to row indices: by source, by language and by length in characters."""
    names: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        size = "short" if len(row.text) <= SHORT else "long" if len(row.text) > LONG else "medium"
        for name in (f"source {row.source}", f"language {language(row.text)}", f"length {size}"):
            names.setdefault(name, []).append(index)
    return {name: np.array(indices) for name, indices in sorted(names.items())}


def evaluate(model: Model, rows: list[Row]) -> dict:
    """`measures` of the whole with the interval of its ECE and the routing measure; of each slice under "slices"."""
    scores, wanted = model.probabilities([row.text for row in rows]), targets(rows)

    def part(indices: np.ndarray) -> dict:
        return measures(scores[indices], wanted[indices], polar_rows([rows[index] for index in indices]))

    whole = part(np.arange(len(rows)))
    judged = between_two(scores) if polar_rows(rows) else scores
    whole |= {"ece_interval": ece_interval(judged, wanted), "routing": routing(scores, wanted)}
    return whole | {"slices": {name: part(indices) for name, indices in slices(rows).items()}}
