"""Metrics of a version on labelled rows, as it serves."""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from product.inference.model import Model
from product.sentiment import LABELS
from training.data.rows import Row
from training.evaluation.calibration_error import ece_interval, expected_calibration_error
from training.evaluation.slices import slices

NEUTRAL = LABELS.index("neutral")
LEAST_POLAR = 30


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


def evaluate(model: Model, rows: list[Row]) -> dict:
    """`measures` of the whole with the interval of its ECE and the routing measure; of each slice under "slices"."""
    scores, wanted = model.probabilities([row.text for row in rows]), targets(rows)

    def part(indices: np.ndarray) -> dict:
        return measures(scores[indices], wanted[indices], polar_rows([rows[index] for index in indices]))

    whole = part(np.arange(len(rows)))
    judged = between_two(scores) if polar_rows(rows) else scores
    whole |= {"ece_interval": ece_interval(judged, wanted), "routing": routing(scores, wanted)}
    return whole | {"slices": {name: part(indices) for name, indices in slices(rows).items()}}
