"""Slices, behaviours and cached scores of champion and challenger; the rules are in test_gate.py."""

import numpy as np
import pytest

from product.codes import CheckCode
from product.sentiment import LABELS
from product.settings.rules import GateRules
from training.data.generation.kinds.words import LONG
from training.data.generation.templates import Case
from training.data.rows import Row
from training.evaluation.behaviours import FAIRNESS
from training.retraining import compare as comparing
from training.retraining.compare import References, ScoredModel, compare, first_cases, gate_slices
from training.retraining.dataset import RetrainDataset

ROWS = [
    Row("Late.", "negative", "airline"),
    Row("x" * 60, "neutral", "airline"),
    Row("x" * 61, "positive", "desk-en"),
    Row("x" * 140, "negative", "desk-en"),
    Row("x" * 141, "neutral", "desk-en"),
    Row("坏了。", "negative", "desk-zh"),
]
BEFORE = np.array([True, True, False, True, False, True])
AFTER = np.array([True, False, True, True, False, False])


def sliced(languages: tuple[str, ...], rows: slice = slice(None)) -> dict[str, tuple[list[bool], list[bool]]]:
    found = gate_slices(ROWS[rows], BEFORE[rows], AFTER[rows], languages)
    return {subject: (before.tolist(), after.tolist()) for subject, (before, after) in found.items()}


def test_gate_rows_are_sliced_by_expert_label_length_and_corpus():
    assert sliced(("en", "zh")) == {
        "language:en": ([True, True, False, True, False], [True, False, True, True, False]),
        "language:zh": ([True], [False]),
        "label:negative": ([True, True, True], [True, True, False]),
        "label:neutral": ([True, False], [False, False]),
        "label:positive": ([False], [True]),
        "length:short": ([True, True, True], [True, False, False]),  # up to 60 characters
        "length:medium": ([False, True], [True, True]),  # 61 and 140
        "length:long": ([False], [False]),  # 141
        "corpus:airline": ([True, True], [True, False]),
        "corpus:desk-en": ([False, True, False], [True, True, False]),
        "corpus:desk-zh": ([True], [False]),
    }


def test_composed_mail_is_sliced_by_its_kind_as_well_as_by_its_corpus():
    # Both corpora share the kind `failure`; the airline row has none.
    sources = ("composed-en:failure", "composed-en:facts", "composed-zh:failure", "airline")
    rows = [Row(f"text {number}", "negative", source) for number, source in enumerate(sources)]
    found = gate_slices(rows, np.array([True, True, False, True]), np.array([True, False, True, True]), ("en",))
    sliced = {subject: (before.tolist(), after.tolist()) for subject, (before, after) in found.items()}
    assert {subject for subject in sliced if subject.startswith("kind:")} == {"kind:failure", "kind:facts"}
    assert sliced["kind:failure"] == ([True, False], [True, True])
    assert sliced["kind:facts"] == ([True], [False])
    assert sliced["corpus:composed-en"] == ([True, True], [True, False])


def test_the_only_expert_reads_every_gate_row():
    found = sliced(("en",))
    assert found["language:en"] == (BEFORE.tolist(), AFTER.tolist())
    assert "language:zh" not in found


