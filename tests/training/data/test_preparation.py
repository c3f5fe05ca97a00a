import random
from collections import Counter

import pytest
from datasets import Dataset

from tests.support.corpora import rows
from training.data import preparation
from training.data.catalogue import load
from training.data.preparation import evaluation_rows, parse_request, prepare, sample
from training.data.rows import BadRequest, CorpusUnavailable, Step, review_split


def test_a_sample_balances_labels_as_far_as_the_rows_allow():
    given = rows(
        *[(f"a {n}", "negative") for n in range(50)], *[(f"b {n}", "neutral") for n in range(20)], ("c", "positive")
    )
    chosen, step = sample(given, 31, seed=5)
    # the one positive row, then 15 of each of the others
    assert Counter(row.label for row in chosen) == {"negative": 15, "neutral": 15, "positive": 1}
    assert len(set(chosen)) == 31
    assert (step.kept, step.dropped, step.added) == (31, 40, 0)
    assert sample(given, 31, seed=5)[0] == chosen != sample(given, 31, seed=6)[0]


def test_a_sample_larger_than_the_rows_repeats_each_row_equally_often():
    given = rows(("a", "negative"), ("b", "neutral"), ("c", "positive"))
    chosen, step = sample(given, 8, seed=5)
    assert sorted(Counter(row.text for row in chosen).values()) == [2, 3, 3]
    assert (step.kept, step.dropped, step.added) == (8, 0, 5)
    assert str(step) == "sample: kept 8 (5 of them new), dropped 0 (3 rows, repeated to 8)"


def test_a_sample_as_large_as_the_rows_has_each_row_once():
    given = rows(("a", "negative"), ("b", "neutral"))
    chosen, step = sample(given, 2, seed=5)
    assert chosen == given
    assert (step.kept, step.dropped, step.added) == (2, 0, 0)


def test_a_sample_of_no_rows_is_empty():
    assert sample([], 5, seed=5) == ([], Step("sample", 0, 0, "there are no rows to sample"))


@pytest.mark.parametrize(("request_", "parsed"), [("imdb", ("imdb", None)), ("imdb=8000", ("imdb", 8000))])
def test_a_request_is_a_corpus_with_an_optional_number_of_rows(request_, parsed):
    assert parse_request(request_) == parsed


@pytest.mark.parametrize("number", ["", "0", "-5", "1.5", "many", "²", "8,000", "1=2", "9999999999"])
def test_a_request_with_an_invalid_number_of_rows_is_refused(number):
    with pytest.raises(BadRequest, match=f"--corpus imdb={number}: the number of rows after = must be"):
        parse_request(f"imdb={number}")


@pytest.fixture
def training_rows(folder):
    """Write 1,000 Chinese reviews that share no pair of characters, and four that some step drops, to the corpus
    folder. Returns how many of them belong to the training split."""
    rng = random.Random(2)
    texts = ["".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(30)) for _ in range(1000)]
    train = [text for text in texts if review_split(text) == "train"]
    gate = [text for text in texts if review_split(text) == "gate"]
    more = [
        train[0] + "！",  # the same words as another
        near(gate[0], "train"),
        next(gate[1] + mark * n for mark in "。！" for n in range(1, 99) if is_training(gate[1] + mark * n)),
        next(" " + "&nbsp;" * n for n in range(1, 99) if is_training("&nbsp;" * n)),
    ]
    labels = ["negative", "positive"] * 500 + ["negative"] * 4
    labels[1000] = labels[texts.index(train[0])]
    Dataset.from_dict({"text": texts + more, "label": labels}).to_parquet(str(folder / "zh_reviews_train.parquet"))
    return len(train) + sum(is_training(text) for text in more)


def is_training(text: str) -> bool:
    return review_split(text) == "train"


def near(text: str, split: str) -> str:
    """The text with one character more, so that it belongs to that split."""
    return next(text + chr(more) for more in range(0x4E00, 0x9FFF) if review_split(text + chr(more)) == split)


def add_up(steps: list[Step], before: int) -> None:
    for step in steps:
        assert step.kept + step.dropped - step.added == before, step
        before = step.kept


