"""Make a complete version folder: train it on labelled corpora, or build it from an existing checkpoint."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Manifest
from product.inference.model import TOKENIZER_FILE
from product.settings.configuration import Settings
from training.compression.checkpoints import check_bits, require_checkpoint
from training.data import catalogue
from training.data.catalogue import GENERATED_PREFIXES, REPORTED
from training.data.generation.long_messages import head_rows
from training.data.preparation import parse_request, subsample_each_corpus
from training.data.rows import BadRequest, CorpusUnavailable
from training.evaluation.metrics import evaluate
from training.modelling import distributed
from training.modelling.folders import check_new_folder, delete_run_folder, move_into_place, new_draft, write_json
from training.modelling.packaging import (
    MAX_TOKENS,
    ExpertParts,
    build_expert,
    complete_version,
    measure_smoothing,
    with_long_text_head,
)
from training.release.lineage import RESULT_FILE, recorded_runs, run_record, version_lineage
from training.release.parts import write_expert_parts, write_packed, write_trained_checkpoint
from training.release.plan import Plan, Request, make_plan
from training.release.training_run import train_plan

log = logging.getLogger(__name__)

CALIBRATION_ROWS = 600
"""Validation rows of each corpus that an expert is calibrated on: a mixture, so that no corpus dominates."""


def finetune_version(settings: Settings, request: Request, version: str) -> Manifest | None:
    """Train, export, calibrate and measure a version with one expert; with `checkpoint_only`, only train and write.

    The folder `request.out` appears once it is complete. A killed run continues when this is called again. Under
    torchrun every process calls this and trains; the first process does the rest and returns the manifest.
    Raises BadRequest, BadRun, BadBase, CorpusUnavailable.
    """
    started = time.monotonic()
    check_language(request.language)
    distributed.join()
    plan = distributed.broadcast_from_first(lambda: _checked_plan(settings, request))
    if distributed.is_first():
        log.info(
            "training on %s rows (%s), with %s validation rows for early stopping",
            f"{len(plan.rows):,}",
            plan.recipe.method,
            f"{len(plan.early_stopping_rows):,}",
        )
    history = train_plan(plan)
    distributed.leave()
    if not distributed.is_first():
        return None
    return _write_result(settings, plan, version, history, started)


def _checked_plan(settings: Settings, request: Request) -> Plan:
    check_new_folder(request.out)
    return make_plan(settings, request)


def _write_result(
    settings: Settings, plan: Plan, version: str, history: list[dict[str, Any]], started: float
) -> Manifest | None:
    """Write the version or checkpoint with the record of its run, and discard the work folder."""
    out = plan.request.out
    draft = new_draft(out)
    record = run_record(plan, time.monotonic() - started)
    if plan.options.checkpoint_only:
        manifest, record_file = None, draft / RESULT_FILE
        write_trained_checkpoint(plan, draft)
    else:
        manifest = build_version(settings, plan, record, draft, version)
        record_file = out.with_name(f"{out.name}.json")
    write_json(record_file, record | {"history": history})
    move_into_place(draft, out)
    delete_run_folder(plan.work)
    return manifest


def build_version(settings: Settings, plan: Plan, record: dict[str, Any], draft: Path, version: str) -> Manifest:
    """Write the trained version to `draft`; its manifest records this run and those before it."""
    language = plan.language
    base, names = write_expert_parts(plan, draft)
    parts = ExpertParts(base, names, plan.tokenizer, plan.request.base, min(MAX_TOKENS, plan.positions))
    expert = build_expert(draft, language, parts, subsample_each_corpus(plan.validation, CALIBRATION_ROWS, seed=0))
    expert = with_long_text_head(draft, expert, head_rows(language, settings.corpus_dir))
    manifest = complete_version(draft, version, {language: expert}, version_lineage([*record["before"], record]))
    requested = [parse_request(corpus)[0] for corpus in plan.request.corpora]
    corpora = [name for name in requested if not name.startswith(GENERATED_PREFIXES)]
    reported = reported_corpora(language, corpora, settings.corpus_dir)
    return with_test_metrics(draft, manifest, reported, settings.corpus_dir)


@dataclass(frozen=True)
class CheckpointRequest:
    """A checkpoint to make a version of: corpora to calibrate on, bits for each weight, and the folder to write.

    `smoothing`, 0 to 1, is the share of activation outliers that moves into the weights before the int8 export.
    """

    folder: Path
    corpora: list[str]
    out: Path
    language: str = "en"
    bits: int = 8
    smoothing: float = 0.0


def version_from_checkpoint(settings: Settings, request: CheckpointRequest, version: str) -> Manifest:
    """Pack, export, calibrate and measure a checkpoint without training it.

    It is calibrated on validation rows of the corpora, at most CALIBRATION_ROWS of each. Raises BadRequest,
    CorpusUnavailable.
    """
    language = request.language
    _check_checkpoint_request(request)
    validation = [
        row for name in request.corpora for row in catalogue.load_clean(name, "validation", settings.corpus_dir)
    ]
    draft = new_draft(request.out)
    balanced = subsample_each_corpus(validation, CALIBRATION_ROWS, seed=0)
    parts = _pack_checkpoint(settings, request, draft)
    if request.smoothing:
        measure_smoothing(draft, parts, balanced, request.smoothing)
    expert = build_expert(draft, language, parts, balanced)
    expert = with_long_text_head(draft, expert, head_rows(language, settings.corpus_dir))
    runs = recorded_runs([request.folder])
    manifest = complete_version(draft, version, {language: expert}, version_lineage(runs) if runs else {})
    reported = reported_corpora(language, request.corpora, settings.corpus_dir)
    manifest = with_test_metrics(draft, manifest, reported, settings.corpus_dir)
    move_into_place(draft, request.out)
    return manifest


def _check_checkpoint_request(request: CheckpointRequest) -> None:
    check_language(request.language)
    check_new_folder(request.out)
    require_checkpoint(request.folder, "--model")
    check_bits(request.bits, "--pack")


def _pack_checkpoint(settings: Settings, request: CheckpointRequest, draft: Path) -> ExpertParts:
    """Write the checkpoint to `draft` as the only part of an expert, packed."""
    part, tokenizer = f"{request.language}/packed", request.folder / TOKENIZER_FILE
    model = checkpoint.load_base(request.folder, dtype=torch.float32)
    product_base = checkpoint.locate_base(settings.base_model) if request.language == "en" else None
    base = write_packed(model, draft / part, request.bits, product_base, tokenizer)
    max_tokens = min(MAX_TOKENS, model.config.max_position_embeddings)
    return ExpertParts(base, [part], tokenizer, max_tokens=max_tokens)


def check_language(language: str) -> None:
    """Raises BadRequest for a language without experts."""
    if language not in REPORTED:
        raise BadRequest(f"--language {language!r} is unknown; choose one of {', '.join(REPORTED)}")


def with_test_metrics(folder: Path, manifest: Manifest, names: list[str], corpus_dir: str) -> Manifest:
    """Measure the version on the test rows of those corpora that are available, and write its manifest."""
    served, metrics = models.load(folder), {}
    for name in names:
        try:
            rows = catalogue.load_clean(name, "test", corpus_dir)
        except CorpusUnavailable as error:
            log.info("not measured: %s", error)
            continue
        log.info("measuring on %s test rows of %s", f"{len(rows):,}", name)
        metrics[f"{name} test"] = evaluate(served, rows)
    return manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))


def reported_corpora(language: str, trained: list[str], corpus_dir: str) -> list[str]:
    """The corpora to measure a new version on. Those on the Hub are included only if it was trained on them."""
    known = [name for name in REPORTED[language] if name in trained or corpus_dir or catalogue.find(name).installed]
    return known + [name for name in trained if name not in known and "test" in catalogue.find(name).splits]
