"""Temperature scaling and calibration error, on arrays."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax


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
