"""The benchmark of the rules that select an expert: its messages, its rules and its tables, on hand-made scores."""

from collections import Counter

import numpy as np
import pytest

from benchmarks import languages
from product.inference.text.language import HAN, detect_language
from product.sentiment import LABELS
from training.data import catalogue as corpora
from training.data.cleaning import key
from training.data.rows import Row


@pytest.fixture(scope="module")
def rows():
    return languages.mixed_rows()


def test_mixed_messages_are_balanced_by_edition_main_language_and_label(rows):
    for part in rows.values():
        found = Counter((row.source, row.label) for row in part)
        assert found == {(edition, label): 20 for edition in languages.EDITIONS for label in LABELS}


def test_every_mixed_message_is_unique_and_uses_both_scripts(rows):
    texts = [row.text for part in rows.values() for row in part]
    assert len(set(map(key, texts))) == len(texts) == 240
    for text in texts:
        assert HAN.search(text) and any("a" <= character <= "z" for character in text.lower()), text


def test_no_mixed_message_is_a_training_row(rows):
    trained = {
        key(row.text) for name in ("replay-en", "replay-zh") for row in corpora.load(name, "train", corpus_dir="")
    }
    assert not trained & {key(row.text) for part in rows.values() for row in part}


def test_the_rule_of_the_product_finds_the_main_language_of_mixed_messages(rows):
    found = [(language, detect_language(row.text)) for language, part in rows.items() for row in part]
    assert {code for _, code in found} == {"en", "zh"}
    assert sum(language == code for language, code in found) >= 0.95 * len(found)


def test_the_share_counts_only_letters():
    assert languages.han_share("好 ok 1!") == pytest.approx(1 / 3)
    assert languages.han_share("12:30 😡") == 0


def test_accuracy_uses_the_prediction_of_the_expert_that_the_rule_selects():
    # the English expert predicts negative for all rows, the Chinese one positive
    scores = {"en": np.tile([0.8, 0.1, 0.1], (3, 1)), "zh": np.tile([0.1, 0.1, 0.8], (3, 1))}
    rows = [Row("太慢了", "negative", ""), Row("很好", "positive", ""), Row("slow", "negative", "")]
    scored = languages.ScoredRows("three", rows, scores)
    rules = languages.rules()
    found = {name: round(3 * languages.accuracy(scored, rule)) for name, rule in rules.items()}
    assert found["the English expert alone"] == 2
    assert found["the Chinese expert alone"] == 1
    assert found["by frame (the product's rule)"] == 2
    assert found["by script, 50% Chinese"] == 2


@pytest.fixture(scope="module")
def both(zh_version):
    """A model that uses the tiny expert for both languages; the tables do not depend on its predictions."""
    expert = languages.models.load(zh_version).experts["zh"]
    return languages.Model("both-1", {"en": expert, "zh": expert})


def test_the_table_of_accuracies_has_a_row_for_each_rule(both):
    table = languages.accuracies(both, corpus_dir="")
    assert table.row_count == 3 + len(languages.MIN_SHARES)
    assert [str(column.header) for column in table.columns][1] == "mixed (240)"


def test_the_table_of_costs_adds_up_the_sizes(both, zh_version, monkeypatch):
    monkeypatch.setattr(languages, "compare", lambda models, texts, size: [100.0, 50.0, 80.0])
    table = languages.costs(both, {"en": 23_000_000, "zh": 31_500_000})
    assert list(table.columns[2].cells) == ["1.00", "0.50", "0.80"]
    assert list(table.columns[3].cells) == ["23.0 MB", "31.5 MB", "54.5 MB"]
    assert languages.serving_sizes(zh_version) == {"zh": (zh_version / "zh/model.onnx").stat().st_size}
