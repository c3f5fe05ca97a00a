import random

import pytest

from tests.support.corpora import rows
from training.data.similarity import (
    MIN_PAIRS,
    PAIR_SIMILARITY,
    drop_near_duplicates,
    near_duplicates_of,
    word_pairs,
)

EN = "the room was clean and the staff at the desk were kind to us all week long"  # 16 pairs of words
ZH = "酒店的位置很好离地铁站不远房间也很干净早餐品种多"  # 23 pairs of characters


@pytest.mark.parametrize(
    "near",
    [
        # one word more at the end: 16 of 17 pairs; without the last three words: 13 of 16
        EN + " indeed",
        EN.removesuffix(" all week long"),
        # one word in the middle replaced: 14 of 18; upper case, a link and a handle do not count
        EN.replace("desk", "bar"),
        "@hotel " + EN.upper() + "! https://t.co/x",
        # one sentence more in front: 23 of 27; one character in the middle replaced: 21 of 25
        "总的来说" + ZH,
        ZH.replace("站", "口"),
        "，".join([ZH[:7], ZH[7:14], ZH[14:]]) + "。",
    ],
)
def test_a_row_that_shares_most_word_pairs_with_a_row_of_another_split_is_dropped(near):
    others = rows(
        ("something else that is said at about the same length as the other one", "neutral"), (near, "neutral")
    )
    given = rows(
        (EN, "positive"), (ZH, "positive"), ("a row that shares nothing with any row of the other split", "neutral")
    )
    kept, step = drop_near_duplicates(given, others)
    assert [row.text for row in given if row not in kept] == [ZH if "\u3400" <= near[0] <= "\u9fff" else EN]
    assert (step.kept, step.dropped) == (2, 1)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        # 11 of 20 and 13 of 22 pairs
        (EN, "the room was clean and the staff at the desk were rude and never there for us"),
        (ZH, "酒店的位置很好离地铁站不远房间可是很脏而且没有早餐"),
        # 5 of 7 pairs, and another meaning: too short to be called the same
        ("i will fly with you again", "i will fly with you never"),
        ("这个酒店非常好", "这个酒店非常差"),
        ("thank you", "thank you so much"),
        ("好", "很好"),
        ("ok", "ok"),
        ("😡", "😡"),
    ],
)
def test_a_row_that_is_short_or_shares_fewer_pairs_is_kept(text, other):
    kept, step = drop_near_duplicates(rows((text, "neutral")), rows((other, "neutral")))
    assert len(kept) == 1
    assert (step.kept, step.dropped) == (1, 0)


@pytest.mark.parametrize(("ours", "others"), [([], []), ([(EN, "neutral")], []), ([], [(EN, "neutral")])])
def test_without_rows_or_other_splits_nothing_is_a_near_duplicate(ours, others):
    kept, step = drop_near_duplicates(rows(*ours), rows(*others))
    assert kept == rows(*ours)
    assert (step.kept, step.dropped) == (len(ours), 0)


def test_near_duplicates_equal_those_found_by_comparing_every_pair():
    # Few words, so that no pair is rare. Some texts are others with a few changes.
    rng = random.Random(1)
    words = [f"w{letter}" for letter in "abcdefghijklmnop"]
    others = [rng.choices(words, k=rng.randrange(1, 40)) for _ in range(300)]
    ours = [rng.choices(words, k=rng.randrange(1, 40)) for _ in range(200)]
    for source in rng.sample(others, 200):
        changed = list(source)
        for _ in range(rng.randrange(1, 5)):
            changed[rng.randrange(len(changed))] = rng.choice(words)
        ours.append(changed)
    ours, others = ([" ".join(text) for text in part] for part in (ours, others))
    sets = [word_pairs(text) for text in others]
    expected = [
        index
        for index, pairs in enumerate(map(word_pairs, ours))
        if len(pairs) >= MIN_PAIRS and any(len(pairs & other) >= PAIR_SIMILARITY * len(pairs | other) for other in sets)
    ]
    assert 40 < len(expected) < 200
    assert near_duplicates_of(ours, others).tolist() == expected
