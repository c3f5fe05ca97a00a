from datetime import UTC, datetime

import numpy as np

from product.sentiment import Correction
from tests.support.actors import contributor
from training.retraining.holdout import choose_holdout


def correction(text: str, label: str = "positive", predicted: str = "negative", id: str = "1") -> Correction:
    return Correction(id, "p" + id, text, label, predicted, contributor("someone"), "pending", "v1", datetime.now(UTC))


def mistakes(count: int) -> list[Correction]:
    return [correction(f"m{index}") for index in range(count)]


def confirmations(count: int) -> list[Correction]:
    return [correction(f"c{index}", "negative", "negative") for index in range(count)]


def never_learned(count: int) -> np.ndarray:
    return np.ones(count, dtype=bool)


def test_whole_groups_are_held_out_and_a_quarter_of_mistakes_and_confirmations_each():
    # two mistakes to a group: 8 groups; confirmations alone: 8 groups; a quarter of 16 is 4, half of them mistakes
    groups = np.array([index // 2 for index in range(16)] + list(range(100, 108)))
    held_out = choose_holdout(
        mistakes(16) + confirmations(8), groups, never_learned(24), share=0.25, min_groups=1, seed=1
    )
    assert held_out[:16].sum() == 4  # two groups of two
    assert held_out[16:].sum() == 2
    assert not set(groups[held_out]) & set(groups[~held_out])


def test_mistakes_and_confirmations_are_held_out_in_proportion():
    # 24 groups of mistakes, 8 of confirmations: of 8 held out, 8 * 24 / 32 = 6 and 2
    held_out = choose_holdout(
        mistakes(24) + confirmations(8), np.arange(32), never_learned(32), share=0.25, min_groups=1, seed=1
    )
    assert (held_out[:24].sum(), held_out[24:].sum()) == (6, 2)


def test_a_group_with_a_mistake_and_a_confirmation_counts_as_a_mistake():
    given = [*mistakes(4), *confirmations(4)]
    # each confirmation is a near-duplicate of a mistake: 4 groups of mistakes, of which 2 are held out
    held_out = choose_holdout(
        given, np.array([0, 1, 2, 3, 0, 1, 2, 3]), never_learned(8), share=0.5, min_groups=1, seed=1
    )
    assert held_out[:4].sum() == 2
    assert (held_out[:4] == held_out[4:]).all()


def test_the_minimum_is_held_out_if_the_share_would_be_fewer_groups():
    # a quarter of 80 is 20
    held_out = choose_holdout(mistakes(80), np.arange(80), never_learned(80), share=0.25, min_groups=30, seed=1)
    assert held_out.sum() == 30


def test_half_of_the_new_groups_are_held_out_if_that_is_just_the_minimum():
    held_out = choose_holdout(mistakes(60), np.arange(60), never_learned(60), share=0.25, min_groups=30, seed=1)
    assert held_out.sum() == 30


def test_nothing_is_held_out_if_half_of_the_new_groups_are_fewer_than_the_minimum():
    # half of 59 is 29
    held_out = choose_holdout(mistakes(59), np.arange(59), never_learned(59), share=0.25, min_groups=30, seed=1)
    assert not held_out.any()


def test_at_most_half_of_the_new_groups_are_held_out():
    # a quarter of 200 groups is 50, half of the 64 that are new is 32
    new = np.arange(200) >= 136
    held_out = choose_holdout(mistakes(200), np.arange(200), new, share=0.25, min_groups=30, seed=1)
    assert held_out.sum() == 32
    assert not (held_out & ~new).any()


def test_a_group_with_one_text_that_the_champion_has_learned_is_not_held_out():
    # two texts to a group, the first of groups 0 to 9 learned: 10 of 20 groups are new, at most 5 of them are held out
    groups = np.arange(40) // 2
    new = (np.arange(40) % 2 == 1) | (groups >= 10)
    held_out = choose_holdout(mistakes(40), groups, new, share=0.5, min_groups=1, seed=1)
    assert len(set(groups[held_out])) == 5
    assert groups[held_out].min() >= 10


def test_nothing_is_held_out_without_corrections():
    nothing = np.array([], dtype=int)
    assert choose_holdout([], nothing, never_learned(0), share=0.25, min_groups=0, seed=1).tolist() == []


def test_a_single_new_group_is_trained_on_even_with_a_minimum_of_zero():
    # half of one is none
    assert choose_holdout(mistakes(1), np.arange(1), never_learned(1), 1.0, 0, 1).tolist() == [False]


def test_the_holdout_depends_on_the_seed():
    held_out = [choose_holdout(mistakes(40), np.arange(40), never_learned(40), 0.25, 5, seed) for seed in (1, 1, 2)]
    assert [mask.sum() for mask in held_out] == [10, 10, 10]
    assert (held_out[0] == held_out[1]).all()
    assert (held_out[0] != held_out[2]).any()


def test_every_group_is_in_the_holdout_with_some_seed():
    held_out = [choose_holdout(mistakes(40), np.arange(40), never_learned(40), 0.5, 5, seed) for seed in range(12)]
    # twenty of forty in each: that a group is left out twelve times has a chance of 1 in 4096
    assert np.any(held_out, axis=0).all()
