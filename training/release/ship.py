"""Ship a version: store it in the repository, as the model that every clone starts with."""

import logging
import shutil
from pathlib import Path

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from training.modelling.folders import new_draft
from training.release.card import model_card

log = logging.getLogger(__name__)


def ship(source: Path, target: Path) -> Manifest:
    """Replace the folder `target` by a finished version's parts, manifest and model card.

    Exports are left out: an installation exports the parts again and checks the result. The product's own base and its
    tokenizer are left out as well; the tokenizers of other bases are included. Raises BadVersion.
    """
    manifest = manifests.verify(source)
    models.load(source)
    draft = new_draft(target)
    for expert in manifest.experts.values():
        for part in expert.parts:
            shutil.copytree(source / part, draft / part)
        if ships_tokenizer(expert):
            (draft / expert.tokenizer).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / expert.tokenizer, draft / expert.tokenizer)
    shipped = manifests.write(draft, manifest)
    # Written after the manifest, which lists all files, because the card can be regenerated at any time.
    model_card.write(draft, shipped)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    log.info("%s: %s, the manifest and the model card are in %s", shipped.id, ", ".join(shipped.files), target)
    return shipped


def ships_tokenizer(expert: Expert) -> bool:
    """Whether an expert is shipped with its tokenizer; the product's own base comes with one."""
    return expert.base is None or expert.base.sha256 != checkpoint.BASE_SHA256
