"""Temperature scaling and calibration error, on arrays."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

TEMPERATURES = (0.02, 50.0)


def fit_temperature(logits: np.ndarray, targets: np.ndarray, bias: Sequence[float]) -> float:
    """The temperature alone, as of `fit_calibration`, with the biases [classes] given; within `TEMPERATURES`, as rows
    that are all answered rightly would have it go to 0."""

    def loss(logarithm: float) -> float:
        scaled = log_softmax(logits / np.exp(logarithm) + np.asarray(bias), axis=1)
        return -float(scaled[np.arange(len(targets)), targets].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-9})
    return float(np.exp(found.x))


def fit_calibration(logits: np.ndarray, targets: np.ndarray) -> tuple[float, list[float]]:
    """Temperature and class biases (summing to 0) under which softmax(logits / temperature + bias) makes the targets
    [rows] most likely; logits [rows, classes].

    Temperature: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2. Biases: Alexandari et al.
    2020, "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation", section 3.
    Quantisation moves some classes' logits more than others', which a temperature alone cannot undo.
    """

    def loss(parameters: np.ndarray) -> float:
        scaled = log_softmax(logits / np.exp(parameters[0]) + parameters[1:], axis=1)
        return -float(scaled[np.arange(len(targets)), targets].mean())

    # A bias common to all classes changes nothing: the small pull to zero settles it.
    found = minimize(
        lambda parameters: loss(parameters) + 1e-6 * parameters @ parameters, np.zeros(logits.shape[1] + 1)
    ).x
    return float(np.exp(found[0])), (found[1:] - found[1:].mean()).tolist()


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
