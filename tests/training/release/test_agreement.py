"""What serves against the model before quantisation, and the figures that the shipped model is held to."""

import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.settings.configuration import SHIPPED_MODEL
from training.data import catalogue as corpora
from training.evaluation.metrics import evaluate, measures, targets


@pytest.fixture(scope="module")
def airline():
    return corpora.load_clean("airline", "test", corpus_dir="")


@pytest.fixture(scope="module")
def shipped_with(installation):
    """The shipped model on another backend than the one that serves here."""
    folder = installation / "versions" / manifests.read(SHIPPED_MODEL).id
    return lambda backend: models.load(folder, backend)


def test_int8_labels_agree_with_fp32_on_99_of_100_airline_test_rows(shipped, shipped_with, airline):
    texts = [row.text for row in airline]
    served = shipped.probabilities(texts).argmax(axis=1)
    reference = shipped_with("torch").probabilities(texts).argmax(axis=1)
    assert len(texts) == 2946
    assert (served == reference).mean() >= 0.99


@pytest.fixture(scope="module")
def measured(shipped, airline):
    return evaluate(shipped, airline)


def test_the_shipped_model_as_served_is_as_good_as_its_card_says(measured):
    """The last digits move with the processor."""
    stated = manifests.read(SHIPPED_MODEL).metrics["airline test"]
    for name in ("accuracy", "macro_f1", "ece"):
        assert measured[name] == pytest.approx(stated[name], abs=0.01)


@pytest.mark.xfail(strict=True, reason="attune-5 misses one of them, macro-F1: docs/model.md")
def test_the_shipped_model_as_served_is_as_good_as_its_floors(measured):
    assert measured["accuracy"] >= 0.86
    assert measured["macro_f1"] >= 0.815
    assert measured["ece"] <= 0.03


def test_bitsandbytes_8_bit_gives_the_labels_of_fp32(shipped_with, airline):
    rows = airline[:256]
    texts = [row.text for row in rows]
    in_8_bit = shipped_with("bnb-int8")
    reference = shipped_with("torch").probabilities(texts).argmax(axis=1)
    assert (in_8_bit.probabilities(texts).argmax(axis=1) == reference).mean() >= 0.97
    linear = {name: type(module).__name__ for name, module in in_8_bit.experts["en"].backend._model.named_modules()}
    assert linear["bert.encoder.layer.0.attention.self.query"] == "Linear8bitLt"
    assert linear["classifier"] == linear["bert.pooler.dense"] == "Linear"


def test_a_fixed_answer_would_not_reach_the_floors(airline):
    import numpy as np

    always_negative = np.tile([1.0, 0.0, 0.0], (len(airline), 1))
    assert measures(always_negative, targets(airline))["macro_f1"] < 0.3
