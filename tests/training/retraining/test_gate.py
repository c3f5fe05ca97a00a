"""The gate's rules on small arrays, with numbers worked out by hand."""

import numpy as np
import pytest

from product.codes import CheckCode, CorpusProblem, Reason, RunCode
from product.settings.rules import GateRules
from training.retraining import gate
from training.retraining.gate import Check, Verdict, decide

RULES = GateRules()


def correct(*rows: int) -> np.ndarray:
    return np.array(rows, dtype=bool)


def broken(count: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """A champion that is correct everywhere, and a challenger that is wrong in `count` rows."""
    return correct(*[1] * rows), correct(*[0] * count, *[1] * (rows - count))


# Gate rows


def test_the_same_predictions_on_many_rows_are_not_worse():
    same = correct(*[1] * 1500, *[0] * 100)
    assert gate.gate_rows(same, same, RULES).passed


def test_a_loss_of_two_points_fails():
    check = gate.gate_rows(*broken(20, 1000), RULES)
    assert (check.code, check.passed, check.threshold) == (CheckCode.gate_rows, False, 0.01)
    assert (check.champion, check.challenger) == (1.0, 0.98)
    assert check.values["difference"] == pytest.approx(-0.02)
    assert (check.values["rows"], check.values["confidence"]) == (1000, 0.95)


def test_a_loss_of_half_a_point_on_few_rows_fails():
    assert gate.gate_rows(*broken(1, 200), RULES).passed is False


def test_the_comparison_with_the_shipped_version_has_a_code_of_its_own():
    check = gate.gate_rows(*broken(0, 2000), RULES, shipped="shipped-1")
    assert (check.code, check.subject, check.passed) == (CheckCode.gate_rows_shipped, "shipped-1", True)


# Labels on the holdout


def test_two_groups_fixed_and_none_broken_pass():
    # one-sided sign test, mid-p: 0.5 ** 2 / 2 = 0.125
    check = gate.holdout_labels(correct(0, 0, 1), correct(1, 1, 1), np.arange(3), RULES)
    assert check.passed
    assert check.values == {"rows": 3, "groups": 3, "fixed": 2, "broken": 0, "p": 0.125}


def test_four_groups_fixed_and_three_broken_fail_as_possible_chance():
    # five or more of seven: (21 + 7 + 1) / 128; half of just four: 35 / 256; together 0.363
    champion, challenger = correct(0, 0, 0, 0, 1, 1, 1), correct(1, 1, 1, 1, 0, 0, 0)
    check = gate.holdout_labels(champion, challenger, np.arange(7), RULES)
    assert (check.passed, check.values["p"]) == (False, pytest.approx(0.363, abs=1e-3))


def test_as_many_groups_broken_as_fixed_fail():
    champion, challenger = correct(0, 0, 0, 1, 1, 1), correct(1, 1, 1, 0, 0, 0)
    assert gate.holdout_labels(champion, challenger, np.arange(6), RULES).passed is False


def test_unchanged_labels_fail():
    assert gate.holdout_labels(correct(1, 1), correct(1, 1), np.arange(2), RULES).passed is False


# one-sided, mid-p: 0.5 ** 3 / 2 = 0.0625, 0.5 ** 4 / 2 = 0.031
@pytest.mark.parametrize(("count", "passed"), [(0, True), (3, True), (4, False)])
def test_a_challenger_with_nothing_new_fails_only_if_it_is_significantly_worse(count, passed):
    check = gate.holdout_not_worse(*broken(count, 30), np.arange(30), RULES)
    assert (check.code, check.passed) == (CheckCode.holdout_labels_not_worse, passed)


def test_a_challenger_with_nothing_new_passes_on_an_empty_holdout():
    check = gate.holdout_not_worse(correct(), correct(), correct(), RULES)
    assert (check.passed, check.champion, check.challenger, check.values["groups"]) == (True, None, None, 0)


# Probabilities on the holdout


def scores(*negative: float) -> np.ndarray:
    """Probabilities of rows; what is not negative is positive."""
    return np.array([[share, 0.0, 1 - share] for share in negative])


def test_probabilities_that_improve_in_every_group_by_hand():
    # The label is negative. Brier scores 0.5 and 0.72 before, 0.18 and 0.08 after: gains 0.32 and 0.64.
    before, after, targets = scores(0.5, 0.4), scores(0.7, 0.8), np.array([0, 0])
    check = gate.holdout_probabilities(before, after, targets, np.arange(2), RULES)
    # mean 0.48, standard error 0.16: t = 3 with one degree of freedom, p = 1/2 - arctan(3) / pi = 0.1024
    assert check.values == {"groups": 2, "gain": pytest.approx(0.48), "p": pytest.approx(0.1024, abs=1e-4)}
    assert (check.champion, check.challenger) == (pytest.approx(0.61), pytest.approx(0.13))
    assert check.passed is False
    assert gate.holdout_probabilities(before, after, targets, np.arange(2), GateRules(p_value=0.11)).passed


def test_probabilities_of_near_duplicates_count_as_one_group():
    before, after = scores(0.5, 0.5, 0.5, 0.4), scores(0.7, 0.7, 0.7, 0.8)
    check = gate.holdout_probabilities(before, after, np.zeros(4, dtype=int), np.array([1, 1, 1, 2]), RULES)
    assert check.values == {"groups": 2, "gain": pytest.approx(0.48), "p": pytest.approx(0.1024, abs=1e-4)}


@pytest.mark.parametrize("after", [scores(0.5, 0.4), scores(0.3, 0.3)])
def test_probabilities_that_stay_or_get_worse_fail(after):
    check = gate.holdout_probabilities(scores(0.5, 0.4), after, np.array([0, 0]), np.arange(2), RULES)
    assert check.passed is False


def test_probabilities_on_an_empty_holdout_fail():
    none = np.zeros((0, 3))
    check = gate.holdout_probabilities(none, none, np.array([], dtype=int), np.array([]), RULES)
    assert (check.passed, check.champion, check.challenger) == (False, None, None)


# Forgetting


def none_reviewed(rows: int) -> np.ndarray:
    return np.zeros(rows, dtype=bool)


def test_two_of_a_hundred_learned_corrections_may_break():
    check = gate.no_forgetting(*broken(2, 100), none_reviewed(100), RULES)
    assert check.passed is True
    assert check.values == {"rows": 100, "correct_before": 100, "broken": 2, "reviewed_broken": 0}


def test_three_of_a_hundred_learned_corrections_fail():
    assert gate.no_forgetting(*broken(3, 100), none_reviewed(100), RULES).passed is False


def test_the_forgotten_share_is_of_corrections_that_the_champion_labels_correctly():
    # 50 correct and 50 wrong: 2 % of 50 is one; those that were wrong before cannot break
    champion = correct(*[1] * 50, *[0] * 50)
    one, two = (correct(*[0] * count, *[1] * (50 - count), *[0] * 50) for count in (1, 2))
    assert gate.no_forgetting(champion, one, none_reviewed(100), RULES).passed is True
    assert gate.no_forgetting(champion, two, none_reviewed(100), RULES).passed is False


def test_fixed_corrections_do_not_make_up_for_broken_ones():
    champion, challenger = correct(*[1] * 50, *[0] * 50), correct(*[0] * 2, *[1] * 98)
    assert gate.no_forgetting(champion, challenger, none_reviewed(100), RULES).passed is False


def test_one_broken_correction_that_a_reviewer_decided_fails():
    reviewed = none_reviewed(100)
    reviewed[0] = True
    check = gate.no_forgetting(*broken(1, 100), reviewed, RULES)
    assert (check.passed, check.values["broken"], check.values["reviewed_broken"]) == (False, 1, 1)


def test_a_reviewed_correction_that_stays_correct_or_stays_wrong_passes():
    champion = correct(0, *[1] * 99)
    challenger = correct(0, 0, *[1] * 98)
    reviewed = correct(1, 0, *[1] * 98)  # all but the broken one
    assert gate.no_forgetting(champion, challenger, reviewed, RULES).passed is True


def test_a_champion_without_learned_corrections_passes_the_no_forgetting_check():
    check = gate.no_forgetting(correct(), correct(), correct(), RULES)
    assert (check.passed, check.champion, check.challenger, check.values["rows"]) == (True, None, None, 0)


# Slices


def test_a_slice_that_is_significantly_worse_fails():
    # 4 broken and none fixed: half of 1 / 16
    [check] = gate.slices({"length:short": broken(4, 200)}, RULES)
    assert (check.code, check.subject, check.passed) == (CheckCode.slice, "length:short", False)
    assert (check.champion, check.challenger, check.threshold) == (1.0, 0.98, 0.05)
    assert check.values == {"rows": 200, "difference": pytest.approx(-0.02), "p": 1 / 32}


def test_a_slice_with_three_broken_rows_passes_as_possible_chance():
    # half of 1 / 8
    [check] = gate.slices({"length:short": broken(3, 200)}, RULES)
    assert check.passed is True


def test_a_slice_with_fewer_than_two_hundred_rows_is_only_shown():
    [check] = gate.slices({"language:zh": broken(100, 199)}, RULES)
    assert (check.passed, check.threshold) == (None, None)
    assert check.values == {"rows": 199, "difference": pytest.approx(-100 / 199)}


def test_a_slice_that_fails_alone_may_pass_among_several_tested_together():
    # 2 * 1 / 32 = 0.0625: the worst of many slices looks bad by chance more often than one alone
    checks = gate.slices({"length:short": broken(4, 200), "length:long": broken(0, 200)}, RULES)
    assert [check.passed for check in checks] == [True, True]
    assert checks[0].values["p"] == pytest.approx(0.0625)


def test_a_slice_with_too_few_rows_does_not_count_in_the_correction_for_several_tests():
    checks = gate.slices({"length:short": broken(4, 200), "language:zh": broken(0, 199)}, RULES)
    assert [check.passed for check in checks] == [False, None]


def test_a_slice_with_many_broken_rows_fails_among_many():
    # 20 * 0.5 ** 10 / 2 = 0.0098
    others = {f"corpus:{number}": broken(0, 200) for number in range(19)}
    passed = {check.subject: check.passed for check in gate.slices(others | {"worse": broken(10, 200)}, RULES)}
    assert passed.pop("worse") is False
    assert set(passed.values()) == {True}


# Ablation


# seven rows of seven: mid-p 1/128 / 2 = 0.0039; six: 0.0078; five: 0.0156
@pytest.mark.parametrize(("better_without", "passed"), [(7, False), (6, False), (5, True)])
def test_a_contributor_without_whom_the_gate_rows_are_significantly_better_fails(better_without, passed):
    without, having = broken(better_without, 100)
    check = gate.source_ablation(having, without, 70, 135, RULES)
    assert (check.code, check.passed) == (CheckCode.source_ablation, passed)
    assert (check.champion, check.challenger) == (pytest.approx(1 - better_without / 100), 1.0)
    assert (check.values["given"], check.values["total"]) == (70, 135)
    assert check.values["difference"] == pytest.approx(better_without / 100)


# The verdict


def check(code: CheckCode, passed: bool | None, subject: str = "") -> Check:
    return Check(code, subject, champion=0.9, values={"rows": 9}, threshold=0.01, passed=passed)


def test_a_challenger_is_promoted_if_no_check_fails():
    verdict = decide([check(CheckCode.gate_rows, True), check(CheckCode.slice, None)])
    assert (verdict.promote, verdict.reasons) == (True, [Reason(RunCode.better)])


def test_every_failed_check_is_a_reason_with_its_numbers():
    verdict = decide([check(CheckCode.gate_rows, False), check(CheckCode.slice, False, "language:en")])
    numbers = {"champion": 0.9, "threshold": 0.01, "rows": 9}
    assert not verdict.promote
    assert verdict.reasons == [
        Reason(RunCode.check_failed, {"check": "gate-rows", "subject": "", **numbers}),
        Reason(RunCode.check_failed, {"check": "slice", "subject": "language:en", **numbers}),
    ]


def test_a_challenger_with_nothing_new_is_promoted_for_being_not_worse():
    assert decide([check(CheckCode.gate_rows, True)], nothing_new=True).reasons == [
        Reason(RunCode.not_worse_without_withdrawn)
    ]


def test_unmeasured_corpora_decide_nothing_and_are_named_in_the_reasons():
    missing = [gate.unmeasured("imdb", CorpusProblem.no_folder), gate.unmeasured("sst2", CorpusProblem.no_folder)]
    verdict = decide([check(CheckCode.gate_rows, True), *missing])
    assert (verdict.promote, missing[0].passed) == (True, None)
    assert verdict.reasons == [Reason(RunCode.better), Reason(RunCode.unmeasured, {"corpora": ["imdb", "sst2"]})]


def test_a_verdict_is_stored_as_plain_values():
    assert decide([check(CheckCode.slice, True, "language:en")]).as_dict() == {
        "promote": True,
        "reasons": [{"code": "better", "values": {}}],
        "checks": [
            {
                "code": "slice",
                "subject": "language:en",
                "champion": 0.9,
                "challenger": None,
                "values": {"rows": 9},
                "threshold": 0.01,
                "passed": True,
            }
        ],
    }


def test_an_earlier_attempt_keeps_the_reasons_of_its_verdict():
    found = gate.earlier_attempt(1, 3, decide([check(CheckCode.gate_rows, False)]))
    assert (found.code, found.passed) == (CheckCode.earlier_attempt, None)
    assert (found.values["number"], found.values["of"]) == (1, 3)
    assert [reason["values"]["check"] for reason in found.values["reasons"]] == ["gate-rows"]


@pytest.mark.parametrize(
    ("checks", "harms"),
    [
        ([gate.holdout_labels(*broken(5, 200), np.arange(200), RULES)], False),
        ([gate.holdout_not_worse(*broken(5, 200), np.arange(200), RULES)], False),
        ([gate.gate_rows(*broken(20, 1000), RULES)], True),
        ([gate.no_forgetting(*broken(3, 100), none_reviewed(100), RULES)], True),
        (gate.slices({"length:short": broken(5, 200)}, RULES), True),
        (gate.slices({"length:short": broken(5, 199)}, RULES), False),  # only shown
        ([gate.unmeasured("imdb", CorpusProblem.no_folder)], False),
    ],
)
def test_a_challenger_harms_if_it_fails_on_anything_but_the_holdout(checks, harms):
    better = gate.holdout_labels(correct(*[0] * 5), correct(*[1] * 5), np.arange(5), RULES)
    assert decide([better, *checks]).harms is harms


def test_a_verdict_without_checks_harms_nothing():
    assert not Verdict(False, []).harms
