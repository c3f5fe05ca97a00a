"""Parts of the gate rows by hand, and which behaviours a challenger is asked for; the verdict is in test_retrain."""

from collections import Counter

import numpy as np
import pytest

from product.sentiment import LABELS
from product.settings.rules import GateRules
from training.data.rows import Row
from training.data.templates import Case
from training.retraining import compare as judging
from training.retraining.compare import FAIRNESS, first_cases, gate_slices
from training.retraining.dataset import RetrainDataset, TrainingSet

ROWS = [
    Row("Late.", "negative", "airline"),
    Row("x" * 60, "neutral", "airline"),
    Row("x" * 61, "positive", "desk-en"),
    Row("x" * 159, "negative", "desk-en"),
    Row("x" * 160, "neutral", "desk-en"),
    Row("坏了。", "negative", "desk-zh"),
]
WAS_RIGHT = np.array([True, True, False, True, False, True])
IS_RIGHT = np.array([True, False, True, True, False, False])


def sliced(languages: tuple[str, ...], rows: slice = slice(None)) -> dict[str, tuple[list[bool], list[bool]]]:
    found = gate_slices(ROWS[rows], WAS_RIGHT[rows], IS_RIGHT[rows], languages)
    return {name: (before.tolist(), after.tolist()) for name, (before, after) in found.items()}


def test_gate_rows_are_parted_by_reader_label_length_and_corpus():
    assert sliced(("en", "zh")) == {
        "read in en": ([True, True, False, True, False], [True, False, True, True, False]),
        "read in zh": ([True], [False]),
        "negative": ([True, True, True], [True, True, False]),
        "neutral": ([True, False], [False, False]),
        "positive": ([False], [True]),
        "short": ([True, True, True], [True, False, False]),  # up to 60 characters
        "middling": ([False, True], [True, True]),  # 61 and 159
        "long": ([False], [False]),  # from 160 on
        "airline": ([True, True], [True, False]),
        "desk-en": ([False, True, False], [True, True, False]),
        "desk-zh": ([True], [False]),
    }


def test_the_only_expert_reads_every_gate_row():
    found = sliced(("en",))
    assert found["read in en"] == (WAS_RIGHT.tolist(), IS_RIGHT.tolist())
    assert "read in zh" not in found


def test_a_part_without_a_row_is_no_part():
    assert set(sliced(("en", "zh"), slice(0, 1))) == {"read in en", "negative", "short", "airline"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_forty_cases_of_each_capability_are_asked_the_first_from_each_template(language):
    cases = first_cases(language)
    counts = Counter(case.capability for case in cases)
    assert set(counts.values()) == {40}
    assert len(counts) == 28
    assert sum(case.capability in FAIRNESS for case in cases) == 200  # 5 * 40
    everything = judging.behaviours.cases(language)
    for capability in counts:
        of_it = [case for case in everything if case.capability == capability]
        asked = [case for case in cases if case.capability == capability]
        assert asked == of_it[:40]
        assert {case.template for case in asked} == {case.template for case in of_it}


def test_behaviours_are_asked_for_in_the_languages_that_something_was_learned_in(monkeypatch):
    # In place of models: what each fails, of six cases of which the third and the fourth are on fairness.
    cases = [Case(name, "label", ("text",), "neutral", "", 1) for name in (*"ab", *FAIRNESS[:2], *"cd")]
    fails = {"champion": [1, 0, 0, 0, 0, 0], "challenger": [0, 0, 1, 0, 0, 1]}
    monkeypatch.setattr(judging, "first_cases", lambda language: cases)
    monkeypatch.setattr(judging.behaviours, "score", lambda model, cases: model)
    monkeypatch.setattr(judging.behaviours, "judge", lambda cases, scores: np.array(fails[scores], dtype=bool))
    material = RetrainDataset({"zh": TrainingSet([], [], [])}, [], np.zeros(0), [], {})
    found = judging.behaviour_slices(("champion", "challenger"), material, print)
    assert {name: [passed.tolist() for passed in pair] for name, pair in found.items()} == {
        "fairness in zh": [[True, True], [False, True]],
        "behaviours in zh": [[False, True, True, True], [True, True, True, False]],
    }


class Says:
    """In place of a model: one label for each text that it was told of, neutral for the others."""

    def __init__(self, version: str, **labels: str):
        self.version, self.experts, self.labels = version, {"en": None}, labels

    def probabilities(self, texts: list[str]) -> np.ndarray:
        return np.array(
            [[0.8 if self.labels.get(text, "neutral") == label else 0.1 for label in LABELS] for text in texts]
        )


def test_what_versions_lose_one_after_the_other_is_seen_against_the_shipped_one():
    names = [f"text{number}" for number in range(2000)]
    rows = [Row(name, "negative", "airline") for name in names]
    # Nine lost have an interval to -0.77 points, eighteen one to -1.34.
    shipped, champion, challenger = (
        Says(version, **dict.fromkeys(names[lost:], "negative")) for version, lost in (("s", 0), ("a", 9), ("b", 18))
    )
    material = RetrainDataset({}, [], np.zeros(0), rows, {}, again=True)
    alone, _, right = judging.judge(champion, challenger, material, GateRules(), print)
    beside, _, _ = judging.judge(champion, challenger, material, GateRules(), print, shipped)
    assert alone.checks[0].passed
    assert (right.sum(), right[:18].any()) == (1982, False)
    assert [check.name for check in beside.checks[:2]] == ["gate rows (2,000)", "gate rows (2,000) against s"]
    assert [check.passed for check in beside.checks[:2]] == [True, False]


def test_a_review_is_judged_between_the_two_classes_that_its_corpus_has():
    scores = np.array([[0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
    rows = [Row("a film", "negative", "imdb"), Row("a mail", "negative", "desk-en")]
    assert judging.right(scores, rows).tolist() == [True, False]
