"""Metrics by hand."""

import numpy as np
import pytest

from training.data.rows import Row
from training.evaluation.metrics import are_polar, routing, score_metrics, targets, without_neutral


def test_accuracy_macro_f1_confusion_and_ece_by_hand():
    # labels 0 0 1 2, predictions 0 1 1 2: accuracy 3/4; F1 of the classes 2/3, 2/3, 1
    scores = np.eye(3)[[0, 1, 1, 2]]
    found = score_metrics(scores, np.array([0, 0, 1, 2]))
    assert found["rows"] == 4
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    # every confidence is 1 and three of four predictions are correct
    assert found["ece"] == pytest.approx(0.25)


def test_targets_follow_the_order_of_labels():
    rows = [Row("a", "positive", "x"), Row("b", "negative", "x"), Row("c", "neutral", "x")]
    assert targets(rows).tolist() == [2, 0, 1]


def test_rows_without_a_neutral_class_are_measured_without_neutral():
    # Negative 0.3, neutral 0.6, positive 0.1: predicted neutral; without neutral, negative with 0.3 / 0.4.
    scores = np.array([[0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.5, 0.1, 0.4]])
    found = score_metrics(scores, np.array([0, 2, 0, 2]), polar=True)
    assert found["accuracy"] == 0.75
    assert found["neutral_share"] == 0.25
    assert found["confusion"] == [[1, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_rows_are_polar_only_if_at_least_30_have_no_neutral_label():
    two = [Row("a", "negative", "x"), Row("b", "positive", "x")]
    assert not are_polar(two)
    assert are_polar(two * 15)
    assert not are_polar([*two * 15, Row("c", "neutral", "x")])


def test_routing_is_the_share_of_n_negatives_among_the_first_n_messages():
    # Two negatives; by negative probability rows 0 (negative) and 1 (neutral) come first.
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    assert routing(scores, np.array([0, 1, 0, 2])) == 0.5
    assert routing(scores, np.array([1, 1, 2, 2])) is None


def test_without_neutral_rescales_the_other_probabilities():
    assert without_neutral(np.array([[0.3, 0.6, 0.1]])).tolist() == [[pytest.approx(0.75), 0, pytest.approx(0.25)]]
