"""Which expert scores a text, and in which order the scores come."""

import numpy as np
import pytest

from product.inference.model import BATCH, Expert, Model
from product.inference.text.encoding import EncodedText
from product.inference.text.language import expert_for

ENGLISH, CHINESE = "Where is my parcel?", "我的包裹在哪里？"


class LengthEncoder:
    """One token for each character."""

    def encode(self, texts: list[str]) -> list[EncodedText]:
        return [EncodedText([1] * len(text), truncated=False) for text in texts]


class FixedBackend:
    """Always predicts one label; the neutral logit is the length of the text."""

    name = "fixed"

    def __init__(self, label: int):
        self.label = label
        self.batches: list[int] = []

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        self.batches.append(len(ids))
        result = np.zeros((len(ids), 3), dtype=np.float32)
        result[:, 1] = mask.sum(axis=1)
        result[:, self.label] += 1000
        return result


@pytest.fixture
def model():
    experts = {"en": Expert(LengthEncoder(), FixedBackend(0)), "zh": Expert(LengthEncoder(), FixedBackend(2))}
    return Model("v1", experts)


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        (ENGLISH, ("en", "zh"), "en"),
        (CHINESE, ("en", "zh"), "zh"),
        ("Где моя посылка?", ("en", "zh"), "en"),
        ("😡", ("en", "zh"), "en"),
        (CHINESE, ("en",), "en"),
        (ENGLISH, ("zh",), "zh"),
    ],
)
def test_the_script_decides_the_expert_and_an_only_expert_scores_everything(text, languages, expected):
    assert expert_for(text, languages) == expected


def test_scores_come_in_the_order_of_the_texts_with_several_experts(model):
    texts = [CHINESE, ENGLISH, "ok", CHINESE * 2]
    assert [score.label for score in model.score(texts)] == ["positive", "negative", "negative", "positive"]
    assert [score.language for score in model.score(texts)] == ["zh", "en", "en", "zh"]
    assert model.probabilities(texts).argmax(axis=1).tolist() == [2, 0, 0, 2]
    assert model.logits(texts)[:, 1].tolist() == [len(text) for text in texts]
    assert model.logits(texts).dtype == np.float32


def test_each_expert_scores_its_texts_in_its_own_batches(model):
    model.score([ENGLISH, CHINESE] * BATCH)
    assert model.experts["en"].backend.batches == model.experts["zh"].backend.batches == [BATCH]


def test_each_text_gets_the_calibration_of_its_expert(model):
    warm = Expert(LengthEncoder(), FixedBackend(2), temperature=1000.0, bias=(0.0, 0.0, 1.0))
    mixed = Model("v1", {"en": model.experts["en"], "zh": warm})
    english, chinese = mixed.probabilities([ENGLISH, "我"])
    assert english[0] == pytest.approx(1.0)
    # logits 0, 1, 1000 divided by 1000, with a bias of 1 on the last
    powers = np.exp([0.0, 0.001, 2.0])
    assert chinese == pytest.approx(powers / powers.sum(), rel=1e-6)


def test_no_texts_give_no_rows(model):
    assert model.score([]) == []
    assert model.logits([]).shape == model.probabilities([]).shape == (0, 3)


def test_the_language_of_each_text_is_detected_once(model, monkeypatch):
    detected = []

    def detect(text: str) -> str:
        detected.append(text)
        return "zh" if text == CHINESE else "en"

    monkeypatch.setattr("product.inference.model.detect_language", detect)
    assert [score.language for score in model.score([ENGLISH, CHINESE])] == ["en", "zh"]
    assert detected == [ENGLISH, CHINESE]
