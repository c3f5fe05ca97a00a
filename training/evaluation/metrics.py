"""Metrics of a version on labelled rows, as it serves. Training, the gate and the command line share this evaluator."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from product.inference.model import Model
from product.sentiment import LABELS
from training.data.rows import NEUTRAL, Row
from training.evaluation.calibration_error import ece_interval, expected_calibration_error
from training.evaluation.slices import slices

NEGATIVE = LABELS.index("negative")
MIN_POLAR_ROWS = 30
"""In fewer rows, the neutral label may be missing by chance."""


def targets(rows: list[Row]) -> np.ndarray:
    """The labels as indices into LABELS, int [rows]."""
    return np.array([LABELS.index(row.label) for row in rows])


def score_metrics(scores: np.ndarray, labels: np.ndarray, polar: bool = False) -> dict[str, Any]:
    """Accuracy, macro-F1, ECE and confusion (rows: label, columns: prediction).

    `scores` are probabilities [rows, 3], `labels` indices, int [rows]; rates and shares are 0 to 1. `polar` rows come
    from a corpus without a neutral class: they are measured on negative against positive, and `neutral_share` is the
    share predicted neutral.
    """
    predicted, classes = scores.argmax(axis=1), list(range(len(LABELS)))
    if polar:
        classes.remove(NEUTRAL)
        scores = without_neutral(scores)
    compared = scores.argmax(axis=1)
    found = {
        "rows": len(labels),
        "accuracy": float(accuracy_score(labels, compared)),
        "macro_f1": float(f1_score(labels, compared, labels=classes, average="macro", zero_division=0)),
        "ece": expected_calibration_error(scores, labels),
        "confusion": confusion_matrix(labels, predicted, labels=list(range(len(LABELS)))).tolist(),
    }
    return found | ({"neutral_share": float((predicted == NEUTRAL).mean())} if polar else {})


def without_neutral(scores: np.ndarray) -> np.ndarray:
    """The probabilities [rows, 3] with neutral set to 0 and the other two scaled to sum to 1."""
    polar = scores.copy()
    polar[:, NEUTRAL] = 0
    polar /= polar.sum(axis=1, keepdims=True)
    return polar


def are_polar(rows: list[Row]) -> bool:
    """Whether there are at least MIN_POLAR_ROWS rows, all of them negative or positive, with both labels present."""
    return len(rows) >= MIN_POLAR_ROWS and {row.label for row in rows} == {"negative", "positive"}


def routing(scores: np.ndarray, labels: np.ndarray) -> float | None:
    """Of N negative messages, the share that is among the N messages with the highest negative probability.

    This is R-precision (Manning et al. 2008, "Introduction to Information Retrieval", section 8.4). None if there is
    no negative message. `scores` [rows, 3], `labels` int [rows].
    """
    negative = labels == NEGATIVE
    if not negative.any():
        return None
    first = np.argsort(-scores[:, NEGATIVE], kind="stable")[: negative.sum()]
    return float(negative[first].mean())


def evaluate(model: Model, rows: list[Row]) -> dict[str, Any]:
    """`score_metrics` of all rows with `ece_interval` and `routing`, and of each slice under `slices`."""
    scores, labels = model.probabilities([row.text for row in rows]), targets(rows)

    def part(indices: np.ndarray) -> dict[str, Any]:
        return score_metrics(scores[indices], labels[indices], are_polar([rows[index] for index in indices]))

    compared = without_neutral(scores) if are_polar(rows) else scores
    overall = part(np.arange(len(rows)))
    overall |= {"ece_interval": ece_interval(compared, labels), "routing": routing(scores, labels)}
    return overall | {"slices": {name: part(indices) for name, indices in slices(rows).items()}}
