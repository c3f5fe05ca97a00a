import pytest

from training.data.catalogue import load
from training.data.generation import composition
from training.data.generation.composition import NEGATIVE, NEUTRAL, PATTERNS, POSITIVE, compose, parts

LANGUAGES = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_part_is_in_two_splits(language):
    seen: dict[str, str] = {}
    for split in ("train", "validation", "gate", "test"):
        for texts in parts(language, split).values():
            for text in texts:
                assert seen.setdefault(text.strip().lower(), split) == split, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_hundreds_of_failures_facts_and_requests(language):
    lists = parts(language, "train")
    for category in ("failure", "fact"):
        assert len(lists[category]) >= 180
    assert {*NEGATIVE, *NEUTRAL, *POSITIVE} <= set(lists) == set(parts(language, "test")) | set(lists)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_seed_composes_the_same_messages_and_another_seed_others(language):
    assert compose(language, "train", 50, seed=1) == compose(language, "train", 50, seed=1)
    assert compose(language, "train", 50, seed=1) != compose(language, "train", 50, seed=2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_composed_messages_differ_and_have_the_three_labels(language):
    found = compose(language, "test", 300, seed=0)
    assert len({row.text for row in found}) == len(found) == 300
    assert {row.label for row in found} == {"negative", "neutral", "positive"}


@pytest.fixture
def tiny_parts(monkeypatch):
    """Each category has one part: its own name."""
    names = {*NEGATIVE, *NEUTRAL, *POSITIVE, "greeting", "closing", "thanks_formula", "signature", "agent_reply"}
    monkeypatch.setattr(composition, "_read", lambda name: {category: [category] for category in names})


@pytest.mark.parametrize(
    ("kind", "label", "contains"),
    [
        ("failure-request", "negative", ("failure", "not_received")),
        ("complaint-polite", "negative", ("feeling_negative", "threat", "sarcasm", "praise_then", "good_then", "mild")),
        ("praise-failure", "negative", ("failure", "not_received", "praise_then_failure")),
        ("formula-failure", "negative", ("failure", "not_received")),
        ("own-doing", "neutral", ("own_doing",)),
        ("loaded-facts", "neutral", ("loaded_fact",)),
        ("praise-request", "positive", POSITIVE),
    ],
)
def test_a_kind_has_its_label_and_the_part_that_decides_it(tiny_parts, kind, label, contains):
    for row in compose("en", "test", 3, seed=0, kinds=[kind]):
        assert (row.kind, row.label) == (kind, label)
        assert any(category in row.text for category in contains)


def test_neutral_kinds_contain_no_part_with_another_label(tiny_parts):
    for kind in ("facts", "loaded-facts", "business", "own-doing", "formula-business"):
        for row in compose("en", "test", 5, seed=0, kinds=[kind]):
            words = row.text.replace(".", " ").replace(",", " ").split()
            assert not set(words) & {*NEGATIVE, *POSITIVE}


def test_every_kind_is_drawn_for_the_splits_that_are_measured():
    assert {row.kind for row in compose("zh", "gate", 200, seed=0)} == set(PATTERNS)
    # English has no parts that mix in Chinese words.
    assert {row.kind for row in compose("en", "gate", 200, seed=0)} == set(PATTERNS) - {"mixed"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_composed_rows_of_every_split(language):
    for split in ("gate", "validation"):
        rows = load(f"composed-{language}", split, corpus_dir="")
        assert len(rows) == composition.ROWS[split]
        assert {row.corpus for row in rows} == {f"composed-{language}"}
        assert {row.kind for row in rows} <= set(PATTERNS)
