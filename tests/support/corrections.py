"""Corrections to learn from, and what is collected of them."""

from datetime import UTC, datetime

import numpy as np

from product.inference.text import expert_for
from product.sentiment import Correction
from training.data import catalogue as corpora
from training.data.similarity import near_duplicate_groups
from training.retraining import dataset as material
from training.retraining.dataset import RetrainDataset


def correction(number: int, text: str, label: str) -> Correction:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Correction(str(number), str(number), text, label, "neutral", "anna", "pending", "both-1", at)


def chinese_corrections(count: int) -> list[Correction]:
    rows = corpora.load("replay-zh", "validation", corpus_dir="")[:count]
    return [correction(number, row.text, row.label) for number, row in enumerate(rows)]


def collect(settings, accepted, *, before=None, least=10, seed=1) -> RetrainDataset:
    return material.collect(settings, accepted, ("en", "zh"), before=before or {}, least=least, seed=seed, say=print)


def distinct_texts(count: int) -> list[str]:
    """English support messages, no two of which are near-duplicates."""
    texts = [row.text for row in corpora.load("replay-en", "train", corpus_dir="")[: 2 * count]]
    texts = [text for text in texts if expert_for(text, ("en", "zh")) == "en"]
    _, first = np.unique(near_duplicate_groups(texts), return_index=True)
    return [texts[index] for index in sorted(first)[:count]]
