import random

import pytest

from training.data.label_review import review_labels
from training.data.rows import Row

GOOD, BAD = ["great", "lovely", "superb", "happy", "perfect"], ["awful", "rude", "broken", "late", "terrible"]


def reviews(count: int, source: str) -> list[Row]:
    """Half each label, each text with one to five of the words that only its label has."""
    rng, made = random.Random(3), []
    for number in range(count):
        label, words = ("positive", GOOD) if number % 2 else ("negative", BAD)
        text = " ".join(["the", *rng.sample(words, 5 - number // 2 % 5), "film", str(number)])
        made.append(Row(text, label, source))
    return made


def planted(source: str) -> tuple[list[Row], list[Row]]:
    """2,400 reviews of which every 160th has the other label; and those."""
    made, wrong = reviews(2400, source), []
    other = {"negative": "positive", "positive": "negative"}
    for index in range(0, 2400, 160):
        made[index] = Row(made[index].text, other[made[index].label], source)
        wrong.append(made[index])
    return made, wrong


def test_review_drops_most_wrong_labels_and_no_correct_labels_reproducibly():
    given, wrong = planted("crowd")
    kept, step = review_labels(given)
    gone = [row for row in given if row not in kept]
    # Two thirds of what was planted is as much as a rule that spares every right label can be asked for.
    assert set(gone) <= set(wrong) and len(gone) >= 10
    assert (step.kept, step.dropped) == (len(kept), len(gone))
    assert review_labels(given)[0] == kept


def test_review_treats_each_corpus_separately_and_skips_project_rows():
    given, _ = planted("crowd")
    project = [row for source in ("replay-en", "behaviours-en") for row in planted(source)[0]]
    kept, step = review_labels(given + project)
    assert kept == review_labels(given)[0] + project
    assert step.dropped == len(given) + len(project) - len(kept)


def test_review_counts_a_repeated_row_twice():
    given, wrong = planted("crowd")
    kept, step = review_labels(given + wrong[:1])
    assert len(kept) + step.dropped == 2401
    assert step.kept == len(kept)


@pytest.mark.parametrize("given", [reviews(499, "crowd"), [Row(f"{n}", "neutral", "crowd") for n in range(600)], []])
def test_review_drops_nothing_if_rows_are_few_or_have_a_single_label(given):
    assert review_labels(given)[0] == given


def test_review_drops_nothing_if_a_label_is_too_rare():
    given = [*reviews(600, "crowd"), Row("fine", "neutral", "crowd")]
    assert review_labels(given)[0] == given
