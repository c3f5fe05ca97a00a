"""The reference that drift is measured against: counts of the shipped model's predictions for training messages."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

from product.drift.counts import MEASURES, Counts
from product.drift.reference import Reference
from product.inference.model import TextScore
from product.progress import report
from training.data.rows import Row

SOURCES = ("replay-en", "replay-zh", "airline")
"""The corpora of messages from customers to a company; reviews are left out."""
MEASURED = {
    "train": tuple(name for name in MEASURES if name != "confidence"),
    "validation": MEASURES,
}
"""The measures counted in each split. Confidence is counted only on validation rows, on which it was calibrated: on
training rows it is higher than on new messages."""
CHUNK = 1_024
"""Texts scored between two reports of progress."""

Load = Callable[[str, str], list[Row]]
Score = Callable[[list[str]], list[TextScore]]


def build(model: str, load: Load, score: Score) -> Reference:
    """Counts over all SOURCES. `load(corpus, split)` returns cleaned rows; `score` predicts with version `model`."""
    counts = Counts()
    for name in SOURCES:
        for split, measures in MEASURED.items():
            texts = [row.text for row in load(name, split)]
            for chunk in _chunks(f"{name}, {split}", texts):
                _count(counts, chunk, score, measures)
    return Reference(model, "training", counts)


def _chunks(task: str, texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), CHUNK):
        report(task, start, len(texts))
        yield texts[start : start + CHUNK]
    report(task, len(texts), len(texts))


def _count(counts: Counts, texts: list[str], score: Score, measures: tuple[str, ...]) -> None:
    for text, result in zip(texts, score(texts), strict=True):
        row = SimpleNamespace(text=text, label=result.label, confidence=result.confidence, language=result.language)
        counts.add(row, measures)
