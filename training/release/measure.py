"""Measure a finished version as it serves: test rows, behavioural suite, agreement with fp32, and sizes.

The figures are written to the version's manifest, from which the model card is generated.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from product.inference import backends, checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Manifest
from product.inference.model import Model
from product.progress import report
from product.sentiment import AttuneError
from training.data import catalogue
from training.data.catalogue import REPORTED
from training.data.rows import CorpusUnavailable, Row
from training.evaluation import behaviours
from training.evaluation.metrics import evaluate
from training.release.card.results import UNMEASURED
from training.release.ship import ships_tokenizer

log = logging.getLogger(__name__)
AGREEMENT_SPLITS = {"en": (("airline", "test"),), "zh": (("desk-zh", "test"), ("zh-reviews", "test"))}
"""The (corpus, split) pairs on which the int8 and the fp32 model are compared."""
SUBSTITUTES = {"zh-reviews": (("replay-zh", "validation"), ("replay-zh", "train"))}
"""The (corpus, split) pairs that replace an unavailable corpus."""


class NoExpert(AttuneError):
    """The version has no expert for the language to measure."""


@dataclass(frozen=True)
class MeasuredVersion:
    """The version to measure: its folder, its manifest, and the model as it serves."""

    folder: Path
    manifest: Manifest
    served: Model
    base_setting: str
    corpus_dir: str


def measure(folder: Path, base_setting: str, corpus_dir: str) -> Manifest:
    """Measure what this machine can; write the figures, and the reasons for missing ones, to the manifest.

    Figures that cannot be measured again keep their former values. Raises BadVersion if the folder is incomplete.
    """
    version = MeasuredVersion(folder, manifests.read(folder), models.load(folder), base_setting, corpus_dir)
    figures: dict[str, dict[str, Any]] = {}
    unmeasured: list[dict[str, str]] = []
    todo = measurements(version)
    for index, (name, measurement) in enumerate(todo.items()):
        report("measuring", index, len(todo))
        log.info("measuring %s", name)
        try:
            figures[name] = measurement()
        except AttuneError as error:
            log.info("not measured: %s: %s", name, error)
            if name not in version.manifest.metrics:
                unmeasured.append({"name": name, "reason": str(error)})
    # Read again: measuring takes minutes, and this command must change nothing but the figures.
    manifest = manifests.verify(folder)
    metrics = manifest.metrics | figures | {UNMEASURED: unmeasured}
    manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))
    return manifests.read(folder)


def measurements(version: MeasuredVersion) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measurements by their key in the manifest's metrics; each function returns the value for its key."""
    todo: dict[str, Callable[[], dict[str, Any]]] = {}
    for language, names in REPORTED.items():
        todo[f"size {language}"] = partial(_size, version, language)
        todo |= {f"{name} test": partial(_test_metrics, version, language, name) for name in names}
    for language in REPORTED:
        todo[f"behaviours {language}"] = partial(_behaviours, version, language)
        todo[f"agreement {language}"] = partial(_agreement, version, language)
    return todo


def _require_expert(version: MeasuredVersion, language: str) -> None:
    if language not in version.manifest.experts:
        raise NoExpert(f"there is no {language} expert")


def _test_metrics(version: MeasuredVersion, language: str, name: str) -> dict[str, Any]:
    _require_expert(version, language)
    rows = catalogue.load_clean(name, "test", version.corpus_dir)
    log.info("reading %s test rows of %s", f"{len(rows):,}", name)
    return evaluate(version.served, rows)


def _behaviours(version: MeasuredVersion, language: str) -> dict[str, Any]:
    """The table of the behavioural suite, with the SHA-256 of its cases under `suite`."""
    _require_expert(version, language)
    return behaviours.measure(version.served, language) | {"suite": behaviours.digest()}


def _agreement(version: MeasuredVersion, language: str) -> dict[str, Any]:
    """The share of texts with the same label from the serving file and the fp32 model, and the largest difference
    between their probabilities (0 to 1)."""
    _require_expert(version, language)
    rows, splits = agreement_rows(language, version.corpus_dir)
    texts = [row.text for row in rows]
    served = version.served.experts[language]
    fp32 = backends.load("torch", version.folder, version.manifest, language, version.base_setting)
    log.info("reading %s texts in 8 bits and in fp32", f"{len(texts):,}")
    found, expected = (expert.probabilities(texts) for expert in (served, replace(served, backend=fp32)))
    return {
        "rows": len(texts),
        "on": splits,
        "same": float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "largest_difference": float(np.abs(found - expected).max()),
    }


def agreement_rows(language: str, corpus_dir: str) -> tuple[list[Row], list[str]]:
    """The rows on which two backends of a language's expert are compared, and the names of their splits."""
    rows: list[Row] = []
    splits: list[str] = []
    for name, split in AGREEMENT_SPLITS[language]:
        try:
            parts = {f"{name} {split}": catalogue.load_clean(name, split, corpus_dir)}
        except CorpusUnavailable:
            if name not in SUBSTITUTES:
                raise
            parts = {
                f"{other} {part}": catalogue.load_clean(other, part, corpus_dir) for other, part in SUBSTITUTES[name]
            }
        splits += parts
        rows += [row for part in parts.values() for row in part]
    return rows, splits


def _size(version: MeasuredVersion, language: str) -> dict[str, Any]:
    """Layers and parameters of the expert; bytes of its files in the repository and of its serving file."""
    _require_expert(version, language)
    expert = version.manifest.experts[language]
    model = checkpoint.load_expert(version.folder, version.manifest, language, version.base_setting)
    files = shipped_files(version.manifest, language)
    return {
        "layers": model.config.num_hidden_layers,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "git_bytes": sum((version.folder / name).stat().st_size for name in files),
        "serving_bytes": (version.folder / expert.serving.file).stat().st_size,
    }


def shipped_files(manifest: Manifest, language: str) -> list[str]:
    """The files of an expert that the repository keeps: its parts, and its tokenizer unless the base has it."""
    expert = manifest.experts[language]
    parts = [name for name in manifest.files if any(name.startswith(f"{part}/") for part in expert.parts)]
    return parts + ([expert.tokenizer] if ships_tokenizer(expert) else [])
