"""Shared by the tests of what is learned from corrections: an installation of two experts, and little to replay."""

import pytest

from product.versions import installer
from product.versions.installer import install_shipped
from product.versions.registry import Versions
from training.modelling.recipe import Recipe
from training.release.ship import ship
from training.retraining import dataset, train


@pytest.fixture
def small(monkeypatch):
    """Enough to see what is done with which rows; what is learned from them does not matter."""
    monkeypatch.setattr(dataset, "REPLAY_ROWS", {"en": {"replay-en": 20}, "zh": {"replay-zh": 20}})
    monkeypatch.setattr(dataset, "REPLAY_ROWS_PER_CORRECTION", 0)
    monkeypatch.setattr(dataset, "VALIDATION_CORPORA", {"en": ("replay-en",), "zh": ("replay-zh", "zh-reviews")})
    monkeypatch.setattr(dataset, "GATE_CORPORA", {"desk-en": 20, "desk-zh": 20, "imdb": 5})
    monkeypatch.setattr(train, "RECIPE", Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=1, batch_size=8))


@pytest.fixture
def versions(two_experts, tmp_path, settings, database, monkeypatch):
    """An installation of the version with two experts."""
    ship(two_experts, tmp_path / "model")
    monkeypatch.setattr(installer, "SHIPPED_MODEL", tmp_path / "model")
    versions = Versions(settings, database)
    install_shipped(settings, versions)
    return versions
