"""A loaded model version: texts in, calibrated scores out, each text read by the expert for its language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from product.inference import backends
from product.inference import manifest as manifests
from product.inference.manifest import BadVersion, Manifest
from product.inference.text import Encoded, TextEncoder, language, pad, reader
from product.sentiment import LABELS

BATCH = 32
TOKENIZER_FILE = "tokenizer.json"
# The export in a batch of another shape, or on another processor, moves a score by about 0.001; a wrong file by far
# more. The other backends round differently from the export that was evaluated.
CANARY_TOLERANCE = {"onnx-int8": 0.03, "torch": 0.1, "bnb-int8": 0.1}


@dataclass(frozen=True)
class TextScore:
    """What a model says of one text."""

    label: str
    confidence: float
    scores: dict[str, float]
    language: str
    truncated: bool


@dataclass(frozen=True)
class Expert:
    """The model of one language. Thread-safe for one caller at a time."""

    encoder: TextEncoder
    backend: backends.Backend
    temperature: float = 1.0
    bias: tuple[float, ...] = (0.0, 0.0, 0.0)

    def logits(self, texts: list[str]) -> np.ndarray:
        """Uncalibrated logits, float32 [texts, 3], in the order given."""
        return self.encoded_logits(self.encoder.encode(texts))

    def encoded_logits(self, encoded: list[Encoded]) -> np.ndarray:
        """Batches of texts of like length: padding is work for nothing."""
        result = np.zeros((len(encoded), len(LABELS)), dtype=np.float32)
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index].ids))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            result[batch] = self.backend.logits(*pad([encoded[index].ids for index in batch]))
        return result

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """Calibrated probabilities, float64 [texts, 3]; each row sums to 1."""
        return self.calibrated(self.logits(texts))

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        """softmax(logits / temperature + bias), float64, row by row."""
        return softmax(logits / self.temperature + np.array(self.bias))

    def score(self, texts: list[str]) -> list[TextScore]:
        encoded = self.encoder.encode(texts)
        rows = self.calibrated(self.encoded_logits(encoded))
        return [_text_score(*each) for each in zip(texts, encoded, rows, strict=True)]


@dataclass(frozen=True)
class Model:
    """A version: an expert for each language it has learned. Thread-safe for one caller at a time."""

    version: str
    experts: dict[str, Expert]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.experts)

    def expert_for(self, text: str) -> Expert:
        return self.experts[reader(text, self.experts)]

    def logits(self, texts: list[str]) -> np.ndarray:
        """Uncalibrated logits, float32 [texts, 3], in the order given."""
        return np.array(self._shared_out(texts, Expert.logits), dtype=np.float32).reshape(-1, len(LABELS))

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """Calibrated probabilities, float64 [texts, 3]; each row sums to 1."""
        return np.array(self._shared_out(texts, Expert.probabilities), dtype=np.float64).reshape(-1, len(LABELS))

    def score(self, texts: list[str]) -> list[TextScore]:
        return self._shared_out(texts, Expert.score)

    def _shared_out(self, texts: list[str], read: Callable[[Expert, list[str]], Sequence]) -> list:
        """What `read` gives for each text, in the order of the texts: each expert reads its own in one go."""
        turns: dict[str, list[int]] = {}
        for index, text in enumerate(texts):
            turns.setdefault(reader(text, self.experts), []).append(index)
        results: list = [None] * len(texts)
        for name, indices in turns.items():
            answers = read(self.experts[name], [texts[index] for index in indices])
            for index, answer in zip(indices, answers, strict=True):
                results[index] = answer
        return results


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise softmax, in float64."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _text_score(text: str, encoded: Encoded, row: np.ndarray) -> TextScore:
    best = int(row.argmax())
    scores = {label: float(score) for label, score in zip(LABELS, row, strict=True)}
    return TextScore(LABELS[best], scores[LABELS[best]], scores, language(text), encoded.truncated)


def load(folder: Path, backend: str = "onnx-int8", base_setting: str = "") -> Model:
    """Load a version after checking every hash, then prove by its canaries that this machine computes what was judged.

    Raises BadVersion or BadBase with the reason.
    """
    manifest = manifests.verify(folder)
    try:
        model = assemble(folder, manifest, backend, base_setting)
    except (RuntimeError, ValueError, OSError) as error:
        raise BadVersion(f"{manifest.id}: {backend} cannot load it: {error}") from error
    check_canaries(model, manifest, CANARY_TOLERANCE[backend])
    return model


def assemble(folder: Path, manifest: Manifest, backend: str = "onnx-int8", base_setting: str = "") -> Model:
    """The experts of the version in the folder as one model, none of it checked."""
    experts = {}
    for name, expert in manifest.experts.items():
        encoder = TextEncoder(folder / expert.tokenizer, expert.max_tokens)
        loaded = backends.load(backend, folder, manifest, name, base_setting)
        experts[name] = Expert(encoder, loaded, expert.temperature, tuple(expert.bias))
    return Model(manifest.id, experts)


def check_canaries(model: Model, manifest: Manifest, allowed: float) -> None:
    """Raises BadVersion when a canary text's score is not what the judge saw."""
    found = model.probabilities([canary.text for canary in manifest.canaries])
    expected = np.array([canary.scores for canary in manifest.canaries])
    worst = float(np.abs(found - expected).max())
    # Written so that NaN fails too.
    if not worst <= allowed:
        raise BadVersion(
            f"{manifest.id}: on this machine a canary text's score is {worst:.3f} away from what was evaluated "
            f"({allowed} is allowed)"
        )
