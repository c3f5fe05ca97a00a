"""Which expert reads a text, and in which order the answers come."""

import numpy as np
import pytest

from product.inference.model import BATCH, Expert, Model
from product.inference.text import Encoded, reader

ENGLISH, CHINESE = "Where is my parcel?", "我的包裹在哪里？"


class LengthEncoder:
    """A text's tokens are its characters."""

    def encode(self, texts: list[str]) -> list[Encoded]:
        return [Encoded([1] * len(text), truncated=False) for text in texts]


class FixedBackend:
    """Always sure of one label; logits of the neutral class tell the text's length."""

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
def test_the_script_chooses_the_expert_and_an_only_one_reads_everything(text, languages, expected):
    assert reader(text, languages) == expected


def test_answers_come_in_the_order_of_the_texts_whoever_read_them(model):
    texts = [CHINESE, ENGLISH, "ok", CHINESE * 2]
    assert [score.label for score in model.score(texts)] == ["positive", "negative", "negative", "positive"]
    assert [score.language for score in model.score(texts)] == ["zh", "en", "en", "zh"]
    assert model.probabilities(texts).argmax(axis=1).tolist() == [2, 0, 0, 2]
    assert model.logits(texts)[:, 1].tolist() == [len(text) for text in texts]
    assert model.logits(texts).dtype == np.float32


def test_each_expert_is_asked_in_batches_of_its_own(model):
    model.score([ENGLISH, CHINESE] * BATCH)
    assert model.experts["en"].backend.batches == model.experts["zh"].backend.batches == [BATCH]


def test_each_text_is_calibrated_by_its_own_expert(model):
    warm = Expert(LengthEncoder(), FixedBackend(2), temperature=1000.0, bias=(0.0, 0.0, 1.0))
    mixed = Model("v1", {"en": model.experts["en"], "zh": warm})
    english, chinese = mixed.probabilities([ENGLISH, "我"])
    assert english[0] == pytest.approx(1.0)
    # logits 0, 1, 1000 over 1000, and 1 more for the last
    powers = np.exp([0.0, 0.001, 2.0])
    assert chinese == pytest.approx(powers / powers.sum(), rel=1e-6)


def test_no_text_has_no_rows(model):
    assert model.score([]) == []
    assert model.logits([]).shape == model.probabilities([]).shape == (0, 3)
