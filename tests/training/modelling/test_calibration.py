import numpy as np
import pytest

from training.modelling.calibration import fit_calibration, fit_temperature


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
