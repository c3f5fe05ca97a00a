from types import SimpleNamespace

import numpy as np
import pytest

from product.sentiment import LABELS
from training.data.rows import Row
from training.modelling.early_stopping import macro_f1_metric, steady_accuracy_metric

LABELLED = ("negative", "neutral", "positive", "positive")


def test_quality_is_the_mean_over_corpora_of_macro_f1_over_their_classes():
    rows = [Row("a", "negative", "imdb"), Row("b", "positive", "imdb")]
    rows += [Row(text, label, "airline") for text, label in zip("cdef", LABELLED, strict=True)]
    # imdb: neutral has the highest logit and is masked; one of two is right: F1 of negative 2/3, of positive 0: 1/3.
    logits = [[1.0, 9.0, 0.0], [1.0, 9.0, 0.0]]
    # airline: predicted 0 1 1 2 for 0 1 2 2: F1 1, 2/3, 2/3: 7/9.
    logits += [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    prediction = SimpleNamespace(predictions=np.array(logits), label_ids=np.array([0, 2, 0, 1, 2, 2]))
    found = macro_f1_metric(rows)(prediction)
    assert found["imdb"] == pytest.approx(1 / 3)
    assert found["airline"] == pytest.approx(7 / 9)
    assert found["quality"] == pytest.approx(5 / 9)


def test_macro_f1_leaves_out_the_classes_that_a_corpus_has_no_row_of():
    # composed-en: kinds are one corpus, which has no positive row here. Predicted 0 1 2 for 0 1 1: F1 of negative 1, of
    # neutral 2/3; positive, predicted once, does not count.
    rows = [Row("a", "negative", "composed-en:failure"), Row("b", "neutral", "composed-en:facts")]
    rows.append(Row("c", "neutral", "composed-en:facts"))
    # facts: all right, so the one class that it has gives 1
    rows.append(Row("d", "neutral", "facts"))
    prediction = SimpleNamespace(predictions=np.eye(3)[[0, 1, 2, 1]], label_ids=np.array([0, 1, 1, 1]))
    found = macro_f1_metric(rows)(prediction)
    assert found == {"composed-en": pytest.approx(5 / 6), "facts": 1.0, "quality": pytest.approx(11 / 12)}


def qualities(rows: list[Row], evaluations: list[list[int]]) -> list[float]:
    """The quality of each evaluation, given the label indices predicted for the rows."""
    metric = steady_accuracy_metric(rows)
    labels = np.array([LABELS.index(row.label) for row in rows])
    return [
        metric(SimpleNamespace(predictions=np.eye(3)[predicted] * 9.0, label_ids=labels))["quality"]
        for predicted in evaluations
    ]


def test_quality_falls_only_if_an_evaluation_is_significantly_worse():
    # 10 corrections and 40 other rows: a correction weighs 1/20, another row 1/80
    rows = [Row(f"a {number}", "negative", "corrections") for number in range(10)]
    rows += [Row(f"b {number}", "negative", "airline") for number in range(40)]

    def predicted(corrected: int, known: int) -> list[int]:
        """So many rows of each corpus are predicted as negative."""
        return [0] * corrected + [2] * (10 - corrected) + [0] * known + [2] * (40 - known)

    first, second, third, fourth = qualities(
        rows, [predicted(8, 40), predicted(5, 40), predicted(3, 40), predicted(9, 38)]
    )
    assert first == pytest.approx((0.8 + 1) / 2)
    # three broken are 3/20 at a standard error of sqrt(3)/20: less than two, so the later evaluation counts as better
    assert first < second == pytest.approx(0.9)
    # five broken are 5/20 at sqrt(5)/20: more than two
    assert third == pytest.approx((0.3 + 1) / 2)
    # one fixed, two broken, 1/20 - 2/80
    assert second < fourth == pytest.approx((0.9 + 0.95) / 2)


def test_rows_without_a_neutral_class_are_never_predicted_neutral():
    metric = steady_accuracy_metric([Row("a film", "negative", "imdb")])
    prediction = SimpleNamespace(predictions=np.array([[1.0, 9.0, 0.0]]), label_ids=np.array([0]))
    assert metric(prediction) == {"imdb": 1.0, "quality": 1.0}
