import numpy as np
import pytest

from product.settings.rules import GateRules
from training.retraining.gate import (
    Check,
    Verdict,
    better,
    brier,
    brier_improved,
    decide,
    group_signs,
    harm,
    holm,
    no_forgetting,
    no_slice_harmed,
    no_worse,
    not_worse,
    paired_interval,
    temperature_scaled,
    unmeasured,
)


def right(*answers: int) -> np.ndarray:
    return np.array(answers, dtype=bool)


def broken(count: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """A champion that is right everywhere, and a challenger that is wrong in so many rows."""
    return right(*[1] * rows), right(*[0] * count, *[1] * (rows - count))


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
    assert not_worse(same, same, GateRules()).passed


def test_two_points_lost_are_worse():
    champion, challenger = right(*[1] * 1000), right(*[1] * 980, *[0] * 20)
    check = not_worse(champion, challenger, GateRules())
    assert check.passed is False
    assert check.finding.startswith("-2.00 points")


def test_half_a_point_lost_on_few_rows_is_not_proved_harmless():
    champion, challenger = right(*[1] * 200), right(*[1] * 199, 0)
    assert not_worse(champion, challenger, GateRules()).passed is False


def test_two_groups_fixed_and_none_broken_are_better():
    # one-sided sign test, mid-p: 0.5 ** 2 / 2 = 0.125
    check = better(right(0, 0, 1), right(1, 1, 1), np.arange(3), GateRules())
    assert check.passed
    assert check.finding == "2 groups fixed, 0 broken (by chance: p = 0.12)"


def test_four_groups_fixed_and_three_broken_could_be_chance():
    # five or more of seven: (21 + 7 + 1) / 128; half of just four: 35 / 256; together 0.363
    champion, challenger = right(0, 0, 0, 0, 1, 1, 1), right(1, 1, 1, 1, 0, 0, 0)
    assert better(champion, challenger, np.arange(7), GateRules()).passed is False


def test_as_many_broken_as_fixed_is_not_better():
    champion, challenger = right(0, 0, 0, 1, 1, 1), right(1, 1, 1, 0, 0, 0)
    assert better(champion, challenger, np.arange(6), GateRules()).passed is False


def test_nothing_changed_is_not_better():
    assert better(right(1, 1), right(1, 1), np.arange(2), GateRules()).passed is False


def scores(*negative: float) -> np.ndarray:
    """Probabilities of rows, all that is not negative being positive."""
    return np.array([[share, 0.0, 1 - share] for share in negative])


def test_brier_score_by_hand():
    # off by 0.3 each way in the first, by 1 each way in the second
    assert brier(scores(0.7, 0.0), np.array([0, 0])) == pytest.approx([0.18, 2.0])


# one-sided, mid-p: 0.5 ** 3 / 2 = 0.0625, 0.5 ** 4 / 2 = 0.031
@pytest.mark.parametrize(("count", "passed"), [(0, True), (3, True), (4, False)])
def test_where_nothing_new_is_learned_it_takes_proof_of_harm_to_turn_it_down(count, passed):
    assert no_worse(*broken(count, 30), np.arange(30), GateRules()).passed is passed


def test_where_nothing_new_is_learned_and_nothing_was_given_there_is_no_harm():
    check = no_worse(right(), right(), right(), GateRules())
    assert (check.passed, check.finding) == (True, "none are new")


def test_probabilities_that_came_nearer_in_every_group_are_better():
    # the label is negative: scores of 0.5 and 0.72 before (off by 0.5 and 0.6), 0.18 and 0.08 after: gains 0.32, 0.64
    found = brier_improved(scores(0.5, 0.4), scores(0.7, 0.8), np.array([0, 0]), np.arange(2), GateRules())
    # mean 0.48, deviation of the mean 0.16: t = 3 with one degree of freedom, p = 1/2 - arctan(3) / pi = 0.1024
    assert found.finding == "2 groups, 0.480 nearer (by chance: p = 0.1)"
    assert (found.champion, found.challenger, found.passed) == ("0.610 off", "0.130 off", False)
    assert brier_improved(
        scores(0.5, 0.4), scores(0.7, 0.8), np.array([0, 0]), np.arange(2), GateRules(p_value=0.11)
    ).passed


def test_probabilities_of_near_duplicates_are_one_piece_of_evidence():
    before, after = scores(0.5, 0.5, 0.5, 0.4), scores(0.7, 0.7, 0.7, 0.8)
    found = brier_improved(before, after, np.zeros(4, dtype=int), np.array([1, 1, 1, 2]), GateRules())
    assert found.finding == "2 groups, 0.480 nearer (by chance: p = 0.1)"


@pytest.mark.parametrize("after", [scores(0.5, 0.4), scores(0.3, 0.3)])
def test_probabilities_that_stayed_or_went_away_are_not_better(after):
    assert brier_improved(scores(0.5, 0.4), after, np.array([0, 0]), np.arange(2), GateRules()).passed is False


def said(*negative: float) -> np.ndarray:
    """Probabilities of rows, the other two labels as likely as each other."""
    return np.array([[share, (1 - share) / 2, (1 - share) / 2] for share in negative])


def test_probabilities_are_as_certain_as_suits_the_rows():
    # said of each: negative, how surely is open; three of four are: likeliest where negative has three quarters
    targets = np.array([0, 0, 0, 2])
    for sure in (0.4, 0.6, 0.98):
        found = temperature_scaled(said(*[sure] * 4), targets)
        assert found == pytest.approx(np.tile([0.75, 0.125, 0.125], (4, 1)), abs=1e-4)


def test_who_is_right_everywhere_becomes_certain():
    assert temperature_scaled(scores(0.9, 1.0), np.array([0, 0]))[:, 0] == pytest.approx([1, 1], abs=1e-6)


def test_who_is_only_less_sure_of_the_same_labels_is_not_better():
    # a champion that is right of every other row, and one that says the same at three times the temperature
    champion, targets = said(*np.linspace(0.8, 0.99, 100)), np.arange(100) % 2 * 2
    powers = champion ** (1 / 3)
    modest = powers / powers.sum(axis=1, keepdims=True)
    assert brier_improved(champion, modest, targets, np.arange(100), GateRules()).passed
    both = (temperature_scaled(champion, targets), temperature_scaled(modest, targets))
    assert both[0] == pytest.approx(both[1], abs=1e-5)
    found = brier_improved(*both, targets, np.arange(100), GateRules())
    assert found.champion == found.challenger


def test_of_nothing_held_back_nothing_is_better():
    none = np.zeros((0, 3))
    assert temperature_scaled(none, np.array([], dtype=int)).shape == (0, 3)
    assert brier_improved(none, none, np.array([], dtype=int), np.array([]), GateRules()).passed is False


def check(name: str, passed: bool | None) -> Check:
    return Check(name, "1", "2", "finding", "rule", passed)


def test_promotion_needs_every_deciding_check():
    verdict = decide([check("a", True), check("b", True)])
    assert verdict.promote
    assert verdict.reason == "better on what was corrected, not worse on what was known"
    verdict = decide([check("a", True), check("b", False), check("  c", False)])
    assert not verdict.promote
    assert verdict.reason == "b: finding, but must be: rule; c: finding, but must be: rule"


def test_what_is_only_shown_decides_nothing():
    verdict = decide([check("a", True), check("slice", None)])
    assert verdict.promote
    assert [one.name for one in verdict.checks] == ["a", "slice"]


def test_what_is_unmeasured_decides_nothing_and_is_named_in_the_reason():
    missing = [unmeasured("imdb", "not here"), unmeasured("sst2", "not here")]
    verdict = decide([check("a", True), *missing])
    assert verdict.promote
    assert verdict.reason == ("better on what was corrected, not worse on what was known (unmeasured here: imdb, sst2)")
    assert missing[0].finding == "unmeasured: not here"
    turned_down = decide([check("a", False), missing[0]])
    assert turned_down.reason == "a: finding, but must be: rule (unmeasured here: imdb)"


@pytest.mark.parametrize(
    ("fixed", "lost", "chance"),
    [
        (0, 0, 1.0),  # the two never differ
        (0, 5, 1 / 64),  # half of the one way in 32
        (5, 0, 63 / 64),  # all ways but half of the one in which none breaks
        (1, 4, 7 / 64),  # 5 of 5 in one way of 32, and half of the five ways of 4
        (2, 2, 1 / 2),  # 3 or 4 of 4 in five ways of 16, and half of the six ways of 2
    ],
)
def test_harm_is_the_chance_of_so_many_rows_broken_among_those_that_differ(fixed, lost, chance):
    champion = right(*[0] * fixed, *[1] * lost, *[1] * 10, *[0] * 10)
    challenger = right(*[1] * fixed, *[0] * lost, *[1] * 10, *[0] * 10)
    assert harm(champion, challenger) == pytest.approx(chance)


def test_holm_multiplies_the_least_chance_by_all_tests_and_never_lets_a_larger_one_be_less():
    # in their order 0.01 * 3, 0.03 * 2, 0.04 * 1; the last one may not be under the one before
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_holm_leaves_a_single_test_as_it_is_and_ends_at_one():
    assert holm([0.03]) == [0.03]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_slice_that_is_proved_worse_vetoes():
    # 4 broken and none fixed: half of 1 / 16
    (found,) = no_slice_harmed({"short": broken(4, 200)}, GateRules())
    assert found.passed is False
    assert (found.name, found.champion, found.challenger) == ("  short (200)", "100.0% right", "98.0% right")
    assert found.finding == "-2.00 points (harm by chance: p = 0.031)"


def test_a_slice_with_three_rows_broken_could_be_chance():
    # half of 1 / 8
    (found,) = no_slice_harmed({"short": broken(3, 200)}, GateRules())
    assert found.passed is True


def test_a_slice_under_two_hundred_rows_is_only_shown():
    (found,) = no_slice_harmed({"zh": broken(100, 199)}, GateRules())
    assert found.passed is None
    assert (found.finding, found.rule) == ("-50.25 points (too few rows to say)", "shown only")


def test_a_slice_that_would_veto_alone_does_not_among_many_looked_at_together():
    # 2 * 1 / 32 = 0.0625; the worst of many slices looks bad by chance more often than one alone
    found = no_slice_harmed({"short": broken(4, 200), "long": broken(0, 200)}, GateRules())
    assert [one.passed for one in found] == [True, True]
    assert "p = 0.062" in found[0].finding


def test_a_slice_that_is_too_small_takes_no_part_in_the_correction_for_many():
    found = no_slice_harmed({"short": broken(4, 200), "zh": broken(0, 199)}, GateRules())
    assert [one.passed for one in found] == [False, None]


def test_a_slice_with_much_harm_vetoes_among_many():
    # 20 * 0.5 ** 10 / 2 = 0.0098
    others = {f"slice {number}": broken(0, 200) for number in range(19)}
    found = {one.name.strip(): one.passed for one in no_slice_harmed(others | {"short": broken(10, 200)}, GateRules())}
    assert found.pop("short (200)") is False
    assert set(found.values()) == {True}


def none_reviewed(rows: int) -> np.ndarray:
    return np.zeros(rows, dtype=bool)


def test_two_of_a_hundred_learned_corrections_may_break():
    found = no_forgetting(*broken(2, 100), none_reviewed(100), GateRules())
    assert found.passed is True
    assert (found.name, found.finding) == ("learned before (100)", "2 of 100 broken")


def test_three_of_a_hundred_learned_corrections_may_not_break():
    assert no_forgetting(*broken(3, 100), none_reviewed(100), GateRules()).passed is False


def test_what_may_break_is_a_share_of_what_the_champion_answers_rightly():
    # 50 right and 50 wrong: 2 % of 50 is one; that the wrong ones stay wrong is no breaking
    champion = right(*[1] * 50, *[0] * 50)
    one, two = (right(*[0] * count, *[1] * (50 - count), *[0] * 50) for count in (1, 2))
    assert no_forgetting(champion, one, none_reviewed(100), GateRules()).passed is True
    assert no_forgetting(champion, two, none_reviewed(100), GateRules()).passed is False


def test_the_learned_corrections_newly_right_do_not_pay_for_the_broken_ones():
    champion, challenger = right(*[1] * 50, *[0] * 50), right(*[0] * 2, *[1] * 98)
    assert no_forgetting(champion, challenger, none_reviewed(100), GateRules()).passed is False


def test_one_broken_correction_that_a_reviewer_decided_vetoes():
    reviewed = none_reviewed(100)
    reviewed[0] = True
    found = no_forgetting(*broken(1, 100), reviewed, GateRules())
    assert found.passed is False
    assert found.finding == "1 of 100 broken, 1 of them a reviewer's"


def test_a_reviewed_correction_that_stays_right_or_stays_wrong_does_not_veto():
    champion = right(0, *[1] * 99)
    challenger = right(0, 0, *[1] * 98)
    reviewed = right(1, 0, *[1] * 98)  # all but the broken one
    assert no_forgetting(champion, challenger, reviewed, GateRules()).passed is True


def test_a_champion_that_has_learned_nothing_has_nothing_to_break():
    found = no_forgetting(right(), right(), right(), GateRules())
    assert found.passed is True
    assert (found.champion, found.challenger, found.finding) == ("–", "–", "nothing was")


@pytest.mark.parametrize(
    ("checks", "harms"),
    [
        ([better(*broken(5, 200), np.arange(200), GateRules())], False),  # no better on what was corrected
        ([not_worse(*broken(20, 1000), GateRules())], True),
        ([no_forgetting(*broken(3, 100), none_reviewed(100), GateRules())], True),
        (no_slice_harmed({"short": broken(5, 200)}, GateRules()), True),
        (no_slice_harmed({"short": broken(5, 199)}, GateRules()), False),  # only shown
        ([unmeasured("imdb", "not here")], False),
    ],
)
def test_a_verdict_harms_where_anything_but_the_held_back_corrections_fails(checks, harms):
    better_there = better(right(*[0] * 5), right(*[1] * 5), np.arange(5), GateRules())
    assert decide([better_there, *checks]).harms is harms


def test_a_verdict_without_checks_harms_nobody():
    assert not Verdict(False, "nothing was looked at").harms
