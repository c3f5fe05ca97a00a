"""Fitting the head that combines the readings of a long text."""

import random
from dataclasses import replace

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.long_texts import FEATURES, LongTextHead
from product.inference.text.encoding import EncodedText
from product.sentiment import LABELS
from training.data.generation.long_messages import calm_sentences, long_messages, unseen_parts
from training.data.rows import Row
from training.modelling.calibration import fit_long_text_head
from training.modelling.packaging import with_long_text_head

LETTERS = {"n": "negative", "c": "neutral", "p": "positive"}


class LetterEncoder:
    """A token for each letter, and in texts of several letters a window for each."""

    def encode(self, texts: list[str], windows: bool = False) -> list[EncodedText]:
        return [self._encoded([list(LETTERS).index(letter) for letter in text], windows) for text in texts]

    def _encoded(self, ids: list[int], windows: bool) -> EncodedText:
        return EncodedText(ids, False, [[id] for id in ids] if windows and len(ids) > 1 else [])


class MeanBackend:
    """A letter has logit 4 for its label; a text the mean of its letters, in which one letter among many is lost."""

    name = "mean"

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        one_hot = np.eye(3)[ids] * mask[:, :, None]
        return (4 * one_hot.sum(axis=1) / mask.sum(axis=1, keepdims=True)).astype(np.float32)


EXPERT = models.Expert(LetterEncoder(), MeanBackend())


def one_letter_among_calm_ones(count: int, seed: int) -> list[Row]:
    """Texts of 6 to 20 letters: all calm, or calm but for one, whose label is that of the text."""
    generator, rows = random.Random(seed), []
    for number in range(count):
        deciding = list(LETTERS)[number % 3]
        letters = ["c"] * generator.randint(6, 20)
        letters[generator.randrange(len(letters))] = deciding
        rows.append(Row("".join(letters), LETTERS[deciding], "letters"))
    return rows


ROWS = one_letter_among_calm_ones(150, seed=1)


def labels(expert: models.Expert, rows: list[Row]) -> list[str]:
    return [LABELS[index] for index in expert.probabilities([row.text for row in rows]).argmax(axis=1)]


def with_head(expert: models.Expert, weights: list[list[float]]) -> models.Expert:
    return replace(expert, long_text_head=LongTextHead(np.array(weights)))


def test_the_head_learns_that_one_window_decides():
    fitted = with_head(EXPERT, fit_long_text_head(EXPERT, ROWS))
    unseen = one_letter_among_calm_ones(90, seed=2)
    assert labels(EXPERT, unseen) == ["neutral"] * 90
    assert labels(fitted, unseen) == [row.label for row in unseen]


def test_rows_that_are_not_read_in_windows_do_not_count():
    short = [Row("n", "positive", "letters"), Row("p", "negative", "letters")] * 50
    assert fit_long_text_head(EXPERT, ROWS + short) == fit_long_text_head(EXPERT, ROWS)


def test_the_fitted_probabilities_do_not_depend_on_the_calibration_of_the_expert():
    calibrated = replace(EXPERT, temperature=2.5, bias=(0.7, -0.2, -0.5))
    texts = [row.text for row in ROWS]
    expected = with_head(EXPERT, fit_long_text_head(EXPERT, ROWS)).probabilities(texts)
    found = with_head(calibrated, fit_long_text_head(calibrated, ROWS)).probabilities(texts)
    # weights are rounded to five decimals
    assert found == pytest.approx(expected, abs=1e-3)
    # and they are about as confident as right: all of them are right
    assert found.max(axis=1).mean() > 0.9


def test_an_exported_expert_gets_a_head_that_changes_the_reading_of_long_texts_only(zh_version):
    expert = manifests.read(zh_version).experts["zh"]
    parts = unseen_parts("zh")
    messages = long_messages("zh", parts, calm_sentences("zh", parts, corpus_dir=""), 12, seed=1)
    made = with_long_text_head(zh_version, expert, [row for row, _ in messages])
    assert [len(row) for row in made.long_text_head] == [FEATURES + 1] * len(LABELS)
    assert made.model_copy(update={"long_text_head": None}) == expert
    served = models.load(zh_version).experts["zh"]
    fitted = with_head(served, made.long_text_head)
    assert fitted.logits(["好的"]).tolist() == served.logits(["好的"]).tolist()
    long = [messages[0][0].text]
    assert np.abs(fitted.logits(long) - served.logits(long)).max() > 0.1
