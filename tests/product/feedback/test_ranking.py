"""The order of the review queue, in small cases worked out by hand."""

from math import log

import pytest

from product.feedback.ranking import (
    Candidate,
    ReviewRules,
    entropy,
    mixed_probabilities,
    rank,
    score,
    similarity,
    tokens,
)

EVEN = (1 / 3, 1 / 3, 1 / 3)


def candidate(id, text="", scores=(0.25, 0.5, 0.25), **more) -> Candidate:
    return Candidate(id, text or f"only {id}", scores, **more)


def order(candidates, limit=10, rules=None) -> list[str]:
    return [ranked.candidate.id for ranked in rank(candidates, limit, rules)]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [((1, 0, 0), 0.0), (EVEN, 1.0), ((0.5, 0.5, 0), log(2) / log(3))],
)
def test_uncertainty_is_0_for_a_certain_label_and_1_for_equally_likely_labels(probabilities, expected):
    assert entropy(probabilities) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("predicted", "cost"),
    # a quarter negative, a half neutral, a quarter positive
    [("positive", 0.25 * 10 + 0.5 * 1), ("neutral", 0.25 * 6 + 0.25 * 1), ("negative", 0.5 * 2 + 0.25 * 3)],
)
def test_cost_is_weighted_by_the_probability_of_each_true_label(predicted, cost):
    ranked = score(candidate("a", predicted=predicted), ReviewRules())
    assert ranked.cost == pytest.approx(cost)
    assert ranked.priority == pytest.approx(cost * entropy((0.25, 0.5, 0.25)))


def test_the_predicted_label_defaults_to_the_most_probable_one():
    assert candidate("a", scores=(0.1, 0.2, 0.7)).predicted_label == "positive"
    assert candidate("a", scores=(0.1, 0.2, 0.7), predicted="neutral").predicted_label == "neutral"


def test_possibly_missed_anger_comes_before_possibly_missed_thanks():
    missed_anger = candidate("anger", scores=(0.4, 0.0, 0.6))
    missed_thanks = candidate("thanks", scores=(0.6, 0.0, 0.4))
    assert order([missed_thanks, missed_anger]) == ["anger", "thanks"]


def test_labels_of_contributors_are_mixed_with_the_scores():
    disputed = candidate("a", scores=(0.0, 0.0, 1.0), labels=("negative", "positive"))
    # half the scores, half the shares of the labels
    assert mixed_probabilities(disputed, 0.5) == pytest.approx([0.25, 0.0, 0.75])
    assert mixed_probabilities(disputed, 0.0) == [0.0, 0.0, 1.0]
    assert order([candidate("sure", scores=(0.0, 0.0, 1.0)), disputed]) == ["a", "sure"]


def test_a_message_of_a_drifted_group_has_a_higher_priority():
    plain, drifted = candidate("plain"), candidate("drifted", drifted=True)
    assert order([plain, drifted]) == ["drifted", "plain"]
    assert score(drifted, ReviewRules()).priority == pytest.approx(1.5 * score(plain, ReviewRules()).priority)


def test_near_duplicates_do_not_fill_the_queue():
    copies = [
        candidate(f"copy {number}", f"your app crashed again today {number}", EVEN, predicted="neutral")
        for number in range(5)
    ]
    other = candidate("other", "where is my parcel", (0.3, 0.4, 0.3))
    assert order([*copies, other], 2) == ["copy 0", "other"]
    assert order([*copies, other]) == ["copy 0", "other", "copy 1", "copy 2", "copy 3", "copy 4"]


def test_with_full_relevance_only_the_priority_decides():
    copies = [candidate(f"copy {number}", "your app crashed again", EVEN, predicted="neutral") for number in range(2)]
    other = candidate("other", "where is my parcel", (0.3, 0.4, 0.3))
    assert order([other, *copies], rules=ReviewRules(relevance=1.0)) == ["copy 0", "copy 1", "other"]


def test_equal_candidates_keep_their_order_up_to_the_limit():
    texts = ["alpha", "beta", "gamma"]
    assert order([candidate(text, text) for text in texts], 2) == ["alpha", "beta"]
    assert order([], 3) == order([candidate("a")], 0) == []


def test_candidates_without_uncertainty_are_ranked_in_the_given_order():
    assert order([candidate("a", scores=(1, 0, 0)), candidate("b", scores=(0, 0, 1))]) == ["a", "b"]


def test_chinese_is_compared_by_pairs_of_characters():
    assert tokens("退款慢, Order 7") == {"退款", "款慢", "order", "7"}
    assert tokens("好") == {"好"}
    # 快递, 递太, 太慢 and 快递, 递很, 很慢: one of five is common
    assert similarity(tokens("快递太慢"), tokens("快递很慢")) == pytest.approx(1 / 5)


def test_texts_without_words_have_no_similarity():
    assert similarity(tokens("?!"), tokens("...")) == 0.0


@pytest.mark.parametrize("name", ["label_weight", "relevance"])
def test_a_weight_outside_0_to_1_is_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        ReviewRules(**{name: 1.5})
