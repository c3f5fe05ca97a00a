"""Corrections to train on, and the datasets made of them."""

from datetime import UTC, datetime

import numpy as np

from product.inference.text.language import expert_for
from product.sentiment import Correction
from product.settings.rules import GateRules
from product.versions.installer import installed_manifest
from tests.support.actors import contributor
from training.data import catalogue as corpora
from training.data.similarity import near_duplicate_groups
from training.retraining.dataset import DatasetRequest, RetrainDataset, collect_dataset
from training.retraining.train import ShippedVersion


def correction(number: int, text: str, label: str) -> Correction:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Correction(str(number), str(number), text, label, "neutral", contributor("anna"), "pending", "both-1", at)


def chinese_corrections(count: int) -> list[Correction]:
    rows = corpora.load("replay-zh", "validation", corpus_dir="")[:count]
    return [correction(number, row.text, row.label) for number, row in enumerate(rows)]


def request(settings, *languages: str, learned=None, seed: int = 1) -> DatasetRequest:
    """A request for two experts, unless other languages are given."""
    return DatasetRequest(settings, languages or ("en", "zh"), learned or {}, seed)


def collect(settings, accepted, *, learned=None, min_groups: int = 10) -> RetrainDataset:
    """The dataset of the corrections, with a smaller minimum for the holdout."""
    fewer = settings.model_copy(update={"gate": GateRules(min_holdout_groups=min_groups)})
    return collect_dataset(request(fewer, learned=learned), accepted)


def shipped_version(settings, versions) -> ShippedVersion:
    manifest = installed_manifest(versions.store)
    return ShippedVersion(versions.store.folder(manifest.id), manifest, settings.base_model)


def distinct_texts(count: int) -> list[str]:
    """English support messages, no two of which are near-duplicates."""
    texts = [row.text for row in corpora.load("replay-en", "train", corpus_dir="")[: 2 * count]]
    texts = [text for text in texts if expert_for(text, ("en", "zh")) == "en"]
    _, first = np.unique(near_duplicate_groups(texts), return_index=True)
    return [texts[index] for index in sorted(first)[:count]]
