"""Make one version from the experts of several."""

import logging
from pathlib import Path

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from training.data.rows import BadRequest
from training.modelling.folders import check_new_folder
from training.modelling.packaging import complete_version, copy_expert

log = logging.getLogger(__name__)


def combine(sources: dict[str, Path], out: Path, version: str) -> Manifest:
    """Write a version whose experts come from the version folders in `sources`, by language; metrics are merged.

    Raises BadRequest, BadVersion.
    """
    check_new_folder(out)
    found = {language: manifests.verify(folder) for language, folder in sources.items()}
    for language, manifest in found.items():
        if language not in manifest.experts:
            available = ", ".join(manifest.experts)
            raise BadRequest(
                f"--{language} {sources[language]}: {manifest.id} has no {language} expert, only {available}"
            )
    experts: dict[str, Expert] = {}
    for language, manifest in found.items():
        log.info("%s: the expert of %s", language, manifest.id)
        experts[language] = copy_expert(sources[language], manifest.experts[language], language, out)
    details = {
        "metrics": {name: value for manifest in found.values() for name, value in manifest.metrics.items()},
        "data": {language: manifest.data for language, manifest in found.items()},
        "training": {language: manifest.training for language, manifest in found.items()},
        "corrections": sum(manifest.corrections for manifest in found.values()),
    }
    manifest = complete_version(out, version, experts, details)
    models.load(out)  # raises BadVersion if its canary texts fail
    return manifest
