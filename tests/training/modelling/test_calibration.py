import dataclasses

import numpy as np
import pytest

from product.inference import model as models
from training.data import catalogue as corpora
from training.data.rows import Row
from training.modelling.calibration import calibrate, fit_calibration, fit_temperature, recalibrate, temperature_scaled


def test_the_temperature_of_overconfident_logits_makes_them_as_confident_as_accurate():
    # For either label, 3 of 4 rows are right at a distance of 4: the likelihood is highest at sigmoid(4 / T) = 3/4,
    # T = 4 / ln 3, and by symmetry no class is favoured.
    logits = np.array([[4.0, 0.0]] * 4 + [[0.0, 4.0]] * 4)
    temperature, bias = fit_calibration(logits, np.array([0, 0, 0, 1, 1, 1, 1, 0]))
    assert temperature == pytest.approx(4 / np.log(3), rel=1e-3)
    assert bias == pytest.approx([0, 0], abs=1e-3)


def test_with_given_biases_the_temperature_alone_corrects_overconfident_logits():
    logits = np.array([[4.0, 0.0]] * 4)
    found = fit_temperature(logits, np.array([0, 0, 0, 1]), bias=[-0.5, 0.5])
    # 4 / t - 1 = ln 3
    assert found == pytest.approx(4 / (np.log(3) + 1), rel=1e-3)


def test_the_bias_of_an_undecided_model_gives_the_class_shares():
    # All logits are equal: the likelihood is highest if softmax(bias) = (3/4, 1/4), a distance of ln 3.
    _, bias = fit_calibration(np.zeros((8, 2)), np.array([0, 0, 0, 1, 0, 0, 0, 1]))
    assert bias == pytest.approx([np.log(3) / 2, -np.log(3) / 2], abs=1e-3)


def confident(*negative: float) -> np.ndarray:
    """Probabilities of rows; the other two labels are equally likely."""
    return np.array([[share, (1 - share) / 2, (1 - share) / 2] for share in negative])


def test_temperature_scaling_makes_probabilities_as_confident_as_accurate():
    # Three of four rows are negative: the likelihood is highest if negative has 3/4, however confident it was before.
    targets = np.array([0, 0, 0, 2])
    for share in (0.4, 0.6, 0.98):
        found = temperature_scaled(confident(*[share] * 4), targets)
        assert found == pytest.approx(np.tile([0.75, 0.125, 0.125], (4, 1)), abs=1e-4)


def test_temperature_scaling_makes_a_model_certain_if_it_is_always_right():
    scores = np.array([[0.9, 0.0, 0.1], [1.0, 0.0, 0.0]])
    assert temperature_scaled(scores, np.array([0, 0]))[:, 0] == pytest.approx([1, 1], abs=1e-6)


def test_models_that_differ_only_in_confidence_are_equal_after_temperature_scaling():
    # One model is right in every other row; the other gives the same labels at three times the temperature.
    scores, targets = confident(*np.linspace(0.8, 0.99, 100)), np.arange(100) % 2 * 2
    powers = scores ** (1 / 3)
    modest = powers / powers.sum(axis=1, keepdims=True)
    assert temperature_scaled(scores, targets) == pytest.approx(temperature_scaled(modest, targets), abs=1e-5)


def test_temperature_scaling_of_no_rows_gives_no_rows():
    assert temperature_scaled(np.zeros((0, 3)), np.array([], dtype=int)).shape == (0, 3)


class FixedLogits:
    """Stands in for an expert: the same logits for any texts."""

    def __init__(self, logits: list[list[float]]):
        self._logits = np.array(logits)

    def logits(self, texts: list[str]) -> np.ndarray:
        return self._logits[: len(texts)]


def test_a_class_that_no_validation_row_can_have_gets_no_bias():
    # sst2 has no neutral class. Three of four rows are correct at a distance of 4; the neutral logit is the highest
    # but must not matter.
    expert = FixedLogits([[4.0, 9.0, 0.0]] * 4 + [[0.0, 9.0, 4.0]] * 4)
    labels = ["negative"] * 3 + ["positive"] * 4 + ["negative"]
    rows = [Row(f"text {index}", label, "sst2") for index, label in enumerate(labels)]
    assert corpora.find("sst2").polar
    temperature, bias = calibrate(expert, rows)
    assert temperature == pytest.approx(4 / np.log(3), rel=1e-3)
    assert bias == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
    assert calibrate(expert, []) == (1.0, (0.0, 0.0, 0.0))


def test_recalibration_fits_only_the_temperature_and_keeps_the_shipped_bias():
    # As above, three of four correct at a distance of 4; the biases must not change that.
    raw = FixedLogits([[4.0, 9.0, 0.0]] * 4 + [[0.0, 9.0, 4.0]] * 4)
    served = dataclasses.replace(models.Expert(None, None), temperature=2.0, bias=(1.0, 0.0, 1.0))
    labels = ["negative"] * 3 + ["positive"] * 4 + ["negative"]
    rows = [Row(f"text {index}", label, "sst2") for index, label in enumerate(labels)]
    assert recalibrate(served, raw, rows) == (pytest.approx(4 / np.log(3), rel=1e-3), (1.0, 0.0, 1.0))
    assert recalibrate(served, raw, []) == (2.0, (1.0, 0.0, 1.0))
