"""The behavioural suite: its cases, which of them fail, and the summary."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest

from training.data.generation import templates as data_templates
from training.data.generation.templates import LANGUAGES, BadTemplates, Case
from training.data.readers import DATA
from training.evaluation import behaviours
from training.evaluation.behaviours import (
    cases,
    failed_cases,
    measure,
    summarise,
    template_cases,
)


def case(test, texts=1, label="", moves="", capability="x", family="f"):
    return Case(capability, test, tuple(f"text {number}" for number in range(texts)), label, moves, 1, family)


def write(folder, monkeypatch, words, capabilities, name="en"):
    monkeypatch.setattr(data_templates, "FOLDER", folder)
    suite = {"language": "en", "words": words, "capabilities": capabilities}
    (folder / f"{name}.json").write_text(json.dumps(suite), encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_capability_with_templates_has_240_different_cases_spread_evenly_over_them(language):
    suite = template_cases(language)
    by_name = Counter(test_case.capability for test_case in suite)
    assert len(by_name) == 39 and set(by_name.values()) == {240}
    assert len({(test_case.capability, frozenset(test_case.texts)) for test_case in suite}) == len(suite)
    for name in by_name:
        shares = Counter(test_case.template for test_case in suite if test_case.capability == name).values()
        assert max(shares) - min(shares) <= 1
    assert not any("{" in text for test_case in suite for text in test_case.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_attribute_has_many_frames_and_values_and_two_texts_that_differ_only_in_it(language):
    templates = data_templates.read_templates(language)
    for attribute in behaviours.ATTRIBUTES:
        capability = templates["capabilities"][f"attribute-{attribute}"]
        assert len(capability["templates"]) >= 12 and capability["test"] == "pair"
        assert all(len(templates["words"][template["vary"]]) >= 15 for template in capability["templates"])
    pairs = [test_case for test_case in cases(language) if test_case.test == "pair"]
    assert len(pairs) == 2400 and all(len(set(test_case.texts)) == 2 for test_case in pairs)
    assert {f"attribute-{attribute}" for attribute in behaviours.ATTRIBUTES} <= set(behaviours.FAIRNESS)


def test_the_suite_has_the_committed_digest():
    assert behaviours.digest() == behaviours.committed_digest()


def test_the_suite_is_the_same_for_every_hash_seed():
    command = [sys.executable, "-c", "from training.evaluation import behaviours; print(behaviours.digest())"]
    found = {
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, cwd=DATA.parent, capture_output=True).stdout
        for seed in ("1", "2")
    }
    assert found == {behaviours.digest().encode() + b"\n"}


def test_a_slot_and_its_second_get_different_words(tmp_path, monkeypatch):
    words = {"n": [str(number) for number in range(20)]}
    templates = [{"text": f"{name} {{n}} {{n2}}", "label": "neutral"} for name in "abcdefghijkl"]
    write(tmp_path, monkeypatch, words, {"x": {"test": "label", "templates": templates}})
    pairs = [test_case.texts[0].split()[1:] for test_case in template_cases("en")]
    assert len(pairs) == 240 and all(first != second for first, second in pairs)


def test_a_varied_slot_takes_five_words_or_all_variants_of_a_list_in_order(tmp_path, monkeypatch):
    words = {
        "city": ["A", "B", "C", "D", "E", "F"],
        "typo": [["good", "goood"], ["fine", "fien"]],
        "n": [str(number) for number in range(100)],
    }
    strings = [{"text": f"{name} {{n}} {{city}} {{city2}}", "vary": "city"} for name in "abcdef"]
    lists = [{"text": f"{name} {{n}} {{typo}}", "vary": "typo"} for name in "ghijkl"]
    write(tmp_path, monkeypatch, words, {"x": {"test": "invariance", "templates": strings + lists}})
    for test_case in template_cases("en"):
        parts = [text.split() for text in test_case.texts]
        assert len({tuple(part[:2]) for part in parts}) == 1
        if test_case.template <= 6:
            assert len(parts) == 5 == len({part[2] for part in parts})
            assert parts[0][3] not in {part[2] for part in parts}
        else:
            assert [part[2] for part in parts] in words["typo"]


@pytest.mark.parametrize(
    ("templates", "error"),
    [
        (
            12 * [{"text": "a {colour}", "label": "neutral"}],
            "mood: the slot {colour} is not known; the known slots are n",
        ),
        (9 * [{"text": "a {n}", "label": "neutral"}], "mood: 9 templates; at least 10 are needed"),
        (
            [{"text": f"{name} {{n}}", "label": "neutral"} for name in "abcdefghijk"],
            "only 110 different cases; at least 200 are needed",
        ),
    ],
)
def test_a_suite_with_an_invalid_capability_is_refused_with_its_name(tmp_path, monkeypatch, templates, error):
    words = {"n": [str(number) for number in range(10)]}
    write(tmp_path, monkeypatch, words, {"mood": {"test": "label", "templates": templates}})
    with pytest.raises(BadTemplates) as caught:
        cases("en")
    assert "mood" in str(caught.value) and error in str(caught.value)


def test_a_label_case_fails_when_another_label_leads():
    suite = [case("label", label="negative"), case("label", label="negative")]
    scores = [np.array([[0.4, 0.3, 0.3]]), np.array([[0.4, 0.5, 0.1]])]
    assert failed_cases(suite, scores).tolist() == [False, True]


@pytest.mark.parametrize(
    ("rows", "fails"),
    [
        ([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]], False),  # moved by 0.2, the same label
        ([[0.5, 0.45, 0.05], [0.45, 0.5, 0.05]], False),  # another label, but the probability changes too little
        ([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1]], True),
        ([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]], True),  # the last of three
        (
            [[0.5, 0.45, 0.05], [0.45, 0.5, 0.05], [0.9, 0.05, 0.05]],
            False,
        ),  # no text changes both
        ([[0.5, 0.4, 0.1], [0.4, 0.5, 0.1]], False),  # exactly 0.1 is not more than 0.1
    ],
)
def test_an_invariance_case_fails_when_a_variant_changes_label_and_probability(rows, fails):
    assert failed_cases([case("invariance", len(rows))], [np.array(rows)]).tolist() == [fails]


@pytest.mark.parametrize(
    ("rows", "fails"),
    [
        ([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]], False),
        ([[0.5, 0.45, 0.05], [0.45, 0.5, 0.05]], True),  # another label, however close the decision
    ],
)
def test_a_pair_fails_when_the_label_changes(rows, fails):
    assert failed_cases([case("pair", 2)], [np.array(rows)]).tolist() == [fails]


@pytest.mark.parametrize(
    ("label", "moves", "rows", "fails"),
    [
        ("positive", "up", [[0.1, 0.2, 0.7], [0.2, 0.25, 0.55]], True),
        ("positive", "up", [[0.1, 0.2, 0.7], [0.1, 0.3, 0.6]], False),  # exactly 0.1
        ("positive", "up", [[0.1, 0.2, 0.7], [0.0, 0.05, 0.95]], False),
        ("negative", "down", [[0.5, 0.3, 0.2], [0.7, 0.2, 0.1]], True),
        ("negative", "down", [[0.7, 0.2, 0.1], [0.8, 0.1, 0.1]], False),  # 0.8 - 0.7 > 0.1 in floating point
        ("negative", "down", [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]], False),
    ],
)
def test_a_direction_case_fails_when_the_probability_moves_the_wrong_way(label, moves, rows, fails):
    assert failed_cases([case("direction", 2, label, moves)], [np.array(rows)]).tolist() == [fails]


def test_mean_and_worst_give_capabilities_the_same_weight():
    suite = [case("label", label="neutral", capability=name) for name in "aaaab"]
    worst = {"family": "f", "cases": 4, "failures": 1, "rate": 0.25}
    assert summarise(suite, np.array([True, False, False, False, True])) == {
        "a": {"cases": 4, "failures": 1, "rate": 0.25, "worst_family": worst},
        "b": {"cases": 1, "failures": 1, "rate": 1.0, "worst_family": worst | {"cases": 1, "rate": 1.0}},
        "mean": 0.625,
        "worst": 1.0,
        "worst_capability": "b",
    }


def test_the_worst_family_is_the_one_with_the_highest_rate_and_none_where_no_case_fails():
    suite = [case("label", capability="a", family=family) for family in "xxxyyz"]
    suite.append(case("label", capability="b"))
    summary = summarise(suite, np.array([True, True, False, True, True, False, False]))
    assert summary["a"]["worst_family"] == {"family": "y", "cases": 2, "failures": 2, "rate": 1.0}
    assert summary["b"]["worst_family"] is None


def test_texts_are_read_as_they_are_served_without_invisible_characters_and_identifiers():
    model = AlwaysNeutral()
    hidden = Case("x", "label", ("ter\u200brible, write to tom@example.com",), "negative", "", 1, "f")
    behaviours.score(model, [hidden])
    assert model.read == ["terrible, write to [email]"]


@dataclass
class AlwaysNeutral:
    read: list[str] = field(default_factory=list)

    def probabilities(self, texts):
        self.read += texts
        return np.tile([0.2, 0.7, 0.1], (len(texts), 1))


def test_measuring_scores_each_text_once_and_a_constant_model_fails_only_label_cases():
    model = AlwaysNeutral()
    measured = measure(model, "en")
    assert len(model.read) == len(set(model.read))
    assert measured["questions"] == {"cases": 240, "failures": 0, "rate": 0.0, "worst_family": None}
    assert measured["not-received"]["rate"] == 1.0 and measured["plain-facts"]["rate"] == 0.0
    assert measured["negation-near"]["rate"] == 1.0
    assert measured["names"]["rate"] == measured["intensifiers"]["rate"] == 0.0
    assert measured["worst"] == 1.0
