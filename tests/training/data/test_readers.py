import hashlib
import socket

import pandas
import pytest

from benchmarks.app_process import command
from product.sentiment import LABELS
from product.settings.configuration import Settings
from tests.support.corpora import write
from training.data.catalogue import load
from training.data.readers import TableSource, read_columns, read_table
from training.data.rows import BadCorpus, CorpusUnavailable
from training.evaluation.rows import read_rows
from training.retraining.dataset import load_local


@pytest.mark.parametrize("labels", [["negative", "positive"], [0, 1], [0.0, 1.0]])
def test_labels_may_be_names_or_numbers(folder, labels):
    write(folder / "sst2_heldout.parquet", text=["a", "b"], label=labels)
    assert [row.label for row in load("sst2", "test", str(folder))] == ["negative", "positive"]


def test_a_replaced_file_is_read_again(folder):
    file = folder / "sst2_heldout.parquet"
    write(file, text=["first"], label=[0])
    assert [row.text for row in load("sst2", "test", str(folder))] == ["first"]
    write(file, text=["the second"], label=[0])
    assert [row.text for row in load("sst2", "test", str(folder))] == ["the second"]


def test_reading_a_file_makes_no_network_request(folder, monkeypatch):
    def refuse(*address, **options):
        asked.append(address)
        raise OSError("no network")

    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    write(folder / "sst2_heldout.parquet", text=["here"], label=[0])
    load("sst2", "test", str(folder))
    assert not asked


def test_a_missing_folder_or_file_is_refused_with_the_setting(folder):
    with pytest.raises(CorpusUnavailable, match="imdb: imdb_train.parquet is missing from .* set ATTUNE_CORPUS_DIR"):
        load("imdb", "train", str(folder))
    with pytest.raises(CorpusUnavailable, match="imdb: the corpus folder .*nowhere does not exist; set ATTUNE_CORP"):
        load("imdb", "train", str(folder / "nowhere"))


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"label": [0]}, "column 'text' is missing; the columns are label"),
        ({"text": ["a"], "mark": [0]}, "column 'label' is missing; the columns are text, mark"),
        ({"text": [], "label": []}, "the file has no rows"),
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
def test_a_bad_corpus_file_is_refused_with_file_row_and_column(folder, columns, error):
    pandas.DataFrame(columns, dtype=object).to_parquet(folder / "imdb_train.parquet")
    with pytest.raises(BadCorpus) as caught:
        load("imdb", "train", str(folder))
    assert f"{folder / 'imdb_train.parquet'}: {error}" in str(caught.value)


TWEETS = TableSource("tweets", "tweets_train", (), LABELS)
REQUESTS = TableSource("requests", "requests_intents", ())


def test_a_table_with_a_neutral_class_has_the_labels_of_its_source(folder):
    write(folder / "tweets_train.parquet", text=["a", "b", "c"], label=["negative", "neutral", "positive"])
    assert [(row.label, row.source) for row in read_table(TWEETS, str(folder))] == [
        ("negative", "tweets"),
        ("neutral", "tweets"),
        ("positive", "tweets"),
    ]


def test_a_table_with_a_neutral_class_is_refused_with_numbers_for_labels(folder):
    # in such tables 1 usually stands for neutral, in tables of two classes for positive
    write(folder / "tweets_train.parquet", text=["a", "b"], label=[0, 1])
    with pytest.raises(BadCorpus, match="row 1, column 'label': 0 is not one of negative, neutral, positive"):
        read_table(TWEETS, str(folder))


