"""What the commands call: a corpus to a finished version folder, and a name to a loaded model."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from product.inference.model import TOKENIZER_FILE, Model
from product.settings.configuration import Settings
from product.storage.database import Database
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions
from training.compression import distillation as compress
from training.data import catalogue
from training.data.catalogue import REPORTED, CorpusUnavailable
from training.data.cleaning import GENERATED, BadRequest, clean, parse_request
from training.evaluation.metrics import evaluate
from training.modelling import distributed
from training.modelling.packaging import MAX_TOKENS, build_expert, copy_expert, finish, package_versions
from training.modelling.trainer import discard, save, write_json
from training.release import model_card as card
from training.release import plan as plans
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
        check_new(out)
        return plans.make(settings, corpora, recipe, options, base=base, language=language, out=out, say=say)

    plan = distributed.from_first(resolved)
    if distributed.is_first():
        say(f"training on {len(plan.rows):,} rows ({method}), watched by {len(plan.watched):,} validation rows")
    history = plans.learn(plan)
    distributed.leave()
    if not distributed.is_first():
        return None
    manifest, draft = None, out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    run = plans.told(plan, origins(corpora), time.monotonic() - started)
    if options.checkpoint_only:
        plans.write_checkpoint(plan, draft)
    else:
        manifest = finished(settings, plan, run, draft, version, language, base, say)
    told = draft / plans.RESULT if options.checkpoint_only else out.with_name(f"{out.name}.json")
    write_json(told, run | {"history": history})
    put(draft, out)
    discard(plan.work)
    return manifest


def put(draft: Path, out: Path) -> None:
    """A finished folder in its place, which is new or empty: all of it or nothing."""
    if out.exists():
        out.rmdir()
    draft.rename(out)


def finished(
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
    base, parts = plans.write_parts(plan, language, draft)
    expert = build_expert(
        draft,
        language,
        base=base,
        base_name=base_name,
        parts=parts,
        tokenizer=plan.tokenizer,
        validation=plan.validation,
        max_tokens=min(MAX_TOKENS, plan.positions),
        say=say,
    )
    details = lineage([*run["before"], run])
    asked_for = [name for name, _ in map(parse_request, run["corpora"]) if not name.startswith(GENERATED)]
    names = reported(language, asked_for, settings.corpus_dir)
    return measured(draft, finish(draft, version, {language: expert}, details), names, say)


def lineage(stages: list[dict]) -> dict:
    """What a manifest keeps of the runs that led to a version, the earliest first."""
    return {
        "data": {
            "corpora": {request: origin for stage in stages for request, origin in stage["corpora"].items()},
            "steps": [step for stage in stages for step in stage["steps"]],
        },
        "training": {
            "base": stages[0]["base"],
            "machine": stages[-1]["machine"],
            "seconds": sum(stage["seconds"] for stage in stages),
            "packages": package_versions(),
            "stages": [{name: stage[name] for name in plans.STAGE} for stage in stages],
        },
    }


def runs_of(manifest: Manifest, language: str) -> list[dict]:
    """The runs that led to a version's expert, as `lineage` kept them: what rows went through stays with the last."""
    training, data = (kept.get(language, kept) for kept in (manifest.training, manifest.data))
    if "stages" not in training:
        return []
    common = {"base": training["base"], "machine": training["machine"], "steps": []}
    stages = [common | stage for stage in training["stages"]]
    return [*stages[:-1], stages[-1] | {"steps": data["steps"]}]


def unpack(settings: Settings, folder: Path, language: str, out: Path) -> Manifest:
    """The expert of a version as a checkpoint in `out`, with the runs behind it: to go on from, or to learn from.

    Raises BadRequest, BadVersion, BadBase.
    """
    check_new(out)
    manifest = manifests.read(folder)
    if language not in manifest.experts:
        raise BadRequest(f"--language {language}: {manifest.id} has {', '.join(manifest.experts)}")
    expert = manifest.experts[language]
    save(checkpoint.load_expert(folder, manifest, language, settings.base_model), out)
    own = folder / expert.tokenizer
    shutil.copy(own if own.is_file() else checkpoint.locate_base(settings.base_model) / TOKENIZER_FILE, out)
    write_json(out / plans.RESULT, {"before": runs_of(manifest, language)})
    return manifest


