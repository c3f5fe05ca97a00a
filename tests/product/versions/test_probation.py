"""Counts before and after a promotion, by cases worked out by hand."""

import pytest

from product.settings.rules import ProbationRules
from product.versions.probation import Side, by_chance, judge


def side(answers: int, **mistakes: int) -> Side:
    """Each actor calls so many answers wrong, each of these only once."""
    pairs = [(f"{actor}-{number}", actor) for actor, count in mistakes.items() for number in range(count)]
    return Side(answers, tuple(pairs))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Two mistakes among four answers, both after: one of the 6 ways to choose 2 of 4.
        ((0, 2, 2, 2), 1 / 6),
        # At least one of the two after: all ways but the one with both before.
        ((1, 2, 1, 2), 5 / 6),
        ((0, 5, 0, 5), 1.0),
        # Three mistakes, all among the 3 answers after and none among the 2 before: 1 of the 10 ways to choose 3 of 5.
        ((0, 2, 3, 3), 1 / 10),
        # All are mistakes: there is no other way.
        ((2, 2, 3, 3), 1.0),
    ],
)
def test_the_chance_is_the_share_of_ways_that_the_mistakes_could_fall(counts, expected):
    assert by_chance(*counts) == pytest.approx(expected)


def test_a_clear_rise_by_several_people_is_worse_and_the_reason_has_the_counts():
    verdict = judge(side(1000, ann=10, bob=10), side(1000, ann=30, bob=30, cid=30), ProbationRules())
    assert verdict.worse
    assert "2.0 (20 of 1,000) before, 9.0 (90 of 1,000) after" in verdict.reason


def test_one_person_alone_never_takes_a_version_back():
    verdict = judge(side(1000, ann=10, bob=10), side(1000, ann=10, bob=10, spite=900), ProbationRules())
    assert not verdict.worse
    assert verdict.reason.endswith("a rise that hangs on one person")


def test_what_two_people_called_wrong_counts_once_and_hangs_on_neither():
    answers = [str(number) for number in range(60)]
    both = Side(1000, tuple((answer, actor) for answer in answers for actor in ("ann", "bob")))
    assert both.mistakes == 60
    assert judge(side(1000, ann=5, bob=5), both, ProbationRules()).worse


def test_fewer_answers_than_the_rules_want_say_nothing():
    verdict = judge(side(199), side(5000, ann=300, bob=300, cid=300), ProbationRules())
    assert not verdict.worse
    assert verdict.reason == "199 answers before and 5,000 after, 200 of each are needed"


def test_a_rise_that_is_proved_but_small_is_none():
    # Half a point in a hundred thousand answers: far beyond chance, and 1.1 times as many.
    before, after = side(100_000, ann=2500, bob=2500), side(100_000, ann=2750, bob=2750)
    assert by_chance(5000, 100_000, 5500, 100_000) < 0.001
    assert not judge(before, after, ProbationRules()).worse


def test_fewer_mistakes_after_are_not_worse():
    assert not judge(side(1000, ann=50, bob=50), side(1000, ann=5), ProbationRules()).worse


def test_no_mistakes_at_all_are_not_worse():
    assert not judge(side(1000), side(1000), ProbationRules()).worse
