"""The runs that led to a checkpoint or a version, as result files and manifests record them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from training.compression.distillation import Teacher
from training.data import catalogue
from training.data.preparation import parse_request
from training.modelling.folders import machine
from training.modelling.packaging import package_versions
from training.release.plan import Options, Plan

RESULT_FILE = "result.json"
"""The record of a run, beside the checkpoint that it wrote."""
STAGE_FIELDS = ("corpora", "recipe", "options", "rows", "seconds")
"""The fields of a run's record that the manifest stores."""


def run_record(plan: Plan, seconds: float) -> dict[str, Any]:
    """The record of a run, for its result file and its version's manifest.

    `before` lists the records of the runs that made the teachers and the starting checkpoint, the earliest first.
    """
    before = previous_runs(plan.options)
    return {
        "base": before[0]["base"] if before else base_name(plan),
        "corpora": corpus_origins(plan.request.corpora),
        "steps": [vars(step) for step in plan.steps],
        "recipe": asdict(plan.recipe),
        "options": {name: _option_text(value) for name, value in vars(plan.options).items() if value},
        "rows": len(plan.rows),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "before": before,
    }


def previous_runs(options: Options) -> list[dict[str, Any]]:
    """The runs that made the teachers and the starting checkpoint, the earliest first."""
    folders = [teacher.folder for teacher in options.teachers]
    return recorded_runs([*folders, options.start] if options.start else folders)


def recorded_runs(folders: list[Path]) -> list[dict[str, Any]]:
    """The runs that led to these checkpoints, without repetition. Checkpoints without a result file are skipped."""
    runs: list[dict[str, Any]] = []
    for folder in folders:
        if (folder / RESULT_FILE).is_file():
            result = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
            result.pop("history", None)
            # The result file of an average of checkpoints lists only the runs before it: averaging is not a run.
            runs += [run for run in [*result.pop("before", []), result] if run and run not in runs]
    return runs


def base_name(plan: Plan) -> str:
    """The name of the model that a run started from: its Hub id or `made_from` if known, else its folder's name."""
    folder = plan.base or plan.options.start
    assert folder is not None  # a plan without a base has a start
    weights = folder / "model.safetensors"
    if weights.is_file() and manifests.sha256(weights) == checkpoint.BASE_SHA256:
        return checkpoint.HUB_ID
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config.get("made_from") or folder.name


def version_lineage(stages: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields `data` and `training` of a manifest, from the records of its runs, the earliest first."""
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
            "stages": [{name: stage[name] for name in STAGE_FIELDS} for stage in stages],
        },
    }


def expert_runs(manifest: Manifest, language: str) -> list[dict[str, Any]]:
    """The records of the runs that led to one expert, restored from its manifest.

    The last run gets the preparation steps of all: the manifest does not say which step belongs to which run.
    """
    training, data = (part.get(language, part) for part in (manifest.training, manifest.data))
    if "stages" not in training:
        return []
    common = {"base": training["base"], "machine": training["machine"], "steps": []}
    stages = [common | stage for stage in training["stages"]]
    return [*stages[:-1], stages[-1] | {"steps": data["steps"]}]


def corpus_origins(requests: list[str]) -> dict[str, str]:
    """The origin of the rows of each requested corpus."""
    return {request: catalogue.find(parse_request(request)[0]).origin for request in requests}


def _option_text(value: Path | str | int | tuple[Teacher, ...]) -> str:
    """An option as text. Folders are named without their path, which means nothing on another machine."""
    if isinstance(value, tuple):
        names = [(teacher.corpus, teacher.folder.name) for teacher in value]
        return ", ".join(f"{corpus}={folder}" if corpus else folder for corpus, folder in names)
    return value.name if isinstance(value, Path) else str(value)
