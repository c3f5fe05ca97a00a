import numpy as np
import pytest

from training.gate import Check, Rules, better, decide, group_signs, not_harmed, not_worse, paired_interval


def right(*answers: int) -> np.ndarray:
    return np.array(answers, dtype=bool)


def test_paired_interval_by_hand():
    # 98 rows, 5 fixed, 1 broken: p = 6/100, 2/100; centre 0.04; error sqrt((0.08 - 0.0016) / 100) = 0.028
    champion = right(*[0] * 5, *[1] * 93)
    challenger = right(*[1] * 5, 0, *[1] * 92)
    difference, low, high = paired_interval(champion, challenger, 0.95)
    assert difference == pytest.approx(4 / 98)
    assert low == pytest.approx(0.04 - 1.959964 * 0.028, abs=1e-6)
    assert high == pytest.approx(0.04 + 1.959964 * 0.028, abs=1e-6)


def test_equal_answers_still_have_an_interval_with_a_width():
    same = right(*[1] * 98)
    difference, low, high = paired_interval(same, same, 0.95)
    # p = 1/100 each way; error sqrt(0.02 / 100)
    assert difference == 0
    assert (low, high) == (pytest.approx(-1.959964 * 0.0002**0.5), pytest.approx(1.959964 * 0.0002**0.5))


def test_a_group_of_near_duplicates_is_one_piece_of_evidence():
    champion = right(0, 0, 0, 1, 1, 0)
    challenger = right(1, 1, 1, 0, 1, 0)
    # group 7: three gains, one sign; group 8: broken; group 9: no change twice
    assert group_signs(champion, challenger, np.array([7, 7, 7, 8, 9, 9])) == (1, 1, 3)


def test_the_same_answers_on_many_rows_are_not_worse():
    same = right(*[1] * 1500, *[0] * 100)
    assert not_worse(same, same, Rules()).passed


def test_two_points_lost_are_worse():
    champion, challenger = right(*[1] * 1000), right(*[1] * 980, *[0] * 20)
    check = not_worse(champion, challenger, Rules())
    assert check.passed is False
    assert check.finding.startswith("-2.00 points")


def test_half_a_point_lost_on_few_rows_is_not_proved_harmless():
    champion, challenger = right(*[1] * 200), right(*[1] * 199, 0)
    assert not_worse(champion, challenger, Rules()).passed is False


def test_five_groups_fixed_and_none_broken_are_better():
    # one-sided sign test: 0.5 ** 5 = 0.03125
    check = better(right(*[0] * 5), right(*[1] * 5), np.arange(5), Rules())
    assert check.passed
    assert "p = 0.031" in check.finding


def test_four_groups_fixed_could_be_chance():
    # 0.5 ** 4 = 0.0625
    assert better(right(*[0] * 4), right(*[1] * 4), np.arange(4), Rules()).passed is False


def test_as_many_broken_as_fixed_is_not_better():
    champion, challenger = right(0, 0, 0, 1, 1, 1), right(1, 1, 1, 0, 0, 0)
    assert better(champion, challenger, np.arange(6), Rules()).passed is False


def test_nothing_changed_is_not_better():
    assert better(right(1, 1), right(1, 1), np.arange(2), Rules()).passed is False


def check(name: str, passed: bool | None) -> Check:
    return Check(name, "1", "2", "finding", "rule", passed)


def test_promotion_needs_every_deciding_check():
    assert decide([check("a", True), check("b", True)], []).promote
    verdict = decide([check("a", True), check("b", False)], [])
    assert not verdict.promote
    assert verdict.reason == "b: finding, but must be rule"


def test_what_is_only_shown_decides_nothing():
    verdict = decide([check("a", True)], [check("slice", None)])
    assert verdict.promote
    assert [one.name for one in verdict.checks] == ["a", "slice"]


def test_a_part_vetoes_only_when_it_is_proved_worse():
    # 98 rows: 1 broken leaves the interval around 0; 20 broken, none fixed: centre -20/100, error
    # sqrt((0.22 - 0.04) / 100) = 0.042, so that it ends at -0.12.
    all_right, one_broken = right(*[1] * 98), right(*[0] * 1, *[1] * 97)
    assert not_harmed("zh", all_right, one_broken, Rules()).passed
    twenty_broken = right(*[0] * 20, *[1] * 78)
    found = not_harmed("zh", all_right, twenty_broken, Rules())
    assert not found.passed
    assert found.name == "zh (98)"
