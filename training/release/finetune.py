"""From labelled corpora, or from a checkpoint, to a finished version folder."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Manifest
from product.inference.model import TOKENIZER_FILE
from product.settings.configuration import Settings
from training.compression.checkpoints import check_bits, require_checkpoint
from training.data import catalogue
from training.data.catalogue import GENERATED, REPORTED
from training.data.preparation import parse_request
from training.data.rows import BadRequest, CorpusUnavailable
from training.evaluation.metrics import evaluate
from training.modelling import distributed
from training.modelling.packaging import MAX_TOKENS, ExpertParts, build_expert, complete_version
from training.modelling.run_folder import delete_run_folder, write_json
from training.release import checkpoints
from training.release import plan as plans
from training.release.checkpoints import check_new_folder
from training.release.lineage import RESULT_FILE, corpus_origins, recorded_runs, run_record, version_lineage
from training.release.plan import Options, Plan

NO_OPTIONS = Options()


def finetune_version(
    settings: Settings,
    *,
    corpora: list[str],
    out: Path,
    method: str,
    base: str,
    version: str,
    overrides: dict,
    say: Callable,
    language: str = "en",
    options: Options = NO_OPTIONS,
) -> Manifest | None:
    """Train, export, calibrate and measure a version with one expert; with `checkpoint_only`, write weights and
    tokenizer. `out` is there once all of it is; a run that was killed goes on where it was.

    Under torchrun every process calls this and trains; the first one does all else, and returns the manifest.
    """
    started = time.monotonic()
    recipe = plans.recipe_for(method, overrides)
    check_language(language)
    distributed.join()

    def resolved() -> Plan:
        check_new_folder(out)
        return plans.make_plan(settings, corpora, recipe, options, base=base, language=language, out=out, say=say)

    plan = distributed.from_first(resolved)
    if distributed.is_first():
        say(f"training on {len(plan.rows):,} rows ({method}), watched by {len(plan.watched):,} validation rows")
    history = checkpoints.train_plan(plan)
    distributed.leave()
    if not distributed.is_first():
        return None
    manifest, draft = None, out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    run = run_record(plan, corpus_origins(corpora), time.monotonic() - started)
    if options.checkpoint_only:
        checkpoints.write_checkpoint(plan, draft)
    else:
        manifest = build_version(settings, plan, run, draft, version, language, base, say)
    told = draft / RESULT_FILE if options.checkpoint_only else out.with_name(f"{out.name}.json")
    write_json(told, run | {"history": history})
    checkpoints.move_into_place(draft, out)
    delete_run_folder(plan.work)
    return manifest


def build_version(
    settings: Settings,
    plan: Plan,
    run: dict,
    draft: Path,
    version: str,
    language: str,
    base_name: str,
    say: Callable,
) -> Manifest:
    """The version of what was trained, written to `draft`; its manifest tells this run and those before it."""
    base, parts = checkpoints.write_expert_parts(plan, language, draft)
    max_tokens = min(MAX_TOKENS, plan.positions)
    expert_parts = ExpertParts(base, parts, plan.tokenizer, base_name, max_tokens)
    expert = build_expert(draft, language, expert_parts, plan.validation)
    details = version_lineage([*run["before"], run])
    asked_for = [name for name, _ in map(parse_request, run["corpora"]) if not name.startswith(GENERATED)]
    names = reported_corpora(language, asked_for, settings.corpus_dir)
    manifest = complete_version(draft, version, {language: expert}, details)
    return with_test_metrics(draft, manifest, names, settings.corpus_dir, say)


def version_from_checkpoint(
    settings: Settings,
    folder: Path,
    *,
    language: str,
    bits: int,
    corpora: list[str],
    out: Path,
    version: str,
    say: Callable,
) -> Manifest:
    """A version of a checkpoint as it is: packed, exported, calibrated on all validation rows of the corpora, measured.

    Raises BadRequest, CorpusUnavailable.
    """
    check_language(language)
    check_new_folder(out)
    require_checkpoint(folder, "--model")
    check_bits(bits, "--pack")
    validation = [row for name in corpora for row in catalogue.load_clean(name, "validation", settings.corpus_dir)]
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    model = checkpoint.load_base(folder, dtype=torch.float32)
    own = checkpoint.locate_base(settings.base_model) if language == "en" else None
    tokenizer = folder / TOKENIZER_FILE
    base, parts = checkpoints.write_packed(model, own, tokenizer, bits, language, draft)
    max_tokens = min(MAX_TOKENS, model.config.max_position_embeddings)
    expert_parts = ExpertParts(base, parts, tokenizer, max_tokens=max_tokens)
    expert = build_expert(draft, language, expert_parts, validation)
    stages = recorded_runs([folder])
    manifest = complete_version(draft, version, {language: expert}, version_lineage(stages) if stages else {})
    names = reported_corpora(language, corpora, settings.corpus_dir)
    manifest = with_test_metrics(draft, manifest, names, settings.corpus_dir, say)
    checkpoints.move_into_place(draft, out)
    return manifest


def check_language(language: str) -> None:
    """Raises BadRequest for a language that no expert is for."""
    if language not in REPORTED:
        raise BadRequest(f"--language {language!r} is not known; known are {', '.join(REPORTED)}")


def with_test_metrics(folder: Path, manifest: Manifest, names: list[str], corpus_dir: str, say: Callable) -> Manifest:
    """The version with its measures on the test rows of these corpora, as far as they are to be had."""
    served, metrics = models.load(folder), {}
    for name in names:
        try:
            rows = catalogue.load_clean(name, "test", corpus_dir)
        except CorpusUnavailable as reason:
            say(f"not measured: {reason}")
            continue
        say(f"measuring on {len(rows):,} test rows of {name}")
        metrics[f"{name} test"] = evaluate(served, rows)
    return manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))


def reported_corpora(language: str, asked: list[str], corpus_dir: str) -> list[str]:
    """What a new version is measured on. The Hub is asked only for a corpus that it was trained on."""
    known = [name for name in REPORTED[language] if name in asked or corpus_dir or not catalogue.find(name).hub]
    return known + [name for name in asked if name not in known and "test" in catalogue.find(name).splits]
