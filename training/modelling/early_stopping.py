"""The measures that decide when training stops and which weights it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from product.inference.text.encoding import TextEncoder
from training.data.catalogue import is_polar
from training.data.rows import NEUTRAL, Row

MASKED_LOGIT = -1e4
"""A logit that a softmax ignores, also in half precision."""
MIN_STANDARD_ERRORS = 2.0
"""An evaluation is significantly worse if it is more than this many standard errors below the best."""

Metric = Callable[[Any], dict[str, float]]
"""Takes the Trainer's prediction (logits [rows, 3] and label_ids [rows], in the order of the rows)."""


def macro_f1_metric(rows: list[Row]) -> Metric:
    """Macro-F1 of each corpus, over the classes that its rows have; `quality` is the mean over corpora."""
    sources, polar = _sources(rows), _polar(rows)

    def metric(prediction: Any) -> dict[str, float]:
        chosen, labels = _chosen(prediction, polar), prediction.label_ids
        scores: dict[str, float] = {}
        for source in np.unique(sources):
            part = sources == source
            classes = np.unique(labels[part])
            scores[str(source)] = float(
                f1_score(labels[part], chosen[part], labels=classes, average="macro", zero_division=0)
            )
        return scores | {"quality": float(np.mean(list(scores.values())))}

    return metric


def steady_accuracy_metric(rows: list[Row]) -> Metric:
    """Accuracy of each corpus, and a `quality` that falls only if an evaluation is significantly worse than the best.

    `quality` is the mean accuracy over corpora; it is raised above the previous report unless a paired comparison of
    the rows shows a significant loss. For few rows: on sixty, most differences between evaluations are chance, and
    taking the best of four would usually stop training too early.
    """
    sources, polar = _sources(rows), _polar(rows)
    names, corpus_of, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / (len(names) * counts[corpus_of])
    best: np.ndarray | None = None
    reported = 0.0

    def metric(prediction: Any) -> dict[str, float]:
        nonlocal best, reported
        right = (_chosen(prediction, polar) == prediction.label_ids).astype(float)
        best = right if best is None else best
        change = weights * (right - best)
        worse = change.sum() < -MIN_STANDARD_ERRORS * np.sqrt(np.square(change).sum())
        best = right if change.sum() > 0 else best
        quality = float(weights @ right)
        if not worse:  # slightly above the last report, because the Trainer returns the weights of the highest quality
            quality = reported = max(reported + 1e-9, quality)
        return {str(name): float(right[sources == name].mean()) for name in names} | {"quality": quality}

    return metric


@dataclass(frozen=True)
class EarlyStopping:
    """Evaluate on these rows, stop when the quality no longer rises, and keep the best weights."""

    rows: list[Row]
    encoder: TextEncoder
    metric: Callable[[list[Row]], Metric] = macro_f1_metric


def _sources(rows: list[Row]) -> np.ndarray:
    return np.array([row.corpus for row in rows])


def _polar(rows: list[Row]) -> np.ndarray:
    return np.array([is_polar(row) for row in rows])


def _chosen(prediction: Any, polar: np.ndarray) -> np.ndarray:
    """The predicted label indices, int [rows]; never neutral in rows of a corpus without that class."""
    logits: np.ndarray = prediction.predictions.copy()
    logits[polar, NEUTRAL] = MASKED_LOGIT
    chosen: np.ndarray = logits.argmax(-1)
    return chosen
