import numpy as np
import pytest

from training.calibrate import expected_calibration_error, fit_temperature


def test_temperature_of_overconfident_logits_is_what_makes_them_true():
    # Three of four rows right at logits (x, 0): the likelihood is highest where sigmoid(x / T) = 3/4, T = x / ln 3.
    logits = np.array([[4.0, 0.0]] * 4)
    assert fit_temperature(logits, np.array([0, 0, 0, 1])) == pytest.approx(4 / np.log(3), rel=1e-3)


def test_ece_of_one_bin_is_the_gap_between_confidence_and_accuracy():
    scores = np.array([[0.9, 0.1]] * 4)
    assert expected_calibration_error(scores, np.array([0, 0, 0, 1]), bins=1) == pytest.approx(0.15)


def test_ece_weighs_bins_by_their_rows():
    # bin of the two least sure: 0.6 against 1.0; bin of the two surest: 0.8 against 0.5 -> (2 * 0.4 + 2 * 0.3) / 4
    scores = np.array([[0.8, 0.2], [0.6, 0.4], [0.8, 0.2], [0.6, 0.4]])
    assert expected_calibration_error(scores, np.array([0, 0, 1, 0]), bins=2) == pytest.approx(0.35)


def test_fewer_rows_than_bins_still_have_a_value():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0
