"""Which slices a row belongs to."""

import pytest

from training.data.rows import Row
from training.evaluation.slices import length_slice, slices


@pytest.mark.parametrize(
    ("characters", "expected"), [(1, "short"), (60, "short"), (61, "medium"), (140, "medium"), (141, "long")]
)
def test_length_slice_depends_on_the_number_of_characters(characters, expected):
    assert length_slice("x" * characters) == expected


def test_rows_are_sliced_by_source_language_and_length():
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
