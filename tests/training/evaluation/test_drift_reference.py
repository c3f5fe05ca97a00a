"""The reference of drift: what is counted of which rows, and of what the rows are."""

from product.inference.model import TextScore
from product.sentiment import LABELS
from training.data.rows import Row
from training.evaluation.drift_reference import build

WORDS = {"negative": "bad", "neutral": "when", "positive": "good"}


def say_of(texts: list[str]) -> list[TextScore]:
    """A stand-in for a model: sure of nothing but what it has learned."""
    labels = [next((label for label in LABELS if WORDS[label] in text), "neutral") for text in texts]
    sure = [0.97 if "learned" in text else 0.65 for text in texts]
    return [TextScore(label, value, {}, "en", False) for label, value in zip(labels, sure, strict=True)]


def test_reference_counts_confidence_on_rows_that_were_not_learned_and_the_rest_on_both():
    rows = {"train": ["bad, learned", "good, learned"], "validation": ["bad"]}

    def load(name: str, split: str) -> list[Row]:
        return [Row(text, "negative", name) for text in rows[split]] if name == "airline" else []

    built = build("m-1", load, say_of)
    side = built.counts.experts["en"]
    assert (built.model, built.origin, built.counts.language) == ("m-1", "training", [3, 0, 0])
    assert side["label"] == [2, 0, 1]
    assert side["confidence"] == [0, 0, 1, 0, 0, 0, 0]
    # Each of three different words once in each message that has it.
    assert sum(side["vocabulary"]) == 5


def test_reference_reads_what_serving_would_read():
    rows = [Row("write to ann@example.com &amp; wait", "neutral", "airline"), Row(" ", "neutral", "airline")]
    read: list[str] = []
    build("m-1", lambda name, split: rows, lambda texts: read.extend(texts) or say_of(texts))
    # three corpora, two splits of each
    assert read == ["write to [email] & wait"] * 6
