from training.data.catalogue import Row
from training.evaluation.slices import slices


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