def test_columns_of_a_file_without_labels_are_read_in_the_order_asked_for(folder):
    write(folder / "requests_intents.parquet", text=["a", "b"], number=[1, 2], intent=["balance", "pin"])
    assert read_columns(REQUESTS, str(folder), ("intent", "text")) == [("balance", "a"), ("pin", "b")]
    assert read_columns(REQUESTS, str(folder), ("text",)) == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"text": ["a"]}, "requests_intents.parquet: cannot be read as parquet with columns text, intent: "),
        ({"text": ["a", "b"], "intent": ["pin", None]}, "row 2, column 'intent': must be a text, not None"),
        ({"text": [5], "intent": ["pin"]}, "row 1, column 'text': must be a text, not 5"),
    ],
)
def test_a_file_without_labels_is_refused_with_the_column_that_is_wrong(folder, columns, error):
    write(folder / "requests_intents.parquet", **columns)
    with pytest.raises(BadCorpus) as caught:
        read_columns(REQUESTS, str(folder), ("text", "intent"))
    assert error in str(caught.value)


def test_a_file_without_labels_that_is_missing_or_no_parquet_is_refused(folder):
    with pytest.raises(
        CorpusUnavailable, match="requests: requests_intents.parquet is missing from .* set ATTUNE_CORP"
    ):
        read_columns(REQUESTS, str(folder), ("text",))
    with pytest.raises(CorpusUnavailable, match="requests: it is not on the Hub; set ATTUNE_CORPUS_DIR"):
        read_columns(REQUESTS, "", ("text",))
    (folder / "requests_intents.parquet").write_bytes(b"text,intent\n")
    with pytest.raises(BadCorpus, match="cannot be read as parquet with columns text: "):
        read_columns(REQUESTS, str(folder), ("text",))


@pytest.mark.parametrize("content", [b"", b"text,label\nhello,negative\n", b"PAR1" + b"\0" * 50 + b"PAR1"])
def test_a_corpus_file_that_is_not_parquet_is_refused(folder, content):
    (folder / "imdb_train.parquet").write_bytes(content)
    with pytest.raises(BadCorpus, match="imdb_train.parquet: cannot be read as parquet: "):
        load("imdb", "train", str(folder))


def test_a_damaged_corpus_file_is_refused(folder):
    file = folder / "imdb_train.parquet"
    write(file, text=[hashlib.sha256(bytes([number])).hexdigest() for number in range(200)], label=[0, 1] * 100)
    content = bytearray(file.read_bytes())
    content[4:2000] = bytes(1996)
    file.write_bytes(content)
    with pytest.raises(BadCorpus, match="imdb_train.parquet: cannot be read as parquet: "):
        load("imdb", "train", str(folder))


def test_a_corpus_file_of_two_gigabytes_is_refused_before_it_is_read(folder):
    with (folder / "imdb_train.parquet").open("wb") as stream:
        stream.truncate(2 * 10**9)
    with pytest.raises(BadCorpus, match=r"imdb_train.parquet has 2.0 GB; at most 1.1 GB are allowed: split the file"):
        load("imdb", "train", str(folder))


def test_a_bad_corpus_file_ends_the_command_before_training_and_without_a_traceback(folder, tmp_path):
    write(folder / "imdb_train.parquet", text=["a", "b"], label=["negative", "angry"])
    given = ("finetune", "--corpus", "replay-en=60", "--corpus", "imdb", "--out", str(tmp_path / "out"))
    ended = command("training", *given, data_dir=tmp_path, check=False, ATTUNE_CORPUS_DIR=str(folder))
    assert ended.returncode == 2
    assert "row 2, column 'label': 'angry' is not one of" in ended.stderr
    assert "Traceback" not in ended.stderr and "training on" not in ended.stderr


def test_a_corpus_folder_given_in_a_program_is_used_whatever_the_environment_says(folder, tmp_path, monkeypatch):
    write(folder / "sst2_heldout.parquet", text=["from the program"], label=[0])
    monkeypatch.setenv("ATTUNE_CORPUS_DIR", str(tmp_path / "elsewhere"))
    settings = Settings(_env_file=None, corpus_dir=str(folder))
    assert [row.text for row in load("sst2", "test", settings.corpus_dir)] == ["from the program"]
    assert [row.text for row in read_rows("sst2", settings.corpus_dir)] == ["from the program"]
    assert [row.text for row in load_local(settings, "sst2", "test")] == ["from the program"]
