"""Expected calibration error and its bootstrap interval, on arrays."""

import numpy as np


def expected_calibration_error(scores: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over bins of equal mass; scores [rows, classes], in [0, 1]."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == targets
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts]
    return float(sum(gaps) / len(targets))


def ece_interval(
    scores: np.ndarray, targets: np.ndarray, confidence: float = 0.95, draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the calibration error over rows (Efron and Tibshirani 1993, chapter 13).

    It lies above zero even for a perfectly calibrated model: bins of a few rows always stray a little.
    """
    generator = np.random.default_rng(seed)
    picks = (generator.integers(0, len(targets), len(targets)) for _ in range(draws))
    found = [expected_calibration_error(scores[pick], targets[pick]) for pick in picks]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
