"""The shipped model as it serves, compared with the model before quantisation and with its required figures."""

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.settings.configuration import SHIPPED_MODEL
from training.data import catalogue
from training.evaluation.metrics import evaluate, score_metrics, targets

MIN_ACCURACY, MIN_MACRO_F1 = 0.855, 0.81
"""The floors for airline tweets as served, with every layer in int8."""
MIN_AGREEMENT, MAX_ACCURACY_LOSS = 0.985, 0.003
"""What int8 may change: the labels of 15 in 1,000 rows, and 0.3 points of accuracy."""

missed = pytest.mark.xfail(strict=True, reason="attune-6 reads support mail better and tweets worse: docs/model.md")


@pytest.fixture(scope="module")
def airline():
    return catalogue.load_clean("airline", "test", corpus_dir="")


@pytest.fixture(scope="module")
def shipped_with(installation):
    """Loads the shipped model with a given backend."""
    folder = installation / "versions" / manifests.read(SHIPPED_MODEL).id
    return lambda backend: models.load(folder, backend)


@pytest.fixture(scope="module")
def metrics(shipped, airline):
    return evaluate(shipped, airline)


def test_int8_changes_few_labels_of_the_airline_test_rows_and_costs_no_accuracy(shipped, shipped_with, airline):
    texts = [row.text for row in airline]
    served = shipped.probabilities(texts).argmax(axis=1)
    fp32 = shipped_with("torch").probabilities(texts).argmax(axis=1)
    assert len(texts) == 2946
    assert (served == fp32).mean() >= MIN_AGREEMENT
    correct = targets(airline)
    assert (served == correct).mean() >= (fp32 == correct).mean() - MAX_ACCURACY_LOSS


def test_shipped_model_reaches_the_figures_of_its_manifest(metrics):
    """The last digits depend on the processor."""
    recorded = manifests.read(SHIPPED_MODEL).metrics["airline test"]
    for name in ("accuracy", "macro_f1", "ece"):
        assert metrics[name] == pytest.approx(recorded[name], abs=0.01)


@missed
def test_shipped_model_has_the_required_accuracy(metrics):
    assert metrics["accuracy"] >= MIN_ACCURACY


def test_shipped_model_has_the_required_calibration_error(metrics):
    assert metrics["ece"] <= 0.04


@missed
def test_shipped_model_has_the_required_macro_f1(metrics):
    assert metrics["macro_f1"] >= MIN_MACRO_F1


def test_a_constant_prediction_misses_the_required_macro_f1(airline):
    always_negative = np.tile([1.0, 0.0, 0.0], (len(airline), 1))
    assert score_metrics(always_negative, targets(airline))["macro_f1"] < 0.3 < MIN_MACRO_F1


def test_bitsandbytes_8_bit_labels_agree_with_fp32(shipped_with, airline):
    texts = [row.text for row in airline[:256]]
    in_8_bit = shipped_with("bnb-int8")
    fp32 = shipped_with("torch").probabilities(texts).argmax(axis=1)
    assert (in_8_bit.probabilities(texts).argmax(axis=1) == fp32).mean() >= 0.97
    linear = {name: type(module).__name__ for name, module in in_8_bit.experts["en"].backend._model.named_modules()}
    assert linear["bert.encoder.layer.0.attention.self.query"] == "Linear8bitLt"
    assert linear["classifier"] == linear["bert.pooler.dense"] == "Linear"