def test_empty_slices_are_left_out():
    assert set(sliced(("en", "zh"), slice(0, 1))) == {
        "language:en",
        "label:negative",
        "length:short",
        "corpus:airline",
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_models_are_run_on_twenty_cases_of_each_capability_from_every_template_and_on_three_long_ones(language):
    cases = first_cases(language)
    whole_suite = comparing.behaviours.cases(language)
    assert sum(case.capability in FAIRNESS for case in cases) == 300  # 15 * 20
    for capability in {case.capability for case in whole_suite}:
        of_capability = [case for case in whole_suite if case.capability == capability]
        chosen = [case for case in cases if case.capability == capability]
        families = {case.template for case in of_capability}
        count = 3 if capability in LONG else max(20, len(families))
        assert chosen == of_capability[:count]
        assert capability in LONG or {case.template for case in chosen} == families


def test_behaviours_are_compared_in_the_languages_that_were_trained(monkeypatch):
    # In place of models: what each fails, of six cases of which the third and the fourth are about fairness.
    cases = [Case(name, "label", ("text",), "neutral", "", 1, "f") for name in (*"ab", *FAIRNESS[:2], *"cd")]
    fails = {"champion": [1, 0, 0, 0, 0, 0], "challenger": [0, 0, 1, 0, 0, 1]}
    monkeypatch.setattr(comparing, "first_cases", lambda language: cases)
    monkeypatch.setattr(comparing.behaviours, "score", lambda model, cases: model)
    monkeypatch.setattr(comparing.behaviours, "failed_cases", lambda cases, scores: np.array(fails[scores], dtype=bool))
    found = comparing.behaviour_slices("champion", "challenger", ["zh"])
    assert {subject: [passed.tolist() for passed in pair] for subject, pair in found.items()} == {
        "fairness:zh": [[True, True], [False, True]],
        "behaviours:zh": [[False, True, True, True], [True, True, True, False]],
    }


class LookupModel:
    """In place of a model: a given label for some texts, neutral for all others. Counts how often it is called."""

    def __init__(self, version: str, **labels: str):
        self.version, self.experts, self.labels, self.calls = version, {"en": None}, labels, 0

    def probabilities(self, texts: list[str]) -> np.ndarray:
        self.calls += 1
        return np.array(
            [[0.8 if self.labels.get(text, "neutral") == label else 0.1 for label in LABELS] for text in texts]
        )


def test_losses_that_add_up_over_several_versions_fail_against_the_shipped_version():
    texts = [f"text{number}" for number in range(2000)]
    rows = [Row(text, "negative", "airline") for text in texts]
    # Nine lost rows have an interval to -0.77 points, eighteen one to -1.34.
    shipped, champion, challenger = (
        ScoredModel(LookupModel(version, **dict.fromkeys(texts[lost:], "negative")))
        for version, lost in (("s", 0), ("a", 9), ("b", 18))
    )
    dataset = RetrainDataset({}, [], np.zeros(0), rows, nothing_new=True)
    alone = compare(References(champion), challenger, dataset, GateRules())
    beside = compare(References(champion, shipped), challenger, dataset, GateRules())
    assert alone.verdict.checks[0].passed
    assert (alone.correct.sum(), alone.correct[:18].any()) == (1982, False)
    checks = [(check.code, check.subject, check.passed) for check in beside.verdict.checks[:2]]
    assert checks == [(CheckCode.gate_rows, "", True), (CheckCode.gate_rows_shipped, "s", False)]


def test_the_same_rows_are_scored_once():
    model = LookupModel("a", late="negative")
    scored = ScoredModel(model)
    first, again = scored.probabilities(["late", "early"]), scored.probabilities(["late", "early"])
    assert (model.calls, first.tolist()) == (1, again.tolist())
    assert scored.probabilities(["late"]).shape == (1, 3)
    assert model.calls == 2


def test_a_challenger_is_compared_again_without_scoring_the_champion_again():
    model = LookupModel("a", late="negative")
    rows = [Row("late", "negative", "airline"), Row("early", "neutral", "airline")]
    dataset = RetrainDataset({}, [], np.zeros(0), rows, nothing_new=True)
    references = References(ScoredModel(model))
    for version in "bc":
        compare(references, ScoredModel(LookupModel(version)), dataset, GateRules())
    assert model.calls == 1


def test_no_texts_have_no_probabilities():
    assert ScoredModel(LookupModel("a")).probabilities([]).shape == (0, 3)


def test_a_corpus_without_a_neutral_class_is_scored_between_the_two_others():
    scores = np.array([[0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
    rows = [Row("a film", "negative", "imdb"), Row("a mail", "negative", "desk-en")]
    assert comparing.is_correct(scores, rows).tolist() == [True, False]
