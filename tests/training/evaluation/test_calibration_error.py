"""Expected calibration error by hand, and its bootstrap interval."""

import numpy as np
import pytest

from training.evaluation.calibration_error import ece_interval, expected_calibration_error


def test_ece_of_one_bin_is_the_gap_between_confidence_and_accuracy():
    scores = np.array([[0.9, 0.1]] * 4)
    assert expected_calibration_error(scores, np.array([0, 0, 0, 1]), bins=1) == pytest.approx(0.15)


def test_ece_weights_bins_by_their_rows():
    # bin of lower confidence: 0.6 against 1.0; bin of higher confidence: 0.8 against 0.5 -> (2 * 0.4 + 2 * 0.3) / 4
    scores = np.array([[0.8, 0.2], [0.6, 0.4], [0.8, 0.2], [0.6, 0.4]])
    assert expected_calibration_error(scores, np.array([0, 0, 1, 0]), bins=2) == pytest.approx(0.35)


def test_ece_of_fewer_rows_than_bins_has_a_value():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_the_ece_interval_is_reproducible_and_contains_a_known_error():
    # Always wrong with a confidence of 0.9: the error is 0.9 in every bootstrap sample.
    scores, targets = np.array([[0.9, 0.1]] * 40), np.ones(40, dtype=int)
    assert ece_interval(scores, targets) == pytest.approx((0.9, 0.9))
    assert ece_interval(scores, targets) == ece_interval(scores, targets)
