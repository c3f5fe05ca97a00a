import numpy as np
import pytest

from training.corpora import Row
from training.evaluate import BadData, measures, read_rows, slices, targets


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
    ],
)
def test_a_bad_file_is_refused_by_row_and_column(tmp_path, content, error):
    file = tmp_path / "data.csv"
    file.write_text(content)
    with pytest.raises(BadData) as caught:
        read_rows(str(file))
    assert error in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadData, match="nothing.csv: no such file"):
        read_rows(str(tmp_path / "nothing.csv"))


def test_a_csv_file_is_read_as_it_stands(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text('text,label\n"NA, thanks",neutral\nnull,negative\n')
    assert [(row.text, row.label) for row in read_rows(str(file))] == [("NA, thanks", "neutral"), ("null", "negative")]