def test_the_counts_of_the_steps_add_up(folder, training_rows):
    found = prepare(["zh-reviews=100"], str(folder), seed=1)
    steps = found.steps
    names = ["clean", "duplicates", "apart", "near-duplicates", "label review", "sample"]
    assert [step.name for step in steps] == [f"zh-reviews: {name}" for name in names]
    add_up(steps, training_rows)
    dropped = [step.dropped for step in steps]
    # "train[0]！" may fall into another split; then both it and train[0] are dropped
    assert dropped[0] == 1 and dropped[1] + dropped[2] == 2 and dropped[3] == 1
    assert len(found.train) == 100 == steps[-1].kept
    assert Counter(row.label for row in found.train) == {"negative": 50, "positive": 50}
    assert {row.text for row in found.validation} == {row.text for row in load("zh-reviews", "validation", str(folder))}


def test_corpora_are_prepared_in_the_order_of_the_requests(folder, training_rows):
    requests = ["behaviours-zh=390", "zh-reviews=50", "replay-zh=60"]
    found = prepare(requests, str(folder), seed=1, review=False)
    train, steps = found.train, found.steps
    assert list(dict.fromkeys(row.source for row in train)) == ["behaviours-zh", "zh-reviews", "replay-zh"]
    assert Counter(row.source for row in train)["replay-zh"] == 60
    assert {row.source for row in found.validation} == {"zh-reviews", "replay-zh"}
    assert not [step for step in steps if "label review" in step.name]
    parts: dict[str, list[Step]] = {}
    for step in steps:
        parts.setdefault(step.name.split(":")[0], []).append(step)
    add_up(parts["behaviours-zh"], 0)
    add_up(parts["zh-reviews"], training_rows)
    add_up(parts["replay-zh"], len(load("replay-zh", "train", "")))
    assert train == prepare(requests, str(folder), seed=1, review=False).train


def test_a_request_for_more_rows_than_the_corpus_has_repeats_them():
    found = prepare(["replay-en=9000"], "", seed=1)
    train, steps = found.train, found.steps
    assert len(train) == 9000 == steps[-1].kept
    assert steps[-1].added == 9000 - len(set(train))
    add_up(steps, len(load("replay-en", "train", "")))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_generated_rows_have_about_the_number_asked_for_and_no_validation_rows(language):
    found = prepare([f"behaviours-{language}=390"], "", seed=1)
    train, steps = found.train, found.steps
    # ten for each of 39 capabilities; the last case of each is kept whole
    assert 390 <= len(train) <= 435
    assert {row.source for row in train} == {f"behaviours-{language}"}
    assert found.validation == []
    add_up(steps, 0)
    assert steps[-1].kept == len(train)


@pytest.mark.parametrize(("request_", "least"), [("behaviours-en", 39), ("behaviours-en=38", 39), ("composed-zh", 1)])
def test_generated_rows_without_a_valid_number_are_refused(request_, least):
    with pytest.raises(BadRequest, match=f"how many rows to generate, at least {least}, for example"):
        prepare(["replay-en=60", request_], "", seed=1)


@pytest.mark.parametrize("request_", ["behaviours-fr=280", "behaviours-=280", "composed-fr=280"])
def test_generated_rows_of_an_unknown_language_are_refused(request_):
    with pytest.raises(CorpusUnavailable, match="is not known"):
        prepare(["replay-en=60", request_], "", seed=1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_composed_rows_are_as_many_as_asked_for_less_those_of_other_splits(language):
    found = prepare([f"composed-{language}=200"], "", seed=1)
    assert 150 <= len(found.train) <= 200
    assert {row.corpus for row in found.validation} == {f"composed-{language}"}


@pytest.mark.parametrize(
    ("name", "error"),
    [("imdbb", "'imdbb' is not known; the known corpora are airline"), ("desk-en", "desk-en has no train split")],
)
def test_a_corpus_without_training_rows_is_refused_before_any_is_prepared(name, error, monkeypatch):
    monkeypatch.setattr(preparation, "_apply", lambda *given, **more: pytest.fail("prepared"))
    with pytest.raises(CorpusUnavailable, match=error):
        prepare(["replay-en=60", name], "", seed=1)


def test_evaluation_rows_cover_the_requested_and_the_reported_corpora():
    counts = Counter(row.corpus for row in evaluation_rows(["replay-en", "crowd"], ""))
    # crowd 4664 + 2268 + 2309 rows, airline 2946 + 1451 + 1438
    assert counts.pop("replay-en") == len(load("replay-en", "validation", ""))
    # composed-en 2400 + 700 + 700
    assert counts == {"crowd": 9241, "airline": 5835, "desk-en": 385, "composed-en": 3800}
    names = {row.corpus for row in evaluation_rows(["behaviours-zh"], "")}
    assert names == {"desk-zh", "support-zh", "composed-zh"}
