import numpy as np
import pytest

from training.modelling.calibration import ece_interval, expected_calibration_error, fit_calibration, fit_temperature


def test_temperature_of_overconfident_logits_is_what_makes_them_true():
    # Either way three of four rows are right at a distance of 4: the likelihood is highest where sigmoid(4 / T) = 3/4,
    # T = 4 / ln 3, and by symmetry no class is favoured.
    logits = np.array([[4.0, 0.0]] * 4 + [[0.0, 4.0]] * 4)
    temperature, bias = fit_calibration(logits, np.array([0, 0, 0, 1, 1, 1, 1, 0]))
    assert temperature == pytest.approx(4 / np.log(3), rel=1e-3)
    assert bias == pytest.approx([0, 0], abs=1e-3)


def test_temperature_alone_makes_overconfident_logits_true_with_the_biases_given():
    logits = np.array([[4.0, 0.0]] * 4)
    found = fit_temperature(logits, np.array([0, 0, 0, 1]), bias=[-0.5, 0.5])
    # 4 / t - 1 = ln 3
    assert found == pytest.approx(4 / (np.log(3) + 1), rel=1e-3)


def test_bias_gives_an_undecided_model_the_shares_of_the_classes():
    # Logits say nothing: the likelihood is highest where softmax(bias) = (3/4, 1/4), a distance of ln 3.
    _, bias = fit_calibration(np.zeros((8, 2)), np.array([0, 0, 0, 1, 0, 0, 0, 1]))
    assert bias == pytest.approx([np.log(3) / 2, -np.log(3) / 2], abs=1e-3)


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
