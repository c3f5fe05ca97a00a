import numpy as np
import pytest

from training.data.rows import Row
from training.evaluation.metrics import are_polar, measures, routing, targets, without_neutral


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


def test_rows_without_a_neutral_class_are_measured_without_neutral():
    # Negative 0.3, neutral 0.6, positive 0.1: answered neutral; between the two, negative with 0.3 / 0.4.
    scores = np.array([[0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.5, 0.1, 0.4]])
    found = measures(scores, np.array([0, 2, 0, 2]), polar=True)
    assert found["accuracy"] == 0.75
    assert found["neutral_share"] == 0.25
    assert found["confusion"] == [[1, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_a_few_rows_of_two_labels_do_not_make_a_source_without_neutral():
    two = [Row("a", "negative", "x"), Row("b", "positive", "x")]
    assert not are_polar(two)
    assert are_polar(two * 15)
    assert not are_polar([*two * 15, Row("c", "neutral", "x")])


def test_routing_is_the_share_of_negatives_among_as_many_first_messages():
    # Two negatives; read by the first column the first two are rows 0 (negative) and 1 (neutral).
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    assert routing(scores, np.array([0, 1, 0, 2])) == 0.5
    assert routing(scores, np.array([1, 1, 2, 2])) is None


def test_probabilities_between_two_leave_neutral_out():
    assert without_neutral(np.array([[0.3, 0.6, 0.1]])).tolist() == [[pytest.approx(0.75), 0, pytest.approx(0.25)]]
