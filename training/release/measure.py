"""A finished version's figures, as it serves: test rows, the behavioural suite, int8 against fp32, sizes.

They are kept in its manifest: what the model card is generated from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from product.inference import backends, checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Manifest
from product.inference.model import Model
from product.sentiment import AttuneError
from training.data import catalogue as corpora
from training.data.catalogue import REPORTED
from training.data.rows import CorpusUnavailable, Row
from training.evaluation import behaviours
from training.evaluation.metrics import evaluate
from training.release.card.results import UNMEASURED
from training.release.ship import brings_tokenizer

AGREEMENT = {"en": (("airline", "test"),), "zh": (("desk-zh", "test"), ("zh-reviews", "test"))}
"""Rows on which int8 is held against fp32."""
INSTEAD = {"zh-reviews": (("replay-zh", "validation"), ("replay-zh", "train"))}
"""What is read where a corpus is not to be had."""


class NoExpert(AttuneError):
    """Nothing can be measured in a language that the version has no expert for."""


@dataclass(frozen=True)
class Subject:
    """What is measured: a version's folder, its manifest, and it as it serves."""

    folder: Path
    manifest: Manifest
    served: Model
    base_setting: str
    corpus_dir: str
    say: Callable


def measure(folder: Path, base_setting: str, corpus_dir: str, say: Callable) -> Manifest:
    """Measure what can be measured here and keep it in the version's manifest, with the reasons for what cannot.

    A figure that is in the manifest and cannot be measured again stays. Raises BadVersion when the folder is not whole.
    """
    subject = Subject(folder, manifests.read(folder), models.load(folder), base_setting, corpus_dir, say)
    figures, unmeasured = {}, []
    for name, job in jobs(subject):
        say(f"measuring {name}")
        try:
            figures[name] = job()
        except AttuneError as reason:
            say(f"not measured: {name}: {reason}")
            if name not in subject.manifest.metrics:
                unmeasured.append({"name": name, "reason": str(reason)})
    # Read again: measuring takes minutes, and only the figures are this command's to change.
    manifest = manifests.verify(folder)
    metrics = manifest.metrics | figures | {UNMEASURED: unmeasured}
    manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))
    return manifests.read(folder)


def jobs(subject: Subject) -> Iterator[tuple[str, Callable[[], dict]]]:
    """Key in the manifest's metrics, and what gives its value."""
    for language, names in REPORTED.items():
        yield f"size {language}", partial(_size, subject, language)
        for name in names:
            yield f"{name} test", partial(_corpus, subject, language, name)
    for language in REPORTED:
        yield f"behaviours {language}", partial(_behaviours, subject, language)
        yield f"agreement {language}", partial(_agreement, subject, language)


def _need(subject: Subject, language: str) -> None:
    if language not in subject.manifest.experts:
        raise NoExpert(f"no expert has learned {language}")


def _corpus(subject: Subject, language: str, name: str) -> dict:
    _need(subject, language)
    rows = corpora.load_clean(name, "test", subject.corpus_dir)
    subject.say(f"reading {len(rows):,} test rows of {name}")
    return evaluate(subject.served, rows)


def _behaviours(subject: Subject, language: str) -> dict:
    """The suite's table with the SHA-256 of its cases under `suite`."""
    _need(subject, language)
    cases = behaviours.cases(language)
    failures = behaviours.judge(cases, behaviours.score(subject.served, cases, subject.say))
    return behaviours.summarise(cases, failures) | {"suite": behaviours.digest()}


def _agreement(subject: Subject, language: str) -> dict:
    """How often the file that serves gives the label of the restored fp32 model; how far probabilities are apart."""
    _need(subject, language)
    rows, told = agreement_rows(language, subject.corpus_dir)
    texts = [row.text for row in rows]
    served = subject.served.experts[language]
    reference = backends.load("torch", subject.folder, subject.manifest, language, subject.base_setting)
    subject.say(f"reading {len(texts):,} texts in 8 bit and in fp32")
    found, expected = (expert.probabilities(texts) for expert in (served, replace(served, backend=reference)))
    return {
        "rows": len(texts),
        "on": told,
        "same": float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "largest_difference": float(np.abs(found - expected).max()),
    }


def agreement_rows(language: str, corpus_dir: str) -> tuple[list[Row], list[str]]:
    """Rows in a language to hold two backends of its expert against each other on, and what they are."""
    rows, told = [], []
    for name, split in AGREEMENT[language]:
        try:
            parts = {f"{name} {split}": corpora.load_clean(name, split, corpus_dir)}
        except CorpusUnavailable:
            if name not in INSTEAD:
                raise
            parts = {f"{other} {part}": corpora.load_clean(other, part, corpus_dir) for other, part in INSTEAD[name]}
        told += parts
        rows += [row for part in parts.values() for row in part]
    return rows, told


def _size(subject: Subject, language: str) -> dict:
    """Layers and parameters of the whole expert; bytes of what a repository keeps of it and of the file that serves."""
    _need(subject, language)
    expert = subject.manifest.experts[language]
    model = checkpoint.load_expert(subject.folder, subject.manifest, language, subject.base_setting)
    return {
        "layers": model.config.num_hidden_layers,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "git_bytes": sum((subject.folder / name).stat().st_size for name in kept_in_git(subject.manifest, language)),
        "serving_bytes": (subject.folder / expert.serving.file).stat().st_size,
    }


def kept_in_git(manifest: Manifest, language: str) -> list[str]:
    """The files of an expert that are shipped: its parts, and its tokenizer where no base brings it."""
    expert = manifest.experts[language]
    parts = [name for name in manifest.files if any(name.startswith(f"{part}/") for part in expert.parts)]
    return parts + ([expert.tokenizer] if brings_tokenizer(expert) else [])
