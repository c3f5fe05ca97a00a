"""Rows from files and corpora, and how bad files are refused."""

import pandas
import pytest

from training.data import catalogue as corpora
from training.evaluation.rows import BadData, read_rows


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("text,mark\nhello,neutral\n", "column 'label' is missing; the file has text, mark"),
        ("text,label\n", "the file has no rows"),
        ("text,label\nhello,neutral\nbye,angry\n", "row 2, column 'label': 'angry' is not one of negative, neutral"),
        ("text,label\nhello,neutral\n  ,neutral\n", "row 2, column 'text': must be a non-empty text"),
        ("text,label\nhello,neutral\nbye\n", "row 2, column 'label': '' is not one of negative, neutral"),
        # unquoted commas: one value too many in all lines, or in one
        ("text,label\nWell, hello,neutral\n", "cannot be read as csv: Length of header"),
        ("text,label\nhello,neutral\nWell, hello,neutral\n", "cannot be read as csv: "),
        ('text,label\n"hello,neutral\n', "cannot be read as csv: "),
        ("", "cannot be read as csv: No columns to parse"),
    ],
)
def test_a_bad_csv_file_is_refused_by_row_and_column(tmp_path, content, error):
    file = tmp_path / "data.csv"
    file.write_text(content)
    with pytest.raises(BadData) as caught:
        read_rows(str(file), corpus_dir="")
    assert error in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"label": ["neutral"]}, "column 'text' is missing; the file has label"),
        ({"text": ["hello"]}, "column 'label' is missing; the file has text"),
        ({"text": [], "label": []}, "the file has no rows"),
        ({"text": ["a", "b"], "label": ["neutral", None]}, "row 2, column 'label': "),
        ({"text": ["a"], "label": [["neutral", "negative"]]}, "row 1, column 'label': "),
        ({"text": ["a"], "label": [1]}, "row 1, column 'label': 1 is not one of negative, neutral, positive"),
        ({"text": ["a", None], "label": ["neutral", "neutral"]}, "row 2, column 'text': must be a non-empty text"),
        ({"text": [5], "label": ["neutral"]}, "row 1, column 'text': must be a non-empty text"),
        ({"text": [["a", "b"]], "label": ["neutral"]}, "row 1, column 'text': must be a non-empty text"),
    ],
)
def test_a_bad_parquet_file_is_refused_by_row_and_column(tmp_path, columns, error):
    file = tmp_path / "data.parquet"
    pandas.DataFrame(columns, dtype=object).to_parquet(file)
    with pytest.raises(BadData) as caught:
        read_rows(str(file), corpus_dir="")
    assert f"{file}: {error}" in str(caught.value)


@pytest.mark.parametrize(("name", "content"), [("a.parquet", b""), ("a.parquet", b"hello"), ("a.csv", b"text\xff\xfe")])
def test_a_file_in_another_format_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=f"{name}: cannot be read as {name[2:]}: "):
        read_rows(str(tmp_path / name), corpus_dir="")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path, name):
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(2 * 10**9)
    with pytest.raises(BadData, match=f"{name} has 2.0 GB; at most 1.1 GB are allowed"):
        read_rows(str(tmp_path / name), corpus_dir="")


def test_a_corpus_gives_its_test_rows_or_those_of_the_named_split():
    assert read_rows("desk-zh", corpus_dir="") == corpora.load_clean("desk-zh", "test", corpus_dir="")
    assert read_rows("desk-zh:gate", corpus_dir="") == corpora.load_clean("desk-zh", "gate", corpus_dir="")
    with pytest.raises(corpora.CorpusUnavailable, match="corpus desk-zh has no train split; it has test, gate"):
        read_rows("desk-zh:train", corpus_dir="")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadData, match="nothing.csv: no such file"):
        read_rows(str(tmp_path / "nothing.csv"), corpus_dir="")


def test_csv_values_such_as_null_are_read_as_text(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text('text,label\n"NA, thanks",neutral\nnull,negative\n')
    assert [(row.text, row.label) for row in read_rows(str(file), corpus_dir="")] == [
        ("NA, thanks", "neutral"),
        ("null", "negative"),
    ]


def test_csv_numbers_are_read_as_text(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("text,label\n10,positive\n007,negative\n")
    assert [row.text for row in read_rows(str(file), corpus_dir="")] == ["10", "007"]
