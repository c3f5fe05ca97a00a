import numpy as np
import pytest

from training.evaluation.calibration_error import ece_interval, expected_calibration_error


def test_ece_of_one_bin_is_the_gap_between_confidence_and_accuracy():
    scores = np.array([[0.9, 0.1]] * 4)
    assert expected_calibration_error(scores, np.array([0, 0, 0, 1]), bins=1) == pytest.approx(0.15)


def test_ece_weighs_bins_by_their_rows():
    # bin of the two least sure: 0.6 against 1.0; bin of the two surest: 0.8 against 0.5 -> (2 * 0.4 + 2 * 0.3) / 4
    scores = np.array([[0.8, 0.2], [0.6, 0.4], [0.8, 0.2], [0.6, 0.4]])
    assert expected_calibration_error(scores, np.array([0, 0, 1, 0]), bins=2) == pytest.approx(0.35)


def test_fewer_rows_than_bins_still_have_a_value():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_the_interval_of_the_ece_is_the_same_twice_and_holds_a_certain_error():
    # Always 0.9 sure and always wrong: however rows are drawn, the error is 0.9.
    scores, targets = np.array([[0.9, 0.1]] * 40), np.ones(40, dtype=int)
    assert ece_interval(scores, targets) == pytest.approx((0.9, 0.9))
    assert ece_interval(scores, targets) == ece_interval(scores, targets)
