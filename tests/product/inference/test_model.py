"""Which expert scores a text, and in which order the scores come."""

import numpy as np
import pytest

from product.inference.long_texts import FEATURES, LongTextHead, features
from product.inference.model import BATCH, Expert, Model
from product.inference.text.encoding import EncodedText
from product.inference.text.language import expert_for

ENGLISH, CHINESE = "Where is my parcel?", "我的包裹在哪里？"


class LengthEncoder:
    """One token for each character."""

    def encode(self, texts: list[str], windows: bool = False) -> list[EncodedText]:
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


def test_scores_say_whether_an_expert_has_learned_to_read_the_text(model):
    texts = ["Wo bleibt mein Paket?", ENGLISH, CHINESE, "😡", "Где моя посылка?"]
    assert [(score.language, score.supported) for score in model.score(texts)] == [
        ("de", False), ("en", True), ("zh", True), ("und", True), ("ru", False)
    ]  # fmt: skip
    english = Model("v1", {"en": model.experts["en"]})
    assert [score.supported for score in english.score([ENGLISH, CHINESE])] == [True, False]


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


class WindowEncoder:
    """One token for each character, and a window for each word."""

    def encode(self, texts: list[str], windows: bool = False) -> list[EncodedText]:
        return [
            EncodedText([1] * len(text), False, [[1] * len(word) for word in text.split()] if windows else [])
            for text in texts
        ]


def test_with_a_head_a_long_text_is_read_in_windows_and_combined():
    weights = np.zeros((3, FEATURES + 1))
    weights[0, -1] = 7.0  # the head answers 7, 0, 0 whatever it reads
    backend = FixedBackend(2)
    head = LongTextHead(weights)
    expert = Expert(WindowEncoder(), backend, long_text_head=head)
    assert expert.logits(["three short words"]).tolist() == [[7.0, 0.0, 0.0]]
    assert backend.batches == [4]  # the whole text and three windows in one batch


def test_without_a_head_a_long_text_is_read_once():
    backend = FixedBackend(2)
    Expert(WindowEncoder(), backend).logits(["three short words"])
    assert backend.batches == [1]


def test_the_features_of_a_long_text_come_from_the_whole_and_its_windows():
    whole = np.zeros(3, dtype=np.float32)
    windows = np.log(np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])).astype(np.float32)
    found = features(whole, windows).reshape(6, 3)
    assert found[0] == pytest.approx(np.log([0.5] * 3))  # 1/3 against 2/3
    assert found[1] == pytest.approx(np.log([4, 1.5, 0.25]))  # highest: 0.8 / 0.2, 0.6 / 0.4, 0.2 / 0.8
    assert found[2] == pytest.approx(np.log([0.25, 1 / 9, 1 / 9]))  # second: 0.2 / 0.8, 0.1 / 0.9, 0.1 / 0.9
    assert found[3] == pytest.approx([0.5, 0.35, 0.15])
    assert found[4] == pytest.approx(np.log([0.25, 1.5, 0.25]))  # the last window
    assert found[5] == pytest.approx([0.5, 0.5, 0.0])  # windows won


def test_the_features_of_a_certain_window_are_bounded():
    certain = np.array([[1000.0, 0.0, 0.0]], dtype=np.float32)
    assert features(certain[0], certain).reshape(6, 3)[1].tolist() == [9.0, -9.0, -9.0]


class RatedEncoder:
    """Texts that end in a digit have this rating."""

    def encode(self, texts: list[str], windows: bool = False) -> list[EncodedText]:
        return [EncodedText([1], False, rating=int(text[-1]) if text[-1].isdigit() else None) for text in texts]


@pytest.mark.parametrize(("text", "confidence"), [("bad", 1.0), ("bad 0", 1.0), ("bad 2", 1.0), ("bad 4", 0.6)])
def test_a_rating_that_contradicts_the_words_lowers_the_confidence(text, confidence):
    found = Model("v1", {"en": Expert(RatedEncoder(), FixedBackend(0))}).score([text])[0]
    assert (found.label, found.confidence) == ("negative", pytest.approx(confidence))
    assert sum(found.scores.values()) == pytest.approx(1)
