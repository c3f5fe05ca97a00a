"""Measure a finished version as it serves: test rows, behavioural suite, agreement with fp32, and sizes.

The figures are kept in the version's manifest, from which the model card is generated.
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
"""The rows on which the int8 and the fp32 model are compared."""
SUBSTITUTES = {"zh-reviews": (("replay-zh", "validation"), ("replay-zh", "train"))}
"""The splits read instead of a corpus that is unavailable."""


class NoExpert(AttuneError):
    """The version has no expert for the language to measure."""


@dataclass(frozen=True)
class Subject:
    """The version to measure: its folder, its manifest, and the model as it serves."""

    folder: Path
    manifest: Manifest
    served: Model
    base_setting: str
    corpus_dir: str


def measure(folder: Path, base_setting: str, corpus_dir: str) -> Manifest:
    """Measure what can be measured on this machine; the manifest gets the figures, and the reasons for what is missing.

    Figures that cannot be measured again keep their former value. Raises BadVersion if the folder is incomplete.
    """
    subject = Subject(folder, manifests.read(folder), models.load(folder), base_setting, corpus_dir)
    figures: dict[str, dict[str, Any]] = {}
    unmeasured: list[dict[str, str]] = []
    todo = measurements(subject)
    for index, (name, measurement) in enumerate(todo.items()):
        report("measuring", index, len(todo))
        log.info("measuring %s", name)
        try:
            figures[name] = measurement()
        except AttuneError as error:
            log.info("not measured: %s: %s", name, error)
            if name not in subject.manifest.metrics:
                unmeasured.append({"name": name, "reason": str(error)})
    # Read again: measuring takes minutes, and this command must change nothing but the figures.
    manifest = manifests.verify(folder)
    metrics = manifest.metrics | figures | {UNMEASURED: unmeasured}
    manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))
    return manifests.read(folder)


def measurements(subject: Subject) -> dict[str, Callable[[], dict[str, Any]]]:
    """What to measure: the key in the manifest's metrics, and the function that returns its value."""
    todo: dict[str, Callable[[], dict[str, Any]]] = {}
    for language, names in REPORTED.items():
        todo[f"size {language}"] = partial(_size, subject, language)
        todo |= {f"{name} test": partial(_test_metrics, subject, language, name) for name in names}
    for language in REPORTED:
        todo[f"behaviours {language}"] = partial(_behaviours, subject, language)
        todo[f"agreement {language}"] = partial(_agreement, subject, language)
    return todo


def _require_expert(subject: Subject, language: str) -> None:
    if language not in subject.manifest.experts:
        raise NoExpert(f"there is no {language} expert")


def _test_metrics(subject: Subject, language: str, name: str) -> dict[str, Any]:
    _require_expert(subject, language)
    rows = catalogue.load_clean(name, "test", subject.corpus_dir)
    log.info("reading %s test rows of %s", f"{len(rows):,}", name)
    return evaluate(subject.served, rows)


def _behaviours(subject: Subject, language: str) -> dict[str, Any]:
    """The table of the behavioural suite, with the SHA-256 of its cases under `suite`."""
    _require_expert(subject, language)
    return behaviours.measure(subject.served, language) | {"suite": behaviours.digest()}


def _agreement(subject: Subject, language: str) -> dict[str, Any]:
    """How often the serving file and the fp32 model give the same label, and how far their probabilities differ."""
    _require_expert(subject, language)
    rows, splits = agreement_rows(language, subject.corpus_dir)
    texts = [row.text for row in rows]
    served = subject.served.experts[language]
    fp32 = backends.load("torch", subject.folder, subject.manifest, language, subject.base_setting)
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


def _size(subject: Subject, language: str) -> dict[str, Any]:
    """Layers and parameters of the whole expert; bytes of its files in the repository and of the file that serves."""
    _require_expert(subject, language)
    expert = subject.manifest.experts[language]
    model = checkpoint.load_expert(subject.folder, subject.manifest, language, subject.base_setting)
    files = shipped_files(subject.manifest, language)
    return {
        "layers": model.config.num_hidden_layers,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "git_bytes": sum((subject.folder / name).stat().st_size for name in files),
        "serving_bytes": (subject.folder / expert.serving.file).stat().st_size,
    }


def shipped_files(manifest: Manifest, language: str) -> list[str]:
    """The files of an expert that the repository keeps: its parts, and its tokenizer unless the base has it."""
    expert = manifest.experts[language]
    parts = [name for name in manifest.files if any(name.startswith(f"{part}/") for part in expert.parts)]
    return parts + ([expert.tokenizer] if ships_tokenizer(expert) else [])
