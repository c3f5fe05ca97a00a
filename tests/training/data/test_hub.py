import socket
import threading
import time

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from tests.support.corpora import FILES, one_text_per_bucket, write
from training.data import readers
from training.data.catalogue import find, load
from training.data.rows import SPLITS, BadCorpus, CorpusUnavailable

TEN_GOOD = {"text": [f"film {number}" for number in range(10)], "label": ["negative", "positive"] * 5}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """No corpus folder is set; what a test puts in here is the Hub, by id and split. No network is touched."""
    there: dict[tuple[str, str], Dataset] = {}

    def load_dataset(path: str, split: str) -> Dataset:
        if (path, split) not in there:
            raise datasets.exceptions.DatasetNotFoundError(f"Dataset '{path}' doesn't exist on the Hub")
        return there[path, split]

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATTUNE_CORPUS_DIR", raising=False)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(readers, "_hub_answers", lambda: True)
    readers._read_hub.cache_clear()
    yield there
    readers._read_hub.cache_clear()


@pytest.fixture
def silent(tmp_path, monkeypatch):
    """A machine whose name server never answers; no corpus folder is set, nothing is in the cache."""
    asked, woken = [], threading.Event()

    def never(*address, **options):
        asked.append(address)
        woken.wait(30)
        raise OSError("no name server")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATTUNE_CORPUS_DIR", raising=False)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(readers, "HUB_TIMEOUT", 0.3)
    readers._read_hub.cache_clear()
    yield asked
    woken.set()
    readers._read_hub.cache_clear()


def test_without_a_corpus_folder_the_hub_is_read(hub):
    texts = one_text_per_bucket()
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    hub["stanfordnlp/imdb", "train"] = Dataset.from_dict({"text": texts, "label": [0, 1] * 50}, features=features)
    rows = load("imdb", "gate", "")
    assert [row.text for row in rows] == texts[95:]
    assert [row.label for row in rows] == ["positive", "negative", "positive", "negative", "positive"]


def test_sst2_on_the_hub_is_tested_on_its_validation_rows(hub):
    hub["stanfordnlp/sst2", "train"] = Dataset.from_dict({"idx": [0], "sentence": ["a film 0"], "label": [0]})
    hub["stanfordnlp/sst2", "validation"] = Dataset.from_dict({"idx": [0], "sentence": ["held out"], "label": [1]})
    assert [(row.text, row.label) for row in load("sst2", "test", "")] == [("held out", "positive")]
    parts = {split: len(load("sst2", split, "")) for split in ("validation", "gate", "train")}
    assert sum(parts.values()) == 1


def test_chinese_reviews_on_the_hub_are_three_data_sets_and_a_null_review_becomes_empty(hub):
    for number, name in enumerate(find("zh-reviews").hub.split(", ")):
        columns = {"review": [f"评价{number}", None], "label": [1, 0], "cat": ["书籍", "酒店"]}
        hub[name, "train"] = Dataset.from_dict(columns)
    rows = [row for split in SPLITS for row in load("zh-reviews", split, "")]
    assert sorted(row.text for row in rows) == ["", "", "", "评价0", "评价1", "评价2"]


def test_a_bad_row_on_the_hub_is_refused_with_the_hub_id(hub):
    hub["stanfordnlp/imdb", "train"] = Dataset.from_dict({"text": ["a", "b"], "label": [0, -1]})
    with pytest.raises(BadCorpus, match="stanfordnlp/imdb: row 2, column 'label': -1 is not one of"):
        load("imdb", "train", "")


def test_a_data_set_missing_on_the_hub_is_refused_with_the_alternative(hub):
    with pytest.raises(CorpusUnavailable) as caught:
        load("imdb", "train", "")
    assert "corpus imdb: stanfordnlp/imdb cannot be loaded from the Hub (DatasetNotFoundError" in str(caught.value)
    assert "set ATTUNE_CORPUS_DIR to a folder with imdb_train.parquet" in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_without_a_network_a_corpus_is_unavailable_within_seconds(silent, name):
    started = time.monotonic()
    with pytest.raises(CorpusUnavailable, match="cannot be loaded from the Hub"):
        load(name, "train", "")
    assert time.monotonic() - started < 10
    assert not datasets.config.HF_HUB_OFFLINE


def test_a_local_folder_named_as_on_the_hub_is_read_without_a_network(silent, tmp_path):
    (tmp_path / "stanfordnlp" / "imdb").mkdir(parents=True)
    write(tmp_path / "stanfordnlp" / "imdb" / "train.parquet", **TEN_GOOD)
    rows = [row for split in SPLITS for row in load("imdb", split, "")]
    assert sorted(row.text for row in rows) == TEN_GOOD["text"]
