"""What a run works with: which expert trains on a correction, what is held out, and what is replayed."""

from collections import Counter

import pytest

from product.codes import CorpusProblem
from product.settings.configuration import Settings
from tests.support.corrections import collect, correction, distinct_texts, request
from training.data import catalogue as corpora
from training.data.rows import Row
from training.retraining import dataset


def negative_corrections(count: int) -> list:
    return [correction(number, text, "negative") for number, text in enumerate(distinct_texts(count))]


@pytest.mark.parametrize(
    ("languages", "counts"), [(("en", "zh"), {"en": 1, "zh": 2}), (("en",), {"en": 3}), (("zh",), {"zh": 3})]
)
def test_a_correction_trains_the_expert_that_reads_it(settings, small, languages, counts):
    texts = ["Where is it?", "我的包裹在哪里？", "坏了，没人管。"]
    given = [correction(number, text, "neutral") for number, text in enumerate(texts)]
    found = dataset.make_training_sets(request(settings, *languages), given, [])
    assert {language: len(training.corrections) for language, training in found.items()} == counts
    for language, training in found.items():
        assert {row.source for row in training.replay_rows} == {f"replay-{language}"}


def test_gate_rows_in_a_language_without_an_expert_are_left_out(settings, small):
    rows, unmeasured = dataset.load_gate_rows(request(settings, "en"))
    assert {row.source for row in rows} == {"desk-en"}
    assert unmeasured["desk-zh"] == CorpusProblem.no_expert


def test_gate_rows_of_reviews_come_from_the_corpus_folder(tmp_path, monkeypatch, settings, small):
    rows = [Row(f"a film {number}", "negative", "imdb") for number in range(9)]
    monkeypatch.setattr(corpora, "load", lambda name, split, corpus_dir: rows if name == "imdb" else [])
    with_corpora = Settings(_env_file=None, data_dir=tmp_path, corpus_dir=str(tmp_path))
    found, unmeasured = dataset.load_gate_rows(request(with_corpora))
    # the fixture limits this corpus to five rows
    assert len(found) == 5 and not unmeasured


def test_an_expert_is_calibrated_on_as_many_rows_of_each_corpus_that_is_available(settings, monkeypatch):
    monkeypatch.setattr(dataset, "MAX_VALIDATION_ROWS", 30)
    # No folder: neither the reviews nor the real support messages in English are there.
    chinese = Counter(row.corpus for row in dataset.load_validation_rows(request(settings), "zh"))
    assert chinese == {"replay-zh": 30, "composed-zh": 30, "support-zh": 30}
    english = Counter(row.corpus for row in dataset.load_validation_rows(request(settings), "en"))
    assert english == {"airline": 30, "replay-en": 30, "composed-en": 30}


def test_rows_to_calibrate_on_come_from_the_corpus_folder_as_well(tmp_path, monkeypatch, settings):
    rows = [Row(f"Nothing plays {number}", "negative", "support") for number in range(5)]
    monkeypatch.setattr(corpora, "load", lambda name, split, corpus_dir: rows if name == "support" else [])
    with_corpora = Settings(_env_file=None, data_dir=tmp_path, corpus_dir=str(tmp_path))
    assert dataset.load_validation_rows(request(with_corpora), "en") == rows


@pytest.mark.parametrize(("min_rows", "replayed"), [(10, 40), (80, 80)])
def test_more_rows_of_each_corpus_are_replayed_for_many_corrections(settings, monkeypatch, min_rows, replayed):
    monkeypatch.setattr(dataset, "REPLAY_ROWS", {"en": {"replay-en": 30, "crowd": 10}})
    rows, pool = dataset.choose_replay_rows(request(settings), "en", [], min_rows)
    assert Counter(row.source for row in rows) == {"replay-en": replayed * 3 / 4, "crowd": replayed / 4}
    # twice the usual number whatever there is to learn, and none of the rows that are replayed anyway
    assert Counter(row.source for row in pool) == {"replay-en": 60, "crowd": 20}
    assert not {row.text for row in rows} & {row.text for row in pool}


# Holdout: 0.4, 0.4 and 0.25. Early stopping: none while a tenth of the rest is under forty, 0.1 of 450.
@pytest.mark.parametrize(("count", "held_out", "stopping"), [(80, 32, 0), (300, 120, 0), (600, 150, 45)])
def test_corrections_are_divided_into_holdout_early_stopping_and_training(settings, small, count, held_out, stopping):
    given = negative_corrections(count)
    found = collect(settings, given)
    stopping_texts = [row.text for row in found.training_sets["en"].early_stopping_rows]
    assert (len(found.holdout), len(stopping_texts)) == (held_out, stopping)
    assert len(found.corrections) == count - held_out - stopping
    texts = [one.text for one in found.holdout] + stopping_texts + [one.text for one in found.corrections]
    assert sorted(texts) == sorted(one.text for one in given)
    assert len(set(found.holdout_groups.tolist())) == held_out
    assert found.learned_before == []


def test_corrections_that_the_champion_has_learned_are_never_in_the_holdout(settings, small):
    # Of the first fifty, the champion learned two with a label that has been changed since; one is gone.
    learned = {str(number): "negative" for number in range(50)} | {"3": "positive", "4": "neutral", "gone": "negative"}
    found = collect(settings, negative_corrections(80), learned=learned)
    # 0.4 of 80 is 32, half of the thirty new ones is 15
    assert len(found.holdout) == 15
    assert all(int(one.id) >= 50 for one in found.holdout)
    assert [int(one.id) for one in found.learned_before] == [0, 1, 2, *range(5, 50)]


def test_nothing_is_held_out_with_fewer_new_texts_than_twice_the_minimum(settings, small):
    found = collect(settings, negative_corrections(19), min_groups=10)
    assert (found.holdout, len(found.holdout_groups), len(found.corrections)) == ([], 0, 19)


def test_without_corrections_there_are_only_gate_rows(settings, small):
    found = collect(settings, [])
    assert (found.training_sets, found.holdout, found.learned_before) == ({}, [], [])
    assert found.gate_rows


def test_a_dataset_with_nothing_new_trains_learned_corrections_and_holds_out_the_rest(settings, small):
    texts = distinct_texts(12)
    given = [correction(number, text, "negative") for number, text in enumerate(texts)]
    # The text of the first was corrected by somebody else as well; the label of the third was changed.
    given.append(correction(12, texts[0].upper(), "negative"))
    learned = {"0": "negative", "1": "negative", "2": "positive", "gone": "negative"}
    found = dataset.collect_without_new(request(settings, learned=learned), given)
    assert [one.id for one in found.corrections] == [one.id for one in found.learned_before] == ["0", "1"]
    assert [int(one.id) for one in found.holdout] == list(range(3, 12))
    assert len(found.holdout_groups) == 9 and found.nothing_new and found.gate_rows
