"""Intervals and paired tests, against numbers worked out by hand."""

import numpy as np
import pytest

from training.evaluation.statistics import (
    brier,
    gain_p_value,
    group_means,
    group_signs,
    holm,
    mcnemar,
    paired_interval,
)


def correct(*rows: int) -> np.ndarray:
    return np.array(rows, dtype=bool)


def test_paired_interval_by_hand():
    # 98 rows, 5 fixed, 1 broken: p = 6/100, 2/100; centre 0.04; error sqrt((0.08 - 0.0016) / 100) = 0.028
    champion = correct(*[0] * 5, *[1] * 93)
    challenger = correct(*[1] * 5, 0, *[1] * 92)
    difference, low, high = paired_interval(champion, challenger, 0.95)
    assert difference == pytest.approx(4 / 98)
    assert low == pytest.approx(0.04 - 1.959964 * 0.028, abs=1e-6)
    assert high == pytest.approx(0.04 + 1.959964 * 0.028, abs=1e-6)


def test_the_interval_of_equal_predictions_is_not_a_point():
    same = correct(*[1] * 98)
    difference, low, high = paired_interval(same, same, 0.95)
    # p = 1/100 each way; error sqrt(0.02 / 100)
    assert difference == 0
    assert (low, high) == (pytest.approx(-1.959964 * 0.0002**0.5), pytest.approx(1.959964 * 0.0002**0.5))


def test_near_duplicates_count_as_one_group():
    champion = correct(0, 0, 0, 1, 1, 0)
    challenger = correct(1, 1, 1, 0, 1, 0)
    # group 7: three gains, one sign; group 8: broken; group 9: unchanged twice
    assert group_signs(champion, challenger, np.array([7, 7, 7, 8, 9, 9])) == (1, 1, 3)


@pytest.mark.parametrize(
    ("fixed", "broken", "p_value"),
    [
        (0, 0, 1.0),  # the two never differ
        (0, 5, 1 / 64),  # half of the single outcome in 32
        (5, 0, 63 / 64),  # all outcomes, less half of the one in which none breaks
        (1, 4, 7 / 64),  # one outcome of 32 has 5 of 5, and half of the five with 4 count
        (2, 2, 1 / 2),  # 3 or 4 of 4 in five ways of 16, and half of the six ways of 2
    ],
)
def test_mcnemar_counts_broken_rows_among_those_that_differ(fixed, broken, p_value):
    champion = correct(*[0] * fixed, *[1] * broken, *[1] * 10, *[0] * 10)
    challenger = correct(*[1] * fixed, *[0] * broken, *[1] * 10, *[0] * 10)
    assert mcnemar(champion, challenger) == pytest.approx(p_value)


def test_holm_multiplies_the_smallest_p_value_by_the_number_of_tests_and_keeps_the_order():
    # in their order 0.01 * 3, 0.03 * 2, 0.04 * 1; the last one may not be under the one before
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_holm_leaves_a_single_test_unchanged_and_stops_at_one():
    assert holm([0.03]) == [0.03]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_brier_score_by_hand():
    # off by 0.3 each way in the first row, by 1 each way in the second
    scores = np.array([[0.7, 0.0, 0.3], [0.0, 0.0, 1.0]])
    assert brier(scores, np.array([0, 0])) == pytest.approx([0.18, 2.0])


def test_group_means_are_in_the_order_of_the_group_numbers():
    assert group_means(np.array([1.0, 2.0, 4.0]), np.array([9, 3, 9])).tolist() == [2.0, 2.5]


def test_equal_gains_have_a_p_value_of_one():
    assert [gain_p_value(np.array(gains)) for gains in ([], [0.5], [0.5, 0.5])] == [1.0, 1.0, 1.0]


def test_the_p_value_of_gains_by_hand():
    # mean 0.48, standard error 0.16: t = 3 with one degree of freedom, p = 1/2 - arctan(3) / pi
    assert gain_p_value(np.array([0.32, 0.64])) == pytest.approx(0.1024, abs=1e-4)
