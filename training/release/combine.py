"""One version from the experts of several."""

from collections.abc import Callable
from pathlib import Path

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from training.data.rows import BadRequest
from training.modelling.packaging import complete_version, copy_expert
from training.release.checkpoints import check_new_folder


def combine(sources: dict[str, Path], out: Path, version: str, say: Callable) -> Manifest:
    """One version of the experts that finished versions have for the languages; their measures are put together.

    Raises BadRequest, BadVersion.
    """
    check_new_folder(out)
    found = {language: manifests.verify(folder) for language, folder in sources.items()}
    for language, manifest in found.items():
        if language not in manifest.experts:
            has = ", ".join(manifest.experts)
            raise BadRequest(f"--{language} {sources[language]}: {manifest.id} has no such expert, only {has}")
    experts: dict[str, Expert] = {}
    for language, manifest in found.items():
        say(f"{language}: the expert of {manifest.id}")
        experts[language] = copy_expert(sources[language], manifest.experts[language], language, out)
    details = {
        "metrics": {name: value for manifest in found.values() for name, value in manifest.metrics.items()},
        "data": {language: manifest.data for language, manifest in found.items()},
        "training": {language: manifest.training for language, manifest in found.items()},
        "corrections": sum(manifest.corrections for manifest in found.values()),
    }
    manifest = complete_version(out, version, experts, details)
    models.load(out)
    return manifest
