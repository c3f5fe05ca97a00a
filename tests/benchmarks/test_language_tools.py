"""The benchmark of tools that tell languages apart: its messages, its counts and its table."""

from collections import Counter

import pytest

from benchmarks import language_tools
from benchmarks.language_tools import Errors, Message


@pytest.fixture(scope="module")
def rows():
    return language_tools.messages()


def test_every_language_has_forty_messages_in_both_splits(rows):
    counts = Counter(row.language for row in rows)
    assert len(counts) == 26 and min(counts.values()) >= 40
    assert {row.split for row in rows} == {"dev", "test"}
    assert (
        len({row.text for row in rows if row.split == "dev"} & {row.text for row in rows if row.split == "test"}) == 0
    )


def test_errors_are_counted_by_kind():
    answers = {"late": "en", "lol": "de", "spät": "en", "tard": "fr", "tarde": "pt"}
    languages = {"late": "en", "lol": "en", "spät": "de", "tard": "fr", "tarde": "es"}
    rows = [Message(text, language, "test") for text, language in languages.items()]
    assert language_tools.errors(answers.__getitem__, rows) == Errors(
        readable=2, refused=1, others=3, missed=1, renamed=1
    )


@pytest.mark.parametrize(("text", "code"), [("furchtbar", "en"), ("这个 app 很好", "zh"), ("ужас", "und")])
def test_the_earlier_rule_goes_by_script(text, code):
    assert language_tools.by_script(text) == code


def test_the_table_has_a_row_for_each_installed_tool(monkeypatch):
    monkeypatch.setattr(language_tools, "find_spec", lambda name: None)
    table = language_tools.table()
    assert table.row_count == 3
    assert list(table.columns[-1].cells)[0] == "1.00"
