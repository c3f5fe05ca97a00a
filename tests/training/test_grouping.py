from datetime import UTC, datetime

import numpy as np

from product.sentiment import Correction
from training.grouping import hold_back, near_duplicates, settle


def correction(text: str, label: str = "positive", predicted: str = "negative", id: str = "1") -> Correction:
    return Correction(id, "p" + id, text, label, predicted, "someone", "pending", "v1", datetime.now(UTC))


def test_texts_that_share_four_fifths_of_their_words_are_one_group():
    groups = near_duplicates(
        [
            "the driver was not late at all today thanks",  # 9 words
            "the driver was not late at all today",  # 8 of those 9: 0.89
            "the driver was rude",  # 3 of 10: 0.3
        ]
    )
    assert groups[0] == groups[1] != groups[2]


def test_a_template_with_another_word_in_a_short_sentence_is_another_text():
    groups = near_duplicates(["the soup was not bad", "the sofa was not bad"])  # 4 of 6
    assert groups[0] != groups[1]


def test_numbers_handles_and_case_do_not_make_another_text():
    groups = near_duplicates(["@acme Order 12 late", "order 99 LATE", "order early"])
    assert groups[0] == groups[1] != groups[2]


def test_texts_without_any_word_are_grouped_by_what_they_are():
    groups = near_duplicates(["!!!", "!!!", "???"])
    assert groups[0] == groups[1] != groups[2]


def test_the_label_most_people_gave_stands():
    labels = [("1", "late", "negative"), ("2", "Late", "negative"), ("3", "late", "neutral")]
    given = [correction(text, label, id=id) for id, text, label in labels]
    kept, dropped = settle(given)
    assert [one.id for one in kept] == ["1", "2"]
    assert dropped == 1


def test_an_even_split_teaches_nothing():
    assert settle([correction("late", "negative"), correction("late", "neutral")]) == ([], 2)


def test_held_back_groups_are_whole_and_a_quarter_of_mistakes_and_of_confirmations():
    mistakes = [correction(f"m{index}") for index in range(16)]
    confirmed = [correction(f"c{index}", "negative", "negative") for index in range(8)]
    # two mistakes to a group: 8 groups; confirmations alone: 8 groups
    groups = np.array([index // 2 for index in range(16)] + list(range(100, 108)))
    held = hold_back(mistakes + confirmed, groups, share=0.25, seed=1)
    assert held[:16].sum() == 4  # two groups of two
    assert held[16:].sum() == 2
    assert not set(groups[held]) & set(groups[~held])


def test_another_seed_holds_back_others():
    given = [correction(f"text {index}") for index in range(40)]
    groups = np.arange(40)
    assert (hold_back(given, groups, 0.25, 1) != hold_back(given, groups, 0.25, 2)).any()
    assert (hold_back(given, groups, 0.25, 1) == hold_back(given, groups, 0.25, 1)).all()


def test_chinese_texts_are_compared_by_their_characters():
    # 8 of 9 distinct characters in common; the third shares 2 of 14.
    found = near_duplicates(["快递员把包裹弄丢了", "快递员把包裹弄丢啦", "请问包邮吗多少钱"])
    assert found[0] == found[1] != found[2]
