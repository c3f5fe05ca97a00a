"""A loaded model version: texts in, calibrated scores out. The expert for its language scores each text."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from product.inference import backends
from product.inference import manifest as manifests
from product.inference.long_texts import LongTextHead
from product.inference.manifest import BadVersion, Manifest
from product.inference.text.encoding import EncodedText, TextEncoder, pad
from product.inference.text.language import detect_language, expert_for_language, supports
from product.sentiment import LABELS

BATCH = 32
"""Texts that the backend scores at once."""
TOKENIZER_FILE = "tokenizer.json"
CANARY_TOLERANCE = {"onnx-int8": 0.03, "torch": 0.1, "bnb-int8": 0.1}
"""The largest difference allowed between a canary's score here and in the evaluation, by backend.

Another batch shape or processor moves a score of the export by about 0.001, a wrong file by far more. The other
backends round differently from the export that was evaluated.
"""
RATING_SHARE = 0.4
"""The weight of a rating that contradicts the words. The words still decide where they are clear (labelling guide,
"Rating"), but the confidence is at most 0.6."""
T = TypeVar("T")


@dataclass(frozen=True)
class TextScore:
    """The scores of one text: a probability for each label, the best of them, the detected language, and whether an
    expert has learned to read it."""

    label: str
    confidence: float
    scores: dict[str, float]
    language: str
    truncated: bool
    supported: bool = True


@dataclass(frozen=True)
class Expert:
    """The model of one language. Not safe for several callers at once."""

    encoder: TextEncoder
    backend: backends.Backend
    temperature: float = 1.0
    bias: tuple[float, ...] = (0.0, 0.0, 0.0)
    long_text_head: LongTextHead | None = None

    def logits(self, texts: list[str]) -> NDArray[np.float32]:
        """Uncalibrated logits, float32 [texts, 3], in the order of `texts`."""
        return self.encoded_logits(self.encode(texts))

    def encode(self, texts: list[str]) -> list[EncodedText]:
        """The texts as this expert reads them: with a head for long texts also in windows."""
        return self.encoder.encode(texts, windows=self.long_text_head is not None)

    def encoded_logits(self, encoded: list[EncodedText]) -> NDArray[np.float32]:
        """Uncalibrated logits, float32 [texts, 3]; those of a long text combine all of its readings."""
        result = np.zeros((len(encoded), len(LABELS)), dtype=np.float32)
        for index, (whole, windows) in enumerate(self.readings(encoded)):
            if self.long_text_head and len(windows):
                whole = self.long_text_head.logits(whole, windows)
            result[index] = whole
        return result

    def readings(self, encoded: list[EncodedText]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """For each text the logits of the whole text [3] and of its windows [windows, 3]."""
        read = self._token_logits([ids for text in encoded for ids in (text.ids, *text.windows)])
        start = 0
        for text in encoded:
            end = start + 1 + len(text.windows)
            yield read[start], read[start + 1 : end]
            start = end

    def _token_logits(self, rows: list[list[int]]) -> NDArray[np.float32]:
        """Logits of token ids, float32 [rows, 3]. Rows of similar length share a batch, which saves padding."""
        result = np.zeros((len(rows), len(LABELS)), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            result[batch] = self.backend.logits(*pad([rows[index] for index in batch]))
        return result

    def probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 [texts, 3]; each row sums to 1."""
        return self._probabilities(self.encode(texts))

    def _probabilities(self, encoded: list[EncodedText]) -> NDArray[np.float64]:
        rows = self.calibrated(self.encoded_logits(encoded))
        for row, text in zip(rows, encoded, strict=True):
            if contradicts(LABELS[int(row.argmax())], text.rating):
                row[:] = weigh_rating(row, text.rating)
        return rows

    def calibrated(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """softmax(logits / temperature + bias) of each row, float64."""
        return softmax(logits / self.temperature + np.array(self.bias))

    def score(self, texts: list[str], languages: list[str]) -> list[TextScore]:
        """Scores in the order of `texts`; `languages` are the detected ones."""
        encoded = self.encode(texts)
        rows = self._probabilities(encoded)
        parts = zip(rows, languages, encoded, strict=True)
        return [_text_score(row, language, text.truncated) for row, language, text in parts]


@dataclass(frozen=True)
class Model:
    """A version: one expert per language. Not safe for several callers at once: the engine has one worker."""

    version: str
    experts: dict[str, Expert]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.experts)

    def logits(self, texts: list[str]) -> NDArray[np.float32]:
        """Uncalibrated logits, float32 [texts, 3], in the order of `texts`."""
        rows = self._by_expert(texts, lambda expert, expert_texts, _: expert.logits(expert_texts))
        return np.array(rows, dtype=np.float32).reshape(-1, len(LABELS))

    def probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 [texts, 3]; each row sums to 1."""
        rows = self._by_expert(texts, lambda expert, expert_texts, _: expert.probabilities(expert_texts))
        return np.array(rows, dtype=np.float64).reshape(-1, len(LABELS))

    def score(self, texts: list[str]) -> list[TextScore]:
        """Scores in the order of `texts`."""
        scores = self._by_expert(texts, Expert.score)
        return [
            replace(score, supported=supports(self.experts, text, score.language))
            for text, score in zip(texts, scores, strict=True)
        ]

    def _by_expert(self, texts: list[str], compute: Callable[[Expert, list[str], list[str]], Iterable[T]]) -> list[T]:
        """One result for each text, in order. `compute` gets an expert, its texts and their languages, once."""
        languages = [detect_language(text) for text in texts]
        indices_of: dict[str, list[int]] = {}
        for index, language in enumerate(languages):
            indices_of.setdefault(expert_for_language(language, self.experts), []).append(index)
        results: dict[int, T] = {}
        for name, indices in indices_of.items():
            expert_texts, expert_languages = [texts[i] for i in indices], [languages[i] for i in indices]
            results |= zip(indices, compute(self.experts[name], expert_texts, expert_languages), strict=True)
        return [results[index] for index in range(len(texts))]


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Row-wise softmax, in float64."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def contradicts(label: str, rating: int | None) -> bool:
    """Whether a rating, 0 (worst) to 4 (best), says the opposite of a label."""
    return rating is not None and ((label == "negative" and rating > 2) or (label == "positive" and rating < 2))


def weigh_rating(row: NDArray[np.float64], rating: int | None) -> NDArray[np.float64]:
    """Probabilities [3] that give RATING_SHARE to the label that a rating stands for."""
    rated = np.zeros(len(LABELS))
    rated[0 if rating is not None and rating < 2 else -1] = 1
    return (1 - RATING_SHARE) * row + RATING_SHARE * rated


def _text_score(row: NDArray[np.float64], language: str, truncated: bool) -> TextScore:
    best = int(row.argmax())
    scores = {label: float(score) for label, score in zip(LABELS, row, strict=True)}
    return TextScore(LABELS[best], scores[LABELS[best]], scores, language, truncated)


def load(folder: Path, backend: str = "onnx-int8", base_setting: str = "") -> Model:
    """Load a version: check every hash, then check on the canary texts that this machine computes what was evaluated.

    Raises BadVersion or BadBase.
    """
    manifest = manifests.verify(folder)
    try:
        model = assemble(folder, manifest, backend, base_setting)
    except (RuntimeError, ValueError, OSError) as error:
        raise BadVersion(f"{manifest.id}: {backend} cannot load it: {error}") from error
    check_canaries(model, manifest, CANARY_TOLERANCE[backend])
    return model


def assemble(folder: Path, manifest: Manifest, backend: str = "onnx-int8", base_setting: str = "") -> Model:
    """The experts of the version in the folder as one model, without any check."""
    experts = {}
    for name, expert in manifest.experts.items():
        encoder = TextEncoder(folder / expert.tokenizer, expert.max_tokens)
        loaded = backends.load(backend, folder, manifest, name, base_setting)
        head = LongTextHead(np.array(expert.long_text_head)) if expert.long_text_head else None
        experts[name] = Expert(encoder, loaded, expert.temperature, tuple(expert.bias), head)
    return Model(manifest.id, experts)


def check_canaries(model: Model, manifest: Manifest, allowed: float) -> None:
    """Raises BadVersion when a canary text's score differs by more than `allowed` from the one in the evaluation."""
    found = model.probabilities([canary.text for canary in manifest.canaries])
    expected = np.array([canary.scores for canary in manifest.canaries])
    worst = float(np.abs(found - expected).max())
    # Written so that NaN fails too.
    if not worst <= allowed:
        raise BadVersion(
            f"{manifest.id}: on this machine a canary text's score is {worst:.3f} off the evaluated one; at most "
            f"{allowed} is allowed. Rebuild the version, or use the backend it was evaluated with"
        )
