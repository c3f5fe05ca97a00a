"""Finding a version by the name given to a command."""

import pytest

from product.inference import manifest as manifests
from product.inference.manifest import BadVersion
from product.settings.configuration import SHIPPED_MODEL
from training.evaluation.lookup import locate_manifest


def test_a_version_is_located_by_its_folder_by_its_id_or_as_the_shipped_version(settings):
    shipped = manifests.read(SHIPPED_MODEL)
    stored = settings.versions_dir / "made-1"
    stored.mkdir(parents=True)
    manifests.write(stored, shipped.model_copy(update={"id": "made-1"}))
    assert locate_manifest(settings, str(stored)) == locate_manifest(settings, "made-1") == stored
    assert locate_manifest(settings, shipped.id) == SHIPPED_MODEL
    with pytest.raises(BadVersion, match="made-2"):
        locate_manifest(settings, "made-2")
