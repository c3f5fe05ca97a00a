import numpy as np
import pandas
import pytest

from training.data import catalogue as corpora
from training.data.catalogue import Row
from training.data.cleaning import clean
from training.evaluation.metrics import BadData, between_two, measures, polar_rows, read_rows, routing, slices, targets


def test_measures_by_hand():
    # wanted 0 0 1 2; answered 0 1 1 2: accuracy 3/4; F1 of the classes 2/3, 2/3, 1
    scores = np.eye(3)[[0, 1, 1, 2]]
    found = measures(scores, np.array([0, 0, 1, 2]))
    assert found["rows"] == 4
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    # every confidence is 1 and three of four are right
    assert found["ece"] == pytest.approx(0.25)


def test_targets_follow_the_fixed_order_of_labels():
    rows = [Row("a", "positive", "x"), Row("b", "negative", "x"), Row("c", "neutral", "x")]
    assert targets(rows).tolist() == [2, 0, 1]


def test_slices_go_by_source_language_and_length():
    texts = [("short one", "desk"), ("这是一条很短的留言", "desk"), ("x" * 141, "web")]
    rows = [Row(text, "neutral", source) for text, source in texts]
    found = {name: indices.tolist() for name, indices in slices(rows).items()}
    assert found == {
        "source desk": [0, 1],
        "source web": [2],
        "language en": [0, 2],
        "language zh": [1],
        "length short": [0, 1],
        "length long": [2],
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("text,mark\nhello,neutral\n", "column 'label' is missing; there are text, mark"),
        ("text,label\n", "there is no row in it"),
        ("text,label\nhello,neutral\nbye,angry\n", "row 2, column 'label': 'angry' is not one of negative, neutral"),
        ("text,label\nhello,neutral\n  ,neutral\n", "row 2, column 'text': must be a text that is not empty"),
        ("text,label\nhello,neutral\nbye\n", "row 2, column 'label': '' is not one of negative, neutral"),
        # a comma that is not quoted: each line has one value too many, or one line has
        ("text,label\nWell, hello,neutral\n", "cannot be read as csv: Length of header"),
        ("text,label\nhello,neutral\nWell, hello,neutral\n", "cannot be read as csv: "),
        ('text,label\n"hello,neutral\n', "cannot be read as csv: "),
        ("", "cannot be read as csv: No columns to parse"),
    ],
)
def test_a_bad_file_is_refused_by_row_and_column(tmp_path, content, error):
    file = tmp_path / "data.csv"
    file.write_text(content)
    with pytest.raises(BadData) as caught:
        read_rows(str(file))
    assert error in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"label": ["neutral"]}, "column 'text' is missing; there are label"),
        ({"text": ["hello"]}, "column 'label' is missing; there are text"),
        ({"text": [], "label": []}, "there is no row in it"),
        ({"text": ["a", "b"], "label": ["neutral", None]}, "row 2, column 'label': "),
        ({"text": ["a"], "label": [["neutral", "negative"]]}, "row 1, column 'label': "),
        ({"text": ["a"], "label": [1]}, "row 1, column 'label': 1 is not one of negative, neutral, positive"),
        ({"text": ["a", None], "label": ["neutral", "neutral"]}, "row 2, column 'text': must be a text"),
        ({"text": [5], "label": ["neutral"]}, "row 1, column 'text': must be a text"),
        ({"text": [["a", "b"]], "label": ["neutral"]}, "row 1, column 'text': must be a text"),
    ],
)
def test_a_bad_parquet_file_is_refused_by_row_and_column(tmp_path, columns, error):
    file = tmp_path / "data.parquet"
    pandas.DataFrame(columns, dtype=object).to_parquet(file)
    with pytest.raises(BadData) as caught:
        read_rows(str(file))
    assert f"{file}: {error}" in str(caught.value)


@pytest.mark.parametrize(("name", "content"), [("a.parquet", b""), ("a.parquet", b"hello"), ("a.csv", b"text\xff\xfe")])
def test_a_file_that_is_something_else_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=f"{name}: cannot be read as {name[2:]}: "):
        read_rows(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path, name):
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(2 * 10**9)
    with pytest.raises(BadData, match=f"{name} has 2.0 GB; 1.1 GB are allowed"):
        read_rows(str(tmp_path / name))


def test_a_corpus_gives_its_test_rows_or_those_of_a_split_that_is_named():
    assert read_rows("desk-zh") == clean(corpora.load("desk-zh", "test"))[0]
    assert read_rows("desk-zh:gate") == clean(corpora.load("desk-zh", "gate"))[0]
    with pytest.raises(corpora.CorpusUnavailable, match="corpus desk-zh has no train split; it has test, gate"):
        read_rows("desk-zh:train")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadData, match="nothing.csv: no such file"):
        read_rows(str(tmp_path / "nothing.csv"))


def test_a_csv_file_is_read_as_it_stands(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text('text,label\n"NA, thanks",neutral\nnull,negative\n')
    assert [(row.text, row.label) for row in read_rows(str(file))] == [("NA, thanks", "neutral"), ("null", "negative")]


def test_rows_without_a_neutral_class_are_measured_between_two():
    # Negative 0.3, neutral 0.6, positive 0.1: answered neutral; between the two, negative with 0.3 / 0.4.
    scores = np.array([[0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.5, 0.1, 0.4]])
    found = measures(scores, np.array([0, 2, 0, 2]), polar=True)
    assert found["accuracy"] == 0.75
    assert found["neutral_share"] == 0.25
    assert found["confusion"] == [[1, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_a_few_rows_of_two_labels_do_not_make_a_source_without_neutral():
    two = [Row("a", "negative", "x"), Row("b", "positive", "x")]
    assert not polar_rows(two)
    assert polar_rows(two * 15)
    assert not polar_rows([*two * 15, Row("c", "neutral", "x")])


def test_routing_is_the_share_of_negatives_among_as_many_first_messages():
    # Two negatives; read by the first column the first two are rows 0 (negative) and 1 (neutral).
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    assert routing(scores, np.array([0, 1, 0, 2])) == 0.5
    assert routing(scores, np.array([1, 1, 2, 2])) is None


def test_a_csv_of_numbers_is_read_as_texts(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("text,label\n10,positive\n007,negative\n")
    assert [row.text for row in read_rows(str(file))] == ["10", "007"]


def test_probabilities_between_two_leave_neutral_out():
    assert between_two(np.array([[0.3, 0.6, 0.1]])).tolist() == [[pytest.approx(0.75), 0, pytest.approx(0.25)]]
