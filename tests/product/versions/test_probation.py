"""The probation rule on counts before and after a promotion, with cases worked out by hand."""

import pytest

from product.codes import ProbationCode
from product.settings.rules import ProbationRules
from product.texts import LANGUAGES, rendering, texts
from product.versions.probation import ProbationResult, ReportedMistakes, fisher_p_value, judge


def reported(predictions: int, **mistakes: int) -> ReportedMistakes:
    """Each contributor corrects so many predictions, and no two correct the same."""
    reports = [(f"{contributor}-{number}", contributor) for contributor, n in mistakes.items() for number in range(n)]
    return ReportedMistakes(predictions, tuple(reports))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Two mistakes among four predictions, both after: one of the 6 ways to choose 2 of 4.
        ((0, 2, 2, 2), 1 / 6),
        # At least one of the two after: every way but the one with both before.
        ((1, 2, 1, 2), 5 / 6),
        ((0, 5, 0, 5), 1.0),
        # Three mistakes, all among the 3 predictions after, none among the 2 before: 1 of the 10 ways to choose 3 of 5.
        ((0, 2, 3, 3), 1 / 10),
        # Every prediction is a mistake: there is only one way.
        ((2, 2, 3, 3), 1.0),
    ],
)
def test_the_p_value_is_the_share_of_arrangements_with_as_many_mistakes_after(counts, expected):
    assert fisher_p_value(*counts) == pytest.approx(expected)


def test_a_significant_rise_reported_by_several_contributors_is_worse():
    result = judge(reported(1000, ann=10, bob=10), reported(1000, ann=30, bob=30, cid=30), ProbationRules())
    assert result.worse
    assert result.reason.code == ProbationCode.worse
    p = fisher_p_value(20, 1000, 90, 1000)
    expected = {"before": 1000, "after": 1000, "mistakes_before": 20, "mistakes_after": 90, "p": p}
    assert result.reason.values == expected


def test_a_rise_reported_by_one_contributor_alone_is_not_worse():
    result = judge(reported(1000, ann=10, bob=10), reported(1000, ann=10, bob=10, spite=900), ProbationRules())
    assert result.code == ProbationCode.single_contributor
    assert not result.worse
    assert result.reason.values["mistakes_after"] == 920


def test_a_mistake_reported_by_two_contributors_counts_once_and_depends_on_neither():
    both = ReportedMistakes(1000, tuple((str(number), name) for number in range(60) for name in ("ann", "bob")))
    assert both.mistakes == 60
    assert judge(reported(1000, ann=5, bob=5), both, ProbationRules()).worse


def test_fewer_predictions_than_the_minimum_are_not_compared():
    result = judge(reported(199), reported(5000, ann=300, bob=300, cid=300), ProbationRules())
    assert not result.worse
    assert result.reason.code == ProbationCode.too_few_predictions
    assert result.reason.values == {"before": 199, "after": 5000, "needed": 200}


def test_a_significant_but_small_rise_is_not_worse():
    # Half a percentage point in 100,000 predictions: significant, but only 1.1 times as many.
    before, after = reported(100_000, ann=2500, bob=2500), reported(100_000, ann=2750, bob=2750)
    assert fisher_p_value(5000, 100_000, 5500, 100_000) < 0.001
    result = judge(before, after, ProbationRules())
    assert (result.code, result.p) == (ProbationCode.no_clear_rise, 1.0)


def test_fewer_mistakes_after_the_promotion_are_not_worse():
    result = judge(reported(1000, ann=50, bob=50), reported(1000, ann=5), ProbationRules())
    assert result.code == ProbationCode.no_clear_rise


def test_no_mistakes_at_all_are_not_worse():
    assert judge(reported(1000), reported(1000), ProbationRules()).code == ProbationCode.no_clear_rise


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ProbationCode)
def test_every_result_has_a_text_with_its_counts(code, language):
    p = None if code == ProbationCode.too_few_predictions else 0.5
    result = ProbationResult(code, reported(1234, ann=1), reported(5678), needed=200, p=p)
    sentence = rendering.probation(result.reason, texts(language))
    assert "1,234" in sentence and "5,678" in sentence
