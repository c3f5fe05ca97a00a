"""Fit a temperature and class biases, on arrays."""

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
