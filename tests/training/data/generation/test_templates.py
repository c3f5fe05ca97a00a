import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import jieba
import pytest

from training.data.generation import templates
from training.data.generation.templates import CASES, LANGUAGES, generate, read_templates, template_texts, training_rows
from training.data.rows import Row


def write(folder, monkeypatch, words, capabilities, name):
    monkeypatch.setattr(templates, "FOLDER", folder)
    content = {"language": "en", "words": words, "capabilities": capabilities}
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_training_rows_keep_cases_whole_and_skip_templates_without_a_label(tmp_path, monkeypatch):
    words = {"city": ["A", "B"], "typo": [["good", "goood"]]}
    capabilities = {
        "plain": {"test": "label", "templates": [{"text": "from {city}", "label": "neutral"}]},
        "typos": {
            "test": "invariance",
            "templates": [{"text": "it is {typo}", "vary": "typo", "label": "positive"}, {"texts": ["x", "y"]}],
        },
        "more": {
            "test": "direction",
            "templates": [{"text": "bad", "then": "very bad", "label": "negative", "moves": "up"}],
        },
    }
    write(tmp_path, monkeypatch, words, capabilities, "train-en")
    rows = training_rows("en", 10, seed=1)
    assert sorted(row.text for row in rows[:2]) == ["from A", "from B"]
    assert [(row.text, row.label) for row in rows[2:]] == [
        ("it is good", "positive"),
        ("it is goood", "positive"),
        ("bad", "negative"),
        ("very bad", "negative"),
    ]
    assert {row.source for row in rows} == {"behaviours-en"}
    assert training_rows("en", 1, seed=1)[1:3] == [
        Row("it is good", "positive", "behaviours-en"),
        Row("it is goood", "positive", "behaviours-en"),
    ]


def english_words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[a-z]+", text.lower())


def shared_with_suite(language: str, segment: Callable[[str], Iterable[str]]) -> tuple[set[str], set[str]]:
    """(template texts, content words) that the suite and the training templates share: both sets must be empty.

    `segment` splits a text into words. Content words are those outside data/behaviours/function-words-<language>.txt;
    in Chinese, only those with a Chinese character.
    """
    files = [read_templates(language), read_templates(f"train-{language}")]
    suite_texts, training_texts = (
        {text for template in all_templates(file) for text in template_texts(template)} for file in files
    )
    suite_words, training_words = (vocabulary(file, segment) for file in files)
    function_words = (templates.FOLDER / f"function-words-{language}.txt").read_text(encoding="utf-8").split()
    words = (suite_words & training_words) - set(function_words)
    content = {word for word in words if language != "zh" or re.search(r"[\u4e00-\u9fff]", word)}
    return suite_texts & training_texts, content


def all_templates(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [template for capability in file["capabilities"].values() for template in capability["templates"]]


def vocabulary(file: dict[str, Any], segment: Callable[[str], Iterable[str]]) -> set[str]:
    filled = [case.texts for name in file["capabilities"] for case in generate(file, name, CASES, "vocabulary")]
    listed = [entry if isinstance(entry, list) else [entry] for entries in file["words"].values() for entry in entries]
    return {word for texts in (*filled, *listed) for text in texts for word in segment(text)}


def test_shared_templates_and_content_words_are_found(tmp_path, monkeypatch):
    for name, text, good in (("en", "The {thing} is {good}.", "Lovely"), ("train-en", "Is the lamp {good}?", "lovely")):
        template = {"text": text, "label": "positive"}
        words = {"thing": ["lamp"], "good": [good]}
        write(tmp_path, monkeypatch, words, {"x": {"test": "label", "templates": [template]}}, name)
    (tmp_path / "function-words-en.txt").write_text("the is")
    assert shared_with_suite("en", english_words) == (set(), {"lamp", "lovely"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_suite_and_training_templates_share_no_template_and_no_content_word(language):
    jieba.setLogLevel("ERROR")
    segment = jieba.lcut if language == "zh" else english_words
    assert shared_with_suite(language, segment) == (set(), set())
