"""Calibrate an expert: fit a temperature and class biases so that its probabilities match observed frequencies."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from product.inference import model as models
from product.inference.long_texts import features
from product.sentiment import LABELS
from training.data.catalogue import is_polar
from training.data.rows import NEUTRAL, Row
from training.evaluation.metrics import targets

TEMPERATURES = (0.02, 50.0)
"""Bounds: without them, rows that are all predicted correctly would push the temperature to 0."""

MIN_PROBABILITY = 1e-9
"""Probabilities are raised to this before their logarithm is taken."""

Calibration = tuple[float, tuple[float, ...]]
"""The temperature, and the bias of each class."""
UNCALIBRATED: Calibration = (1.0, (0.0,) * len(LABELS))


def fit_temperature(logits: np.ndarray, labels: np.ndarray, bias: Sequence[float] | np.ndarray) -> float:
    """The temperature that makes the labels most likely, as in `fit_calibration`, with given biases [classes]."""

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature) + np.asarray(bias), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-9})
    return float(np.exp(found.x))


def temperature_scaled(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probabilities [rows, classes] at the temperature that makes the labels, int [rows], most likely.

    Two models compared after this differ by which labels they prefer, not by how confident they are. Without it, a
    model that is merely less confident scores better on a domain where both are often wrong.
    """
    if not len(scores):
        return scores
    logits = np.log(np.maximum(scores, MIN_PROBABILITY))
    return models.softmax(logits / fit_temperature(logits, labels, np.zeros(scores.shape[1])))


def fit_calibration(logits: np.ndarray, labels: np.ndarray) -> tuple[float, list[float]]:
    """Temperature and class biases (summing to 0) for which softmax(logits / temperature + bias) makes the labels most
    likely.

    logits [rows, classes]; labels: indices, int [rows]. Temperature: Guo et al. 2017, "On Calibration of Modern Neural
    Networks", section 4.2. Biases: Alexandari et al. 2020, "Maximum Likelihood with Bias-Corrected Calibration is
    Hard-To-Beat at Label Shift Adaptation", section 3. Quantisation moves the logits of some classes more than those of
    others, which a temperature alone cannot undo.
    """

    def loss(parameters: np.ndarray) -> float:
        scaled = log_softmax(logits / np.exp(parameters[0]) + parameters[1:], axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    # Adding the same bias to all classes changes nothing; the small penalty makes the solution unique.
    found = minimize(
        lambda parameters: loss(parameters) + 1e-6 * parameters @ parameters, np.zeros(logits.shape[1] + 1)
    ).x
    return float(np.exp(found[0])), (found[1:] - found[1:].mean()).tolist()


def mask_neutral(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """Scores [rows, 3] with minus infinity for neutral in the rows of a corpus without a neutral class."""
    masked = scores.astype(np.float64)
    masked[[is_polar(row) for row in rows], NEUTRAL] = -np.inf
    return masked


def calibrate(expert: models.Expert, rows: list[Row]) -> Calibration:
    """Fit temperature and biases to an uncalibrated expert's scores on rows.

    A class that no row can have gets no bias. Returns UNCALIBRATED if there are no rows.
    """
    if not rows:
        return UNCALIBRATED
    scores = mask_neutral(expert.logits([row.text for row in rows]), rows)
    temperature, bias = fit_calibration(scores, targets(rows))
    return temperature, tuple(np.where(np.isfinite(scores).any(axis=0), bias, 0.0).tolist())


def recalibrate(shipped: models.Expert, expert: models.Expert, rows: list[Row]) -> Calibration:
    """Keep the biases of the shipped expert and fit only the temperature of an expert that learned corrections.

    Biases fitted on these rows would undo what the corrections taught about the frequency of each label. Without rows,
    the shipped temperature is kept too.
    """
    if not rows:
        return shipped.temperature, shipped.bias
    scores = mask_neutral(expert.logits([row.text for row in rows]), rows)
    return fit_temperature(scores, targets(rows), shipped.bias), shipped.bias


def fit_long_text_head(expert: models.Expert, rows: list[Row]) -> list[list[float]]:
    """Weights [3, features + 1] of the head that combines the readings of a long text, fitted to labelled rows.

    Only rows that are long enough to be read in windows count. The head's logits go through the expert's calibration
    like all others, so the fitted probabilities are stored as the logits that the calibration maps to them.
    """
    encoded = expert.encoder.encode([row.text for row in rows], windows=True)
    long = [(row, text) for row, text in zip(rows, encoded, strict=True) if text.windows]
    found = [features(whole, windows) for whole, windows in expert.readings([text for _, text in long])]
    head = LogisticRegression(C=1.0, max_iter=2000)
    head.fit(np.array(found), targets([row for row, _ in long]))
    weights = np.column_stack([head.coef_, head.intercept_ - np.array(expert.bias)]) * expert.temperature
    return [row.round(5).tolist() for row in weights]