def version_of(
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
    check_new(out)
    compress.checked_folder(folder, "--model")
    compress.check_bits(bits, "--pack")
    validation = [row for name in corpora for row in clean(catalogue.load(name, "validation"))[0]]
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    model = checkpoint.load_base(folder, dtype=torch.float32)
    own = checkpoint.locate_base(settings.base_model) if language == "en" else None
    tokenizer = folder / TOKENIZER_FILE
    base, parts = plans.write_packed(model, own, tokenizer, bits, language, draft)
    expert = build_expert(
        draft,
        language,
        base=base,
        parts=parts,
        tokenizer=tokenizer,
        validation=validation,
        max_tokens=min(MAX_TOKENS, model.config.max_position_embeddings),
        say=say,
    )
    stages = plans.runs_behind([folder])
    manifest = finish(draft, version, {language: expert}, lineage(stages) if stages else {})
    manifest = measured(draft, manifest, reported(language, corpora, settings.corpus_dir), say)
    put(draft, out)
    return manifest


def check_language(language: str) -> None:
    """Raises BadRequest for a language that no expert is for."""
    if language not in REPORTED:
        raise BadRequest(f"--language {language!r} is not known; known are {', '.join(REPORTED)}")


def check_new(out: Path) -> None:
    """Raises BadRequest where a version would be written over something."""
    if out.exists() and any(out.iterdir()):
        raise BadRequest(f"--out {out}: there is something in it already; name a new or empty folder")


def origins(requests: list[str]) -> dict[str, str]:
    """Where the rows of each request come from, as a manifest tells it."""
    return {request: catalogue.find(parse_request(request)[0]).origin for request in requests}


def measured(folder: Path, manifest: Manifest, names: list[str], say: Callable) -> Manifest:
    """The version with its measures on the test rows of these corpora, as far as they are to be had."""
    served, metrics = models.load(folder), {}
    for name in names:
        try:
            rows = clean(catalogue.load(name, "test"))[0]
        except CorpusUnavailable as reason:
            say(f"not measured: {reason}")
            continue
        say(f"measuring on {len(rows):,} test rows of {name}")
        metrics[f"{name} test"] = evaluate(served, rows)
    return manifests.write(folder, manifest.model_copy(update={"metrics": metrics}))


def reported(language: str, asked: list[str], corpus_dir: str) -> list[str]:
    """What a new version is measured on. The Hub is asked only for a corpus that it was trained on."""
    known = [name for name in REPORTED[language] if name in asked or corpus_dir or not catalogue.find(name).hub]
    return known + [name for name in asked if name not in known and "test" in catalogue.find(name).splits]


def combine(sources: dict[str, Path], out: Path, version: str, say: Callable) -> Manifest:
    """One version of the experts that finished versions have for the languages; their measures are put together.

    Raises BadRequest, BadVersion.
    """
    check_new(out)
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
    manifest = finish(out, version, experts, details)
    models.load(out)
    return manifest


def find_model(settings: Settings, name: str, backend: str = "onnx-int8") -> Model:
    """The version in a folder, the version of that id, or the active one; raises BadVersion naming what is wrong."""
    return models.load(find_folder(settings, name), backend, settings.base_model)


def find_folder(settings: Settings, name: str) -> Path:
    """Where the version of that id lies, or the active one; a folder's name stands for itself."""
    if name and Path(name).is_dir():
        return Path(name)
    database = Database(settings.database)
    database.migrate()
    try:
        versions = Versions(settings, database)
        ensure_shipped(settings, versions)
        return versions.store.folder(name or versions.active())
    finally:
        database.close()


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
