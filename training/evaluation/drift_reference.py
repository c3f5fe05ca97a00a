"""The reference of drift: what the shipped model says of messages that it learned from, as counts."""

from collections.abc import Callable
from types import SimpleNamespace

from product.drift.counts import MEASURES, Counts
from product.drift.reference import Reference
from product.inference.model import TextScore
from training.data.cleaning import clean
from training.data.rows import Row

SOURCES = ("replay-en", "replay-zh", "airline")
"""Corpora of customers' messages to a company. The reviews that are learned from as well are no such messages."""
MEASURED = {
    "train": tuple(name for name in MEASURES if name != "confidence"),
    "validation": MEASURES,
}
"""What is counted of each split. Of rows that it learned a model is surer than it will be of any week's messages, so
the confidence is that on validation rows, for which it was calibrated."""
CHUNK = 1_024
"""Texts between two words on how far it is."""


def build(
    model: str, load: Callable[[str, str], list[Row]], score: Callable[[list[str]], list[TextScore]], say: Callable
) -> Reference:
    """Counts of all SOURCES. `load(corpus, split)` gives the rows, `score` what the model of that id says of texts."""
    counts = Counts()
    for name in SOURCES:
        for split, measures in MEASURED.items():
            texts = [row.text for row in clean(load(name, split))[0]]
            for start in range(0, len(texts), CHUNK):
                say(f"{name}, {split}: {start:,} of {len(texts):,}")
                _count(counts, texts[start : start + CHUNK], score, measures)
    return Reference(model, "training", counts)


def _count(counts: Counts, texts: list[str], score: Callable, measures: tuple[str, ...]) -> None:
    for text, said in zip(texts, score(texts), strict=True):
        row = SimpleNamespace(text=text, label=said.label, confidence=said.confidence, language=said.language)
        counts.add(row, measures)
