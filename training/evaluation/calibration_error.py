"""Expected calibration error and its bootstrap interval."""

import numpy as np


def expected_calibration_error(scores: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over bins with equally many rows, 0 to 1.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2, with bins of equal size instead of equal
    width. `scores` are probabilities [rows, classes], `labels` indices, int [rows].
    """
    confidence, correct = scores.max(axis=1), scores.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(confidence[part].mean() - correct[part].mean()) for part in parts]
    return float(sum(gaps) / len(labels))


def ece_interval(
    scores: np.ndarray, labels: np.ndarray, confidence: float = 0.95, draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the calibration error over rows (Efron and Tibshirani 1993, chapter 13).

    It lies above zero even for a perfectly calibrated model, because bins of few rows always deviate a little.
    """
    generator = np.random.default_rng(seed)
    samples = (generator.integers(0, len(labels), len(labels)) for _ in range(draws))
    errors = [expected_calibration_error(scores[sample], labels[sample]) for sample in samples]
    low, high = np.quantile(errors, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
