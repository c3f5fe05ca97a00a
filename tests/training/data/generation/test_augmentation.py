"""Typing errors: what they change, and what they leave alone."""

import random

import pytest

from training.data.generation.augmentation import MAX_LENGTH, add_errors, misspell
from training.data.rows import Row


def misspellings(text: str, draws: int = 200) -> set[str]:
    generator = random.Random(5)
    return {add_errors(text, generator) for _ in range(draws)}


def test_an_english_error_changes_words_of_four_letters_or_more_but_never_the_first_letter():
    found = misspellings("the staff was rude")
    assert {"the staff was rdue", "the staff was rue", "the staff was ruude", "the staff was ride"} <= found
    for text in found:
        the, staff, was, rude = text.split()
        assert (the, was, staff[0], rude[0]) == ("the", "was", "s", "r")


@pytest.mark.parametrize("text", ["@united #delays https://t.co/abcd", "it is so bad", "4711", "\U0001f620", ""])
def test_handles_tags_links_numbers_and_short_words_are_left_alone(text):
    assert misspellings(text) == {text}


def test_a_chinese_error_is_a_homophone_a_doubled_or_two_swapped_characters():
    found = misspellings("在哪里")
    assert {"再哪里", "在那里", "在在哪里", "哪在里", "在里哪"} <= found
    assert all(3 <= len(text) <= 5 for text in found)


def test_a_share_of_the_short_rows_gets_errors_while_labels_and_order_stay():
    rows = [Row(f"number {index} arrived broken", "negative", "airline") for index in range(1000)]
    long = Row("arrived broken " * MAX_LENGTH, "negative", "imdb")
    read = misspell([*rows, long], 0.3, seed=1)
    changed = [new for new, old in zip(read, [*rows, long], strict=True) if new != old]
    # 300 expected, standard deviation 14.5; sometimes two errors undo each other
    assert 240 < len(changed) < 350
    assert read[-1] == long
    assert [(row.label, row.source) for row in read[:-1]] == [("negative", "airline")] * 1000
    assert misspell(rows, 0.3, seed=1) == read[:-1]
    assert misspell(rows, 0.0, seed=1) == rows
