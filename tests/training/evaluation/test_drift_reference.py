"""The reference that drift is measured against: the rows read, and the measures counted."""

from product.inference.model import TextScore
from product.sentiment import LABELS
from training.data.rows import Row
from training.evaluation.drift_reference import SOURCES, build

WORDS = {"negative": "bad", "neutral": "when", "positive": "good"}


def predict(texts: list[str]) -> list[TextScore]:
    """Stands in for a model that is confident only on rows it was trained on."""
    labels = [next((label for label in LABELS if WORDS[label] in text), "neutral") for text in texts]
    confidences = [0.97 if "learned" in text else 0.65 for text in texts]
    return [TextScore(label, value, {}, "en", False) for label, value in zip(labels, confidences, strict=True)]


def test_reference_counts_confidence_on_validation_rows_only_and_the_rest_on_both_splits():
    rows = {"train": ["bad, learned", "good, learned"], "validation": ["bad"]}

    def load(name: str, split: str) -> list[Row]:
        return [Row(text, "negative", name) for text in rows[split]] if name == "airline" else []

    built = build("m-1", load, predict)
    expert = built.counts.experts["en"]
    assert (built.model, built.origin, built.counts.language) == ("m-1", "training", [3, 0, 0])
    assert expert["label"] == [2, 0, 1]
    assert expert["confidence"] == [0, 0, 1, 0, 0, 0, 0]
    # Three different words, each counted once per message that has it.
    assert sum(expert["vocabulary"]) == 5


def test_reference_reads_both_splits_of_three_corpora():
    read: list[str] = []
    build(
        "m-1",
        lambda name, split: [Row(f"{name} {split}", "neutral", name)],
        lambda texts: read.extend(texts) or predict(texts),
    )
    assert read == [f"{name} {split}" for name in SOURCES for split in ("train", "validation")]
    assert len(SOURCES) == 3
