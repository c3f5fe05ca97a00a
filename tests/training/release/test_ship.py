"""Shipping a version: which files go into the repository, and what an installation makes of them."""

from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL
from training.release.card import model_card
from training.release.ship import ship


def test_shipping_writes_the_card_beside_the_model_and_outside_its_manifest(zh_version, tmp_path):
    shipped = ship(zh_version, tmp_path / "model")
    assert (tmp_path / "model" / "README.md").read_text(encoding="utf-8") == model_card.render(shipped)
    assert "README.md" not in manifests.verify(tmp_path / "model").files


def test_the_shipped_model_has_no_files_beside_its_parts_and_tokenizers():
    shipped = manifests.verify(SHIPPED_MODEL)
    for name in shipped.files:
        assert name.endswith("tokenizer.json") or any(
            name.startswith(f"{part}/") for expert in shipped.experts.values() for part in expert.parts
        )
