"""The version that a clone of this repository starts with."""

import shutil
from collections.abc import Callable
from pathlib import Path

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from training.release.card import model_card as card


def ship(source: Path, target: Path, say: Callable) -> Manifest:
    """Put a finished version's parts, manifest and model card where the product's repository keeps them.

    Exports and the base with its tokenizer stay behind: an installation makes the exports again from the parts and
    checks the result. The tokenizer of an expert that does not belong to the product's own base goes along.
    """
    manifest = manifests.verify(source)
    models.load(source)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for expert in manifest.experts.values():
        for part in expert.parts:
            shutil.copytree(source / part, draft / part)
        if brings_tokenizer(expert):
            (draft / expert.tokenizer).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / expert.tokenizer, draft / expert.tokenizer)
    shipped = manifests.write(draft, manifest)
    # After the manifest, which does not name it: the card may be made again at any time.
    card.write(draft, shipped)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    say(f"{shipped.id}: {', '.join(shipped.files)}, the manifest and the card are in {target}")
    return shipped


def brings_tokenizer(expert: Expert) -> bool:
    """Whether an expert is shipped with its tokenizer: only the product's own base brings it along."""
    return expert.base is None or expert.base.sha256 != checkpoint.BASE_SHA256
